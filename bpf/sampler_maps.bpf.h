/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sampler's maps and counters. max_entries of maps marked "sized" are set by the loader. */
#ifndef SMOLDER_BPF_SAMPLER_MAPS_BPF_H
#define SMOLDER_BPF_SAMPLER_MAPS_BPF_H

#define STACK_MAP(map_name)                                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE);                                            \
		__uint(max_entries, 1024); /* sized */                                             \
		__type(key, __u32);                                                                \
		__uint(value_size, SMOLDER_STACK_DEPTH * sizeof(__u64));                           \
	} map_name SEC(".maps")

#define COUNT_MAP(map_name)                                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_HASH);                                            \
		__uint(max_entries, 1024); /* sized */                                             \
		__type(key, struct smolder_key);                                                   \
		__type(value, __u64);                                                              \
	} map_name SEC(".maps")

STACK_MAP(stacks_0);
STACK_MAP(stacks_1);
COUNT_MAP(counts_0);
COUNT_MAP(counts_1);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2); /* one an epoch */
	__type(key, __u32);
	__type(value, struct smolder_stats);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* sized */
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18); /* sized */
} events SEC(".maps");

/* Thread groups to profile, when config.filter_targets. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SMOLDER_TARGETS_MAX);
	__type(key, __u32); /* tgid */
	__type(value, struct smolder_target);
} targets SEC(".maps");

/* Copies of stack memory, for user space to walk. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* sized */
} copies SEC(".maps");

/* Walked stacks that are already defined in this epoch. */
#define DEFINED_MAP(map_name)                                                                      \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_HASH);                                                   \
		__uint(max_entries, 1024); /* sized */                                             \
		__type(key, struct smolder_stack_name);                                            \
		__type(value, __u8);                                                               \
	} map_name SEC(".maps")

DEFINED_MAP(defined_0);
DEFINED_MAP(defined_1);

/*
 * Read by no program. User space updates its one slot: the kernel then waits until every running
 * program has ended (maybe_wait_bpf_programs(), v4.18, 1ae80cf31938), which proves quiescence.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(
		values, struct {
			__uint(type, BPF_MAP_TYPE_ARRAY);
			__uint(max_entries, 1);
			__type(key, __u32);
			__type(value, __u32);
		});
} barrier SEC(".maps");

static __always_inline void count_many(__u32 epoch, enum smolder_stat stat, __u64 amount)
{
	struct smolder_stats *all = bpf_map_lookup_elem(&stats, &epoch);

	if (all)
		all->counts[stat] += amount;
}

static __always_inline void count(__u32 epoch, enum smolder_stat stat)
{
	count_many(epoch, stat, 1);
}

#endif
