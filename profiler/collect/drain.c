// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/drain.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

/* include/linux/errno.h: what an operation a map type lacks answers; not known to user space */
#define KERNEL_ENOTSUPP 524

#define BATCH_LEN_FIRST 1024u
#define BATCH_LEN_MAX (1u << 20)

static int alloc_batch(struct drain *drain, uint32_t len)
{
	void *keys = reallocarray(drain->keys, len, sizeof(struct smolder_key));
	void *values;

	if (!keys)
		return -ENOMEM;
	drain->keys = keys;
	values = reallocarray(drain->values, len, sizeof(uint64_t) * drain->possible_cpus);
	if (!values)
		return -ENOMEM;
	drain->values = values;
	drain->batch_len = len;
	return 0;
}

int drain_init(struct drain *drain, uint32_t stack_depth, uint32_t stack_buckets)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus < 0)
		return cpus;
	*drain = (struct drain){
		.possible_cpus = (uint32_t)cpus,
		.stack_depth = stack_depth,
		.stack_buckets = stack_buckets,
		.stack_refs = calloc(stack_buckets, sizeof(uint32_t)),
	};
	return drain->stack_refs ? alloc_batch(drain, BATCH_LEN_FIRST) : -ENOMEM;
}

void drain_free(struct drain *drain)
{
	free(drain->keys);
	free(drain->values);
	free(drain->stack_refs);
	vec_free(&drain->refs);
	*drain = (struct drain){0};
}

/* Reads a stack and frees its bucket. */
static int take_stack(struct drain *drain, uint32_t id, uint64_t *addresses)
{
	int fd = drain->maps->stacks_fd, r;

	if (!drain->no_take) {
		r = bpf_map_lookup_and_delete_elem(fd, &id, addresses);
		if (r != -EOPNOTSUPP && r != -EINVAL && r != -KERNEL_ENOTSUPP)
			return r;
		drain->no_take = true;
	}
	r = bpf_map_lookup_elem(fd, &id, addresses);
	return r < 0 ? r : bpf_map_delete_elem(fd, &id);
}

/* The kernel fills what is behind the last address with zeros. */
static uint32_t stack_len(const struct drain *drain, const uint64_t *addresses)
{
	uint32_t len = 0;

	while (len < drain->stack_depth && addresses[len])
		len++;
	return len;
}

static int load_stack(struct drain *drain, uint32_t id)
{
	uint64_t addresses[SMOLDER_STACK_DEPTH];
	struct drain_ref ref = {.id = id};
	int r = take_stack(drain, id, addresses);

	if (r < 0)
		return r;
	ref.len = stack_len(drain, addresses);
	r = window_add_addresses(drain->window, addresses, ref.len, &ref.off);
	if (r == 0)
		r = vec_push(&drain->refs, ref);
	if (r == 0)
		drain->stack_refs[id] = (uint32_t)drain->refs.len;
	return r;
}

/* Each stack is read once a window, however many samples share it. */
static int find_stack(struct drain *drain, int32_t id, struct drain_ref *ret_ref)
{
	int r;

	*ret_ref = (struct drain_ref){0};
	if (id < 0)
		return 0;
	if ((uint32_t)id >= drain->stack_buckets)
		return -ENOENT;
	if (!drain->stack_refs[id]) {
		r = load_stack(drain, (uint32_t)id);
		if (r < 0)
			return r;
	}
	*ret_ref = drain->refs.items[drain->stack_refs[id] - 1];
	return 0;
}

static int find_user_stack(struct drain *drain, const struct smolder_stack_name *name,
			   struct window_sample *sample)
{
	const struct window_stack *stack;

	if (!name->hash && !name->check)
		return 0;
	stack = window_find_stack(drain->window, name);
	if (!stack)
		return -ENOENT;
	sample->user_off = stack->off;
	sample->user_len = stack->len;
	sample->user_walked = stack->user_walked;
	sample->walk_end = stack->walk_end;
	return 0;
}

/* A sample that cannot be kept is counted under the reason. */
static void add_sample(struct drain *drain, const struct smolder_key *key, uint64_t count)
{
	struct window_sample sample = {.key = *key, .count = count};
	struct drain_ref kernel;
	int r = find_stack(drain, key->kernel_stack, &kernel);

	sample.kernel_off = kernel.off;
	sample.kernel_len = kernel.len;
	if (r == 0)
		r = find_user_stack(drain, &key->user_walk, &sample);
	if (r == 0)
		r = vec_push(&drain->window->samples, sample);
	if (r == -ENOMEM)
		drain->window->no_memory += count;
	else if (r < 0)
		drain->window->stack_missing += count;
}

