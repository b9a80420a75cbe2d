// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/sideband.h"

#include "base/fs.h"
#include "base/parse.h"
#include "base/vec.h"
#include "profiler/process/sideband_ring.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>

/* A fork and exec with three libraries writes about 1.2 KiB; a ring must last 100 ms of a storm. */
#define RING_LEN_MAX ((uint64_t)512 << 10)
#define RING_LEN_WANTED ((uint64_t)128 << 10)
#define RING_LEN_MIN ((uint64_t)16 << 10)
#define CPUS_MAX 8192u /* CONFIG_NR_CPUS of the largest distribution kernels */

struct cpu_ring {
	unsigned int cpu;
	bool leaving; /* its CPU went offline, and the event with it for good */
	int fd;
	void *map;
	size_t map_len;
	struct sideband_ring ring;
};

struct sideband {
	VEC(struct cpu_ring *) cpus;
	struct cpu_ring *peeked;
	uint64_t ring_len;
	int poll_fd;
	bool build_ids;
	struct sideband_counters gone; /* of rings closed already */
};

static struct cpu_ring *cpu_ring_free(struct cpu_ring *cpu_ring)
{
	if (!cpu_ring)
		return NULL;
	sideband_ring_free(&cpu_ring->ring);
	if (cpu_ring->map)
		munmap(cpu_ring->map, cpu_ring->map_len);
	if (cpu_ring->fd >= 0)
		close(cpu_ring->fd);
	free(cpu_ring);
	return NULL;
}

static void cpu_ring_cleanup(struct cpu_ring **cpu_ring)
{
	cpu_ring_free(*cpu_ring);
}

static int open_event(const struct sideband *sideband, unsigned int cpu)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_DUMMY,
		.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME,
		.sample_id_all = 1,
		.read_format = PERF_FORMAT_TOTAL_TIME_ENABLED,
		.exclude_kernel = 1,
		.mmap = 1,
		.mmap2 = 1,
		.comm = 1,
		.comm_exec = 1,
		.task = 1,
		.ksymbol = 1,
		.build_id = sideband->build_ids,
		.watermark = 1,
		.wakeup_watermark = (uint32_t)(sideband->ring_len / 4),
		.use_clockid = 1,
		.clockid = CLOCK_BOOTTIME,
	};
	long fd = syscall(SYS_perf_event_open, &attr, -1, (int)cpu, -1, PERF_FLAG_FD_CLOEXEC);

	return fd < 0 ? -errno : (int)fd;
}

/* attr.build_id is refused with -EINVAL by kernels before 5.12. */
static int open_best_event(struct sideband *sideband, unsigned int cpu)
{
	int fd = open_event(sideband, cpu);

	if (fd != -EINVAL || !sideband->build_ids)
		return fd;
	sideband->build_ids = false;
	return open_event(sideband, cpu);
}

/* The control page, then the ring. Without CAP_IPC_LOCK kernel.perf_event_mlock_kb limits it. */
static int map_ring(struct sideband *sideband, struct cpu_ring *cpu_ring)
{
	size_t page_len = (size_t)sysconf(_SC_PAGESIZE);

	for (;;) {
		size_t map_len = page_len + sideband->ring_len;
		void *map =
			mmap(NULL, map_len, PROT_READ | PROT_WRITE, MAP_SHARED, cpu_ring->fd, 0);

		if (map != MAP_FAILED) {
			cpu_ring->map = map;
			cpu_ring->map_len = map_len;
			return sideband_ring_init(&cpu_ring->ring, map, (char *)map + page_len,
						  sideband->ring_len);
		}
		if ((errno != EPERM && errno != ENOMEM) || sideband->ring_len <= RING_LEN_MIN)
			return -errno;
		sideband->ring_len /= 2;
	}
}

static struct cpu_ring *cpu_ring_new(unsigned int cpu)
{
	struct cpu_ring *cpu_ring = calloc(1, sizeof(*cpu_ring));

	if (!cpu_ring)
		return NULL;
	cpu_ring->cpu = cpu;
	cpu_ring->fd = -1;
	return cpu_ring;
}

static int poll_cpu(const struct sideband *sideband, const struct cpu_ring *cpu_ring)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = cpu_ring->cpu};

	return epoll_ctl(sideband->poll_fd, EPOLL_CTL_ADD, cpu_ring->fd, &event) < 0 ? -errno : 0;
}

