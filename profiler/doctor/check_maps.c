// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What draining needs of the kernel's maps, tried on maps of a few entries. */
#include "base/clock.h"
#include "profiler/collect/drain.h"
#include "profiler/doctor/check.h"
#include "profiler/doctor/host.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#define TRIAL_ENTRIES 4
#define TRIAL_COUNT 3

#define BARRIER_TRIES 3
/*
 * An update that waits for no reader returns in about one microsecond; the shortest RCU grace period
 * with several CPUs, an expedited one, needs a message to each of them and the answers.
 */
#define BARRIER_MIN_NS 5000

struct lacks { /* what this kernel's maps cannot do, so that a fallback does it */
	bool batch, take;
};

/* The counts of one key, as each possible CPU has them: all on the first one. */
static int put_key(int counts_fd, uint32_t possible_cpus, int32_t kernel_stack)
{
	_cleanup_free_ uint64_t *values = calloc(possible_cpus, sizeof(*values));
	struct smolder_key key = {.kernel_stack = kernel_stack};

	if (!values)
		return -ENOMEM;
	values[0] = TRIAL_COUNT;
	return bpf_map_update_elem(counts_fd, &key, values, BPF_ANY);
}

/* Two samples, one of a stack that is not there, so that looking it up and deleting it is tried too. */
static int drain_two(struct drain *drain, int counts_fd, int stacks_fd)
{
	struct drain_maps maps = {.counts_fd = counts_fd, .stacks_fd = stacks_fd, .defined_fd = -1};
	_cleanup_(window_free) struct window window = {0};
	int r = put_key(counts_fd, drain->possible_cpus, SMOLDER_NO_STACK);

	if (r == 0)
		r = put_key(counts_fd, drain->possible_cpus, 0);
	if (r == 0)
		r = drain_epoch(drain, &maps, &window, NULL);
	if (r < 0)
		return r;
	if (window.samples.len != 1 || window.samples.items[0].count != TRIAL_COUNT ||
	    window.stack_missing != TRIAL_COUNT)
		return -EPROTO;
	return 0;
}

/* Drains maps by the very code a recording uses, and asks it what it found the kernel to lack. */
static int try_drain(struct lacks *ret_lacks)
{
	uint32_t depth = sampler_stack_depth();
	_cleanup_close_ int counts_fd = -1, stacks_fd = -1;
	_cleanup_(drain_free) struct drain drain = {0};
	int r;

	counts_fd =
		bpf_map_create(BPF_MAP_TYPE_PERCPU_HASH, "doctor_counts",
			       sizeof(struct smolder_key), sizeof(uint64_t), TRIAL_ENTRIES, NULL);
	if (counts_fd < 0)
		return counts_fd;
	stacks_fd = bpf_map_create(BPF_MAP_TYPE_STACK_TRACE, "doctor_stacks", sizeof(uint32_t),
				   depth * (uint32_t)sizeof(uint64_t), TRIAL_ENTRIES, NULL);
	if (stacks_fd < 0)
		return stacks_fd;
	r = drain_init(&drain, depth, TRIAL_ENTRIES);
	if (r < 0)
		return r;
	r = drain_two(&drain, counts_fd, stacks_fd);
	if (r == 0)
		*ret_lacks = (struct lacks){.batch = drain.no_batch, .take = drain.no_take};
	return r;
}

static void check_counts(struct host *host, struct check_result *result)
{
	struct lacks lacks;
	int r = try_drain(&lacks);

	(void)host;
	if (r < 0)
		check_failed(result, r, "cannot fill and drain a count map");
	else if (lacks.batch)
		check_fallback(result, "one key at a time",
			       "this kernel has no lookup-and-delete in batches");
	else
		check_works(result, "looked up and deleted in batches");
}

static void check_stacks(struct host *host, struct check_result *result)
{
	struct lacks lacks;
	int r = try_drain(&lacks);

	(void)host;
	if (r < 0)
		check_failed(result, r, "cannot fill and drain a stack map");
	else if (lacks.take)
		check_fallback(result, "lookup, then delete",
			       "this kernel has no lookup-and-delete for stacks");
	else
		check_works(result, "stacks are looked up and deleted in one call");
}

/* Puts a new inner map into the outer one, which waits for all who may still use the old one. */
static int time_update(int outer_fd, uint64_t *ret_ns)
{
	_cleanup_close_ int inner_fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "doctor_inner", 4, 4, 1, NULL);
	uint32_t zero = 0;
	uint64_t begin_ns;
	int r;

	if (inner_fd < 0)
		return inner_fd;
	begin_ns = clock_ns(CLOCK_MONOTONIC);
	r = bpf_map_update_elem(outer_fd, &zero, &inner_fd, BPF_ANY);
	if (r == 0)
		*ret_ns = clock_ns(CLOCK_MONOTONIC) - begin_ns;
	return r;
}

static int create_outer(void)
{
	_cleanup_close_ int inner_fd =
		bpf_map_create(BPF_MAP_TYPE_ARRAY, "doctor_inner", 4, 4, 1, NULL);
	LIBBPF_OPTS(bpf_map_create_opts, options, .inner_map_fd = (uint32_t)inner_fd);

	if (inner_fd < 0)
		return inner_fd;
	return bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "doctor_outer", 4, 4, 1, &options);
}

static void check_barrier(struct host *host, struct check_result *result)
{
	_cleanup_close_ int outer_fd = create_outer();
	uint64_t shortest_ns = UINT64_MAX, ns = 0;
	int r = MIN(outer_fd, 0);

	for (int i = 0; i < BARRIER_TRIES && r == 0; i++) {
		r = time_update(outer_fd, &ns);
		shortest_ns = MIN(shortest_ns, ns);
	}
	if (r < 0)
		check_failed(result, r, "cannot update a map of maps");
	else if (shortest_ns < BARRIER_MIN_NS && host->online.ids.len > 1)
		check_missing(result,
			      "an update of a map of maps returned in %llu ns: it waits for nobody",
			      (unsigned long long)shortest_ns);
	else
		check_works(result, "an update of a map of maps waits for all readers: %.2f ms",
			    (double)shortest_ns / NS_PER_MS);
}

static void check_ring(struct host *host, struct check_result *result)
{
	_cleanup_close_ int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "doctor_ring", 0, 0,
						(uint32_t)sysconf(_SC_PAGESIZE), NULL);
	struct ring_buffer *ring;

	(void)host;
	if (fd < 0) {
		check_failed(result, fd, "cannot make a ring buffer");
		return;
	}
	ring = ring_buffer__new(fd, NULL, NULL, NULL);
	if (!ring) {
		check_failed(result, -errno, "cannot map a ring buffer");
		return;
	}
	ring_buffer__free(ring);
	check_works(result, "made and mapped");
}

const struct check map_checks[] = {
	{"stack map", check_stacks, true},
	{"count map", check_counts, true},
	{"window barrier", check_barrier, true},
	{"ring buffer", check_ring, true},
	{0},
};