static uint64_t sum_cpus(const struct drain *drain, const uint64_t *values)
{
	uint64_t sum = 0;

	for (uint32_t cpu = 0; cpu < drain->possible_cpus; cpu++)
		sum += values[cpu];
	return sum;
}

static void add_batch(struct drain *drain, uint32_t len)
{
	const struct smolder_key *keys = drain->keys;
	const uint64_t *values = drain->values;

	for (uint32_t i = 0; i < len; i++)
		add_sample(drain, &keys[i],
			   sum_cpus(drain, values + (size_t)i * drain->possible_cpus));
}

/* Returns 0 when the map is empty, -EOPNOTSUPP when the kernel has no such call. */
static int drain_by_batch(struct drain *drain)
{
	int counts_fd = drain->maps->counts_fd;
	uint32_t position;
	void *from = NULL;
	int r;

	do {
		uint32_t len = drain->batch_len;

		r = bpf_map_lookup_and_delete_batch(counts_fd, from, &position, drain->keys,
						    drain->values, &len, NULL);
		if (r == -ENOSPC) { /* one bucket alone holds more than a batch */
			if (drain->batch_len >= BATCH_LEN_MAX)
				return r;
			r = alloc_batch(drain, drain->batch_len * 2);
			if (r < 0)
				return r;
			continue;
		}
		if (r < 0 && r != -ENOENT)
			return r == -EINVAL || r == -KERNEL_ENOTSUPP ? -EOPNOTSUPP : r;
		add_batch(drain, len);
		from = &position;
	} while (r != -ENOENT);
	return 0;
}

static int drain_one_by_one(struct drain *drain)
{
	int counts_fd = drain->maps->counts_fd;
	struct smolder_key key;
	int r;

	while ((r = bpf_map_get_next_key(counts_fd, NULL, &key)) == 0) {
		r = bpf_map_lookup_elem(counts_fd, &key, drain->values);
		if (r == 0)
			r = bpf_map_delete_elem(counts_fd, &key);
		if (r < 0)
			return r;
		add_sample(drain, &key, sum_cpus(drain, drain->values));
	}
	return r == -ENOENT ? 0 : r;
}

/* Deletes all keys, of a type no longer than a stack's name, one by one. */
static int clear_map(int fd)
{
	struct smolder_stack_name key, *from = NULL, at;
	int r;

	while ((r = bpf_map_get_next_key(fd, from, &key)) == 0) {
		r = bpf_map_delete_elem(fd, &key);
		if (r < 0 && r != -ENOENT)
			return r;
		at = key;
		from = &at;
	}
	return r == -ENOENT ? 0 : r;
}

static void forget_refs(struct drain *drain)
{
	vec_for_each(&drain->refs, ref)
		drain->stack_refs[ref->id] = 0;
	drain->refs.len = 0;
}

static int drain_counts(struct drain *drain)
{
	int r = -EOPNOTSUPP;

	if (!drain->no_batch)
		r = drain_by_batch(drain);
	if (r == -EOPNOTSUPP) {
		drain->no_batch = true;
		r = drain_one_by_one(drain);
	}
	forget_refs(drain);
	return r;
}

/* In the next epoch that uses these maps every walked stack is to be defined again. */
static int clear_defined(struct drain *drain, int fd)
{
	uint32_t position;
	void *from = NULL;
	int r = -EOPNOTSUPP;

	while (!drain->no_batch && r != -ENOENT) {
		uint32_t len = drain->batch_len;

		r = bpf_map_lookup_and_delete_batch(fd, from, &position, drain->keys, drain->values,
						    &len, NULL);
		if (r < 0 && r != -ENOENT)
			break;
		from = &position;
	}
	return r == -ENOENT ? 0 : clear_map(fd);
}

/*
 * The stack map keeps stacks that no sample refers to: of samples whose other stack collided, or
 * that found the count map full. Left in, they would hold their buckets forever.
 */
int drain_epoch(struct drain *drain, const struct drain_maps *maps, struct window *window,
		struct err *err)
{
	int r;

	drain->maps = maps;
	drain->window = window;
	r = drain_counts(drain);
	if (r < 0)
		return err_errno(err, r, "cannot drain the count map");
	r = clear_map(maps->stacks_fd);
	if (r < 0)
		return err_errno(err, r, "cannot empty the stack map");
	r = maps->defined_fd < 0 ? 0 : clear_defined(drain, maps->defined_fd);
	if (r < 0)
		return err_errno(err, r, "cannot empty the map of defined stacks");
	return 0;
}
