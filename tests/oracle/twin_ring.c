// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/twin_ring.h"

#include "base/clock.h"

#include <asm/perf_regs.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define RING_LEN (UINT64_C(64) << 20)
#define RECORD_MAX 65536u /* perf_event_header.size has 16 bits */
#define STACK_COPY 65528u /* the largest multiple of 8 that PERF_SAMPLE_STACK_USER takes */

#define REGISTER_BITS(first, last) ((UINT64_C(2) << (last)) - (UINT64_C(1) << (first)))
#define REGISTERS                                                                                  \
	(REGISTER_BITS(PERF_REG_X86_AX, PERF_REG_X86_IP) |                                         \
	 REGISTER_BITS(PERF_REG_X86_R8, PERF_REG_X86_R15))

/* How the record has them: by perf's numbers, which order rax rbx rcx rdx … */
static const unsigned char dwarf_of_perf[UNWIND_REGISTER_CNT] = {0, 3, 2,  1,  4,  5,  6,  7, 16,
								 8, 9, 10, 11, 12, 13, 14, 15};

static int open_event(const struct twin_ring_options *options, uint32_t cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.sample_period = NS_PER_SEC / options->frequency_hz,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME | PERF_SAMPLE_REGS_USER |
			       PERF_SAMPLE_STACK_USER,
		.sample_regs_user = REGISTERS,
		.sample_stack_user = STACK_COPY,
		.disabled = 1,
		.enable_on_exec = 1,
		.inherit = 1,
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
		.exclude_idle = 1,
	};
	long fd = syscall(SYS_perf_event_open, &attr, options->pid, (int)cpu, -1,
			  PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

int twin_ring_open(const struct twin_ring_options *options, uint32_t cpu,
		   struct twin_ring *ret_ring, struct err *err)
{
	_cleanup_close_ int fd = open_event(options, cpu);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	void *memory;

	if (fd == -ENODEV)
		return fd;
	if (fd < 0)
		return err_errno(err, fd, "cannot open the event on CPU %u", cpu);
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, options->prog_fd) < 0)
		return err_errno(err, -errno, "cannot attach the walker on CPU %u", cpu);
	memory = mmap(NULL, page + RING_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return err_errno(err, -errno, "cannot map the ring of CPU %u", cpu);
	*ret_ring = (struct twin_ring){
		.fd = TAKE_FD(fd),
		.cpu = cpu,
		.control = memory,
		.data = (const unsigned char *)memory + page,
		.bounce = malloc(RECORD_MAX),
	};
	return ret_ring->bounce ? 0 : err_errno(err, -ENOMEM, "cannot read the rings");
}

void twin_ring_close(struct twin_ring *ring)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	if (ring->control)
		munmap(ring->control, page + RING_LEN);
	if (ring->fd > 0)
		close(ring->fd);
	free(ring->bounce);
	*ring = (struct twin_ring){.fd = -1};
}

void twin_ring_freeze(struct twin_ring *ring)
{
	ring->tail = ring->control->data_tail;
	ring->head = __atomic_load_n(&ring->control->data_head, __ATOMIC_ACQUIRE);
}

/* The record at the tail, in one piece; the one before is given back. */
static const unsigned char *take_record(struct twin_ring *ring, uint16_t *ret_len)
{
	uint64_t at = ring->tail & (RING_LEN - 1), first;
	struct perf_event_header header;

	__atomic_store_n(&ring->control->data_tail, ring->tail, __ATOMIC_RELEASE);
	if (ring->head - ring->tail < sizeof(header))
		return NULL;
	memcpy(&header, ring->data + at, sizeof(header)); /* records are aligned to their heads */
	first = MIN((uint64_t)header.size, RING_LEN - at);
	*ret_len = header.size;
	ring->tail += header.size;
	if (first == header.size)
		return ring->data + at;
	memcpy(ring->bounce, ring->data + at, first);
	memcpy(ring->bounce + first, ring->data, header.size - first);
	return ring->bounce;
}

/* The place of a record of the sample type asked for. False: it has no user registers. */
static bool parse_sample(const unsigned char *at, struct twin_record *ret_record)
{
	const struct {
		uint32_t tgid, tid;
		uint64_t time_ns, abi;
		uint64_t registers[UNWIND_REGISTER_CNT];
		uint64_t stack_len;
	} *sample = (const void *)(at + sizeof(struct perf_event_header));
	uint64_t len;

	if (sample->abi != PERF_SAMPLE_REGS_ABI_64)
		return false;
	ret_record->time_ns = sample->time_ns;
	ret_record->tid = sample->tid;
	for (int i = 0; i < UNWIND_REGISTER_CNT; i++)
		ret_record->registers[dwarf_of_perf[i]] = sample->registers[i];
	ret_record->stack = (const unsigned char *)(sample + 1);
	ret_record->stack_len = 0;
	if (!sample->stack_len)
		return true;
	/* How much of it could be read stands behind it. */
	memcpy(&len, ret_record->stack + sample->stack_len, sizeof(len));
	ret_record->stack_len = len;
	return true;
}

bool twin_ring_next(struct twin_ring *ring, struct twin_record *ret_record)
{
	const unsigned char *at;
	uint16_t len;

	while ((at = take_record(ring, &len))) {
		const struct perf_event_header *header = (const void *)at;

		if (header->type == PERF_RECORD_LOST)
			ring->lost += ((const uint64_t *)(header + 1))[1];
		else if (header->type == PERF_RECORD_SAMPLE && parse_sample(at, ret_record))
			return true;
	}
	return false;
}
