// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Draining, on real maps filled from user space; stacks need a program, see the live tests. */
#include "profiler/collect/drain.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define DEPTH 16
#define BUCKETS 64
#define ENTRIES 4096

struct maps {
	struct drain_maps fds;
	struct drain drain;
	struct window window;
};

static struct maps *maps_of(void **state)
{
	if (!*state) {
		print_message("maps cannot be made: needs root and a kernel with BPF\n");
		skip();
	}
	return *state;
}

static int set_up(void **state)
{
	struct maps *maps = calloc(1, sizeof(*maps));

	if (!maps)
		return -1;
	maps->fds.counts_fd =
		bpf_map_create(BPF_MAP_TYPE_PERCPU_HASH, "test_counts", sizeof(struct smolder_key),
			       sizeof(uint64_t), ENTRIES, NULL);
	maps->fds.stacks_fd =
		bpf_map_create(BPF_MAP_TYPE_STACK_TRACE, "test_stacks", sizeof(uint32_t),
			       DEPTH * sizeof(uint64_t), BUCKETS, NULL);
	maps->fds.defined_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "test_defined", sizeof(uint64_t),
					      sizeof(uint64_t), ENTRIES, NULL);
	if (maps->fds.counts_fd < 0 || maps->fds.stacks_fd < 0 || maps->fds.defined_fd < 0 ||
	    drain_init(&maps->drain, DEPTH, BUCKETS) < 0) {
		free(maps);
		return 0; /* the test then skips */
	}
	*state = maps;
	return 0;
}

static int tear_down(void **state)
{
	struct maps *maps = *state;

	if (!maps)
		return 0;
	close(maps->fds.counts_fd);
	close(maps->fds.stacks_fd);
	close(maps->fds.defined_fd);
	drain_free(&maps->drain);
	window_free(&maps->window);
	free(maps);
	return 0;
}

static struct smolder_key key_of(uint32_t tgid, int32_t kernel_stack)
{
	return (struct smolder_key){
		.task = {.tgid = tgid, .start_ns = tgid * UINT64_C(1000)},
		.kernel_stack = kernel_stack,
		.comm = "test",
	};
}

/* Counts `first` on the first CPU and `last` on the last. */
static void put(struct maps *maps, struct smolder_key key, uint64_t first, uint64_t last)
{
	uint64_t values[256] = {0};

	assert_true(maps->drain.possible_cpus <= ARRAY_SIZE(values));
	values[0] = first;
	values[maps->drain.possible_cpus - 1] += last;
	assert_int_equal(bpf_map_update_elem(maps->fds.counts_fd, &key, values, BPF_ANY), 0);
}

static void assert_empty(const struct maps *maps)
{
	struct smolder_key key;

	assert_int_equal(bpf_map_get_next_key(maps->fds.counts_fd, NULL, &key), -ENOENT);
}