int sideband_add_ring(struct sideband *sideband, struct perf_event_mmap_page *control,
		      const void *data, uint64_t data_len)
{
	_cleanup_(cpu_ring_cleanup) struct cpu_ring *cpu_ring = cpu_ring_new(CPUS_MAX);
	int r;

	if (!cpu_ring)
		return -ENOMEM;
	r = sideband_ring_init(&cpu_ring->ring, control, data, data_len);
	if (r == 0)
		r = vec_push(&sideband->cpus, cpu_ring);
	if (r == 0)
		TAKE_PTR(cpu_ring);
	return r;
}

static uint64_t time_enabled_ns(const struct cpu_ring *cpu_ring)
{
	struct {
		uint64_t value, time_enabled;
	} counts;

	if (read(cpu_ring->fd, &counts, sizeof(counts)) != sizeof(counts))
		return 0;
	return counts.time_enabled;
}

/* An event whose CPU went offline is off for good, should the CPU come back: its time stands still. */
static bool is_running(const struct cpu_ring *cpu_ring)
{
	uint64_t before_ns = time_enabled_ns(cpu_ring);

	return time_enabled_ns(cpu_ring) > before_ns;
}

/* Is the CPU followed already? The ring of an event that is off is left to be read empty. */
static bool keep_running(struct sideband *sideband, unsigned int cpu)
{
	vec_for_each(&sideband->cpus, cpu_ring) {
		if ((*cpu_ring)->cpu != cpu)
			continue;
		(*cpu_ring)->leaving = !is_running(*cpu_ring);
		if (!(*cpu_ring)->leaving)
			return true;
	}
	return false;
}

static int open_cpu(struct sideband *sideband, unsigned int cpu, struct err *err)
{
	_cleanup_(cpu_ring_cleanup) struct cpu_ring *cpu_ring = cpu_ring_new(cpu);
	int r;

	if (!cpu_ring)
		return err_errno(err, -ENOMEM, "cannot follow processes on CPU %u", cpu);
	cpu_ring->fd = open_best_event(sideband, cpu);
	if (cpu_ring->fd < 0)
		return err_errno(err, cpu_ring->fd,
				 "cannot open the process event on CPU %u "
				 "(needs root, CAP_PERFMON or kernel.perf_event_paranoid <= 0)",
				 cpu);
	r = map_ring(sideband, cpu_ring);
	if (r < 0)
		return err_errno(err, r, "cannot map the process event's ring of CPU %u", cpu);
	r = poll_cpu(sideband, cpu_ring);
	if (r == 0)
		r = vec_push(&sideband->cpus, cpu_ring);
	if (r < 0)
		return err_errno(err, r, "cannot follow processes on CPU %u", cpu);
	TAKE_PTR(cpu_ring);
	return 0;
}

int sideband_add_cpu(struct sideband *sideband, unsigned int cpu, struct err *err)
{
	int r;

	if (keep_running(sideband, cpu))
		return 0;
	r = open_cpu(sideband, cpu, err);
	return r < 0 ? r : 1;
}

/* Its ring stays until it has been read: sweep() frees it. */
void sideband_remove_cpu(struct sideband *sideband, unsigned int cpu)
{
	vec_for_each(&sideband->cpus, cpu_ring)
		if ((*cpu_ring)->cpu == cpu)
			(*cpu_ring)->leaving = true;
}

static void sweep(struct sideband *sideband)
{
	size_t kept = 0;

	vec_for_each(&sideband->cpus, cpu_ring) {
		struct sideband_ring *ring = &(*cpu_ring)->ring;

		if (!(*cpu_ring)->leaving || sideband_ring_peek(ring)) {
			sideband->cpus.items[kept++] = *cpu_ring;
			continue;
		}
		sideband->gone.corrupt += ring->corrupt;
		cpu_ring_free(*cpu_ring);
	}
	sideband->cpus.len = kept;
}

/* "0-3,8,10-11", as /sys/devices/system/cpu/online has it. */
static int add_cpus(struct sideband *sideband, const char *list, struct err *err)
{
	while (*list) {
		size_t item_len = strcspn(list, ",");
		size_t first_len = strspn(list, "0123456789");
		uint64_t first, last;
		int r = parse_u64_len(list, first_len, 10, &first);

		last = first;
		if (r == 0 && first_len < item_len)
			r = parse_u64_len(list + first_len + 1, item_len - first_len - 1, 10,
					  &last);
		if (r < 0 || last >= CPUS_MAX)
			return err_set(err, -EINVAL, "cannot read the list of CPUs '%s'", list);
		for (uint64_t cpu = first; cpu <= last; cpu++) {
			r = sideband_add_cpu(sideband, (unsigned int)cpu, err);
			if (r < 0 && r != -ENODEV) /* gone offline since */
				return r;
		}
		list += item_len + (list[item_len] == ',');
	}
	return 0;
}

static uint64_t fair_ring_len(uint64_t budget_len)
{
	uint64_t cpus = (uint64_t)MAX(sysconf(_SC_NPROCESSORS_ONLN), 1);
	uint64_t len = RING_LEN_MAX;

	while (len > RING_LEN_WANTED && len * cpus > budget_len)
		len /= 2;
	return len;
}

static void sideband_cleanup(struct sideband **sideband)
{
	sideband_free(*sideband);
}

int sideband_new_empty(struct sideband **ret_sideband)
{
	_cleanup_(sideband_cleanup) struct sideband *sideband = calloc(1, sizeof(*sideband));

	if (!sideband)
		return -ENOMEM;
	sideband->poll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (sideband->poll_fd < 0)
		return -errno;
	*ret_sideband = TAKE_PTR(sideband);
	return 0;
}

int sideband_new(uint64_t budget_len, struct sideband **ret_sideband, struct err *err)
{
	_cleanup_(sideband_cleanup) struct sideband *sideband = NULL;
	char online[4096];
	int r = sideband_new_empty(&sideband);

	if (r < 0)
		return err_errno(err, r, "cannot follow processes");
	sideband->build_ids = true;
	sideband->ring_len = fair_ring_len(budget_len);
	r = fs_read_line("/sys/devices/system/cpu/online", online, sizeof(online));
	if (r < 0)
		return err_errno(err, r, "cannot read '/sys/devices/system/cpu/online'");
	r = add_cpus(sideband, online, err);
	if (r < 0)
		return r;
	*ret_sideband = TAKE_PTR(sideband);
	return 0;
}

struct sideband *sideband_free(struct sideband *sideband)
{
	if (!sideband)
		return NULL;
	vec_for_each(&sideband->cpus, cpu_ring)
		cpu_ring_free(*cpu_ring);
	vec_free(&sideband->cpus);
	if (sideband->poll_fd >= 0)
		close(sideband->poll_fd);
	free(sideband);
	return NULL;
}

int sideband_poll_fd(const struct sideband *sideband)
{
	return sideband->poll_fd;
}

const struct sideband_record *sideband_peek(struct sideband *sideband, uint64_t until_ns)
{
	const struct sideband_record *oldest = NULL;

	vec_for_each(&sideband->cpus, cpu_ring) {
		const struct sideband_record *record = sideband_ring_peek(&(*cpu_ring)->ring);

		if (!record || record->time_ns > until_ns)
			continue;
		if (oldest && oldest->time_ns <= record->time_ns)
			continue;
		oldest = record;
		sideband->peeked = *cpu_ring;
	}
	if (!oldest)
		sweep(sideband);
	return oldest;
}

void sideband_take(struct sideband *sideband)
{
	struct sideband_ring *ring = &sideband->peeked->ring;

	sideband->gone.records++;
	if (ring->record.type == SIDEBAND_LOST)
		sideband->gone.lost += ring->record.lost;
	sideband_ring_take(ring);
}

bool sideband_has_exec(struct sideband *sideband, uint32_t tgid)
{
	vec_for_each(&sideband->cpus, cpu_ring)
		if (sideband_ring_has_exec(&(*cpu_ring)->ring, tgid))
			return true;
	return false;
}

void sideband_counters(const struct sideband *sideband, struct sideband_counters *ret_counters)
{
	struct sideband_counters counters = sideband->gone;

	counters.cpus = (uint32_t)sideband->cpus.len;
	counters.build_ids = sideband->build_ids;
	vec_for_each(&sideband->cpus, cpu_ring) {
		counters.ring_bytes += (*cpu_ring)->map_len;
		counters.corrupt += (*cpu_ring)->ring.corrupt;
	}
	*ret_counters = counters;
}