/* Into whatever the window holds already. */
static void drain_on(struct maps *maps)
{
	struct err err = {""};
	int r;

	r = drain_epoch(&maps->drain, &maps->fds, &maps->window, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	assert_empty(maps);
}

static void drain_all(struct maps *maps)
{
	window_clear(&maps->window);
	drain_on(maps);
}

static void fill(struct maps *maps, uint32_t keys)
{
	for (uint32_t tgid = 1; tgid <= keys; tgid++)
		put(maps, key_of(tgid, SMOLDER_NO_STACK), tgid, 1);
}

/* Each key once, with the sum of all CPUs. */
static void assert_all_there(const struct maps *maps, uint32_t keys)
{
	_cleanup_free_ bool *seen = calloc(keys + 1, sizeof(*seen));

	assert_non_null(seen);
	assert_int_equal(maps->window.samples.len, keys);
	vec_for_each(&maps->window.samples, sample) {
		uint32_t tgid = sample->key.task.tgid;

		assert_true(tgid >= 1 && tgid <= keys && !seen[tgid]);
		seen[tgid] = true;
		assert_int_equal(sample->count, tgid + 1);
		assert_int_equal(sample->key.task.start_ns, tgid * UINT64_C(1000));
		assert_string_equal(sample->key.comm, "test");
		assert_int_equal(sample->kernel_len + sample->user_len, 0);
	}
}

static void an_empty_epoch_makes_an_empty_window(void **state)
{
	struct maps *maps = maps_of(state);

	drain_all(maps);
	assert_int_equal(maps->window.samples.len, 0);
}

static void drains_by_batch(void **state)
{
	struct maps *maps = maps_of(state);

	fill(maps, 3000); /* several batches */
	drain_all(maps);
	assert_all_there(maps, 3000);
	drain_all(maps);
	assert_int_equal(maps->window.samples.len, 0);
}

static void drains_one_key_at_a_time(void **state)
{
	struct maps *maps = maps_of(state);

	maps->drain.no_batch = true;
	fill(maps, 300);
	drain_all(maps);
	assert_all_there(maps, 300);
	assert_true(maps->drain.no_batch);
}

/* A bucket of the hash that holds more keys than a batch is answered with -ENOSPC. */
static void a_batch_grows_to_hold_a_bucket(void **state)
{
	struct maps *maps = maps_of(state);

	maps->drain.batch_len = 1;
	fill(maps, ENTRIES);
	drain_all(maps);
	if (maps->drain.no_batch)
		skip();
	assert_all_there(maps, ENTRIES);
	assert_true(maps->drain.batch_len > 1);
}

static void samples_without_their_stack_are_counted(void **state)
{
	struct maps *maps = maps_of(state);

	put(maps, key_of(1, 5), 2, 0);
	put(maps, key_of(2, BUCKETS - 1), 3, 0);
	put(maps, key_of(3, BUCKETS), 4, 0); /* no id of this map */
	put(maps, key_of(4, INT32_MAX), 5, 0);
	put(maps, key_of(5, SMOLDER_NO_STACK), 6, 0);
	drain_all(maps);
	assert_int_equal(maps->window.stack_missing, 14);
	assert_int_equal(maps->window.samples.len, 1);
	assert_int_equal(maps->window.samples.items[0].count, 6);
	assert_int_equal(maps->window.no_memory, 0);
}

static void tells_which_map_failed(void **state)
{
	struct maps *maps = maps_of(state);
	struct drain_maps no_counts = {.counts_fd = -1, .stacks_fd = maps->fds.stacks_fd};
	struct drain_maps no_stacks = {.counts_fd = maps->fds.counts_fd, .stacks_fd = -1};
	struct err err;

	assert_true(drain_epoch(&maps->drain, &no_counts, &maps->window, &err) < 0);
	assert_non_null(strstr(err.text, "count map"));
	assert_true(drain_epoch(&maps->drain, &no_stacks, &maps->window, &err) < 0);
	assert_non_null(strstr(err.text, "stack map"));
}

static void define(struct maps *maps, uint64_t hash)
{
	struct smolder_stack_name name = {.hash = hash, .check = ~hash};
	uint8_t yes = 1;

	assert_int_equal(bpf_map_update_elem(maps->fds.defined_fd, &name, &yes, BPF_ANY), 0);
}

/* Frame words of a walked stack come with the window; only its hash is in the key. */
static void finds_walked_stacks_by_their_hash(void **state)
{
	struct maps *maps = maps_of(state);
	struct smolder_key walked = key_of(1, SMOLDER_NO_STACK);
	struct smolder_key unheard_of = key_of(2, SMOLDER_NO_STACK);
	struct window_stack stack = {
		.name = {.hash = 77}, .len = 2, .user_walked = true, .walk_end = 5};
	uint64_t words[] = {11, 22};

	assert_int_equal(window_add_addresses(&maps->window, words, 2, &stack.off), 0);
	assert_int_equal(window_add_stack(&maps->window, &stack), 0);
	walked.user_walk.hash = 77;
	unheard_of.user_walk = (struct smolder_stack_name){.hash = 77, .check = 1};
	put(maps, walked, 4, 0);
	put(maps, unheard_of, 3, 0);
	drain_on(maps);
	assert_int_equal(maps->window.stack_missing, 3);
	assert_int_equal(maps->window.samples.len, 1);
	assert_true(maps->window.samples.items[0].user_walked);
	assert_int_equal(maps->window.samples.items[0].walk_end, 5);
	assert_int_equal(maps->window.samples.items[0].user_len, 2);
	assert_int_equal(maps->window.addresses.items[maps->window.samples.items[0].user_off], 11);
}

/* Or in the next window of the same epoch a stack would count as told that was not. */
static void forgets_what_was_defined(void **state)
{
	struct maps *maps = maps_of(state);
	struct smolder_stack_name key;

	for (uint64_t hash = 1; hash <= 300; hash++)
		define(maps, hash);
	drain_all(maps);
	assert_int_equal(bpf_map_get_next_key(maps->fds.defined_fd, NULL, &key), -ENOENT);
	maps->drain.no_batch = true;
	define(maps, 5);
	drain_all(maps);
	assert_int_equal(bpf_map_get_next_key(maps->fds.defined_fd, NULL, &key), -ENOENT);
}

#define WITH_MAPS(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_MAPS(an_empty_epoch_makes_an_empty_window),
		WITH_MAPS(drains_by_batch),
		WITH_MAPS(drains_one_key_at_a_time),
		WITH_MAPS(a_batch_grows_to_hold_a_bucket),
		WITH_MAPS(samples_without_their_stack_are_counted),
		WITH_MAPS(tells_which_map_failed),
		WITH_MAPS(finds_walked_stacks_by_their_hash),
		WITH_MAPS(forgets_what_was_defined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
