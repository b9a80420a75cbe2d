// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/walk_pool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define SIZE 4096u

static struct walk_pool *pool_of(void **state)
{
	return *state;
}

static int set_up(void **state)
{
	static struct walk_pool pool;

	*state = &pool;
	return walk_pool_init(&pool, NULL, SIZE);
}

static int tear_down(void **state)
{
	walk_pool_done(*state);
	return 0;
}

static uint32_t take(struct walk_pool *pool, uint32_t len)
{
	uint32_t off = 0;

	assert_int_equal(walk_pool_alloc(pool, len, &off), 0);
	return off;
}

/* All there is, in one piece, and back again. */
static uint32_t whole(struct walk_pool *pool)
{
	assert_int_equal(pool->free.len, 1);
	return pool->free.items[0].len;
}

static void offset_0_is_never_given_out(void **state)
{
	struct walk_pool *pool = pool_of(state);
	uint32_t first = take(pool, 8), last;

	assert_true(first > 0);
	last = take(pool, whole(pool));
	assert_true(last > first);
	assert_int_equal(pool->free.len, 0);
	assert_int_equal(pool->used, SIZE);
}

static void extents_are_aligned_and_apart(void **state)
{
	struct walk_pool *pool = pool_of(state);
	uint32_t limit = 0;

	for (uint32_t len = 1; len < 40; len++) {
		uint32_t off = take(pool, len);

		assert_int_equal(off % WALK_POOL_ALIGN, 0);
		assert_true(off >= limit);
		limit = off + len;
		assert_true(limit <= SIZE);
	}
}

static void the_last_lie_at_the_end(void **state)
{
	struct walk_pool *pool = pool_of(state);
	uint32_t all = whole(pool), off = 77, first = take(pool, 8);

	assert_int_equal(walk_pool_alloc_last(pool, 13, &off), 0);
	assert_int_equal(off, SIZE - 16);
	assert_int_equal(walk_pool_alloc_last(pool, 8, &off), 0);
	assert_int_equal(off, SIZE - 24);
	assert_int_equal(take(pool, 8), first + 8);
	assert_int_equal(walk_pool_alloc_last(pool, whole(pool) + 1, &off), -ENOSPC);
	assert_int_equal(walk_pool_alloc_last(pool, UINT32_MAX, &off), -ENOSPC);
	assert_int_equal(off, SIZE - 24);
	assert_int_equal(walk_pool_alloc_last(pool, whole(pool), &off), 0);
	assert_int_equal(off, first + 16);
	assert_int_equal(pool->free.len, 0);
	walk_pool_retire(pool, first, all);
	walk_pool_release(pool);
	assert_int_equal(whole(pool), all);
}

static void a_full_pool_says_so(void **state)
{
	struct walk_pool *pool = pool_of(state);
	uint32_t off = 77, all = whole(pool);

	assert_int_equal(walk_pool_alloc(pool, all + 1, &off), -ENOSPC);
	assert_int_equal(off, 77);
	take(pool, all);
	assert_int_equal(walk_pool_alloc(pool, 1, &off), -ENOSPC);
	assert_int_equal(off, 77);
}

static void lengths_beyond_32_bits_do_not_wrap(void **state)
{
	struct walk_pool *pool = pool_of(state);
	uint32_t off = 77;

	for (uint32_t less = 0; less < 16; less++)
		assert_int_equal(walk_pool_alloc(pool, UINT32_MAX - less, &off), -ENOSPC);
	assert_int_equal(off, 77);
}

static void what_is_retired_is_not_given_out_before_it_is_released(void **state)
{
	struct walk_pool *pool = pool_of(state);
	uint32_t all = whole(pool), off = take(pool, all), used = pool->used, again = 77;

	walk_pool_retire(pool, off, all);
	assert_int_equal(pool->used, used);
	assert_int_equal(walk_pool_alloc(pool, 8, &again), -ENOSPC);
	walk_pool_release(pool);
	assert_int_equal(pool->used, used - all);
	assert_int_equal(take(pool, all), off);
}

/* The order in which three neighbours come back: all six. */
static void neighbours_become_one(void **state)
{
	static const unsigned char orders[6][3] = {
		{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0},
	};
	struct walk_pool *pool = pool_of(state);
	uint32_t all = whole(pool), guard, offs[3];

	for (int order = 0; order < 6; order++) {
		for (int i = 0; i < 3; i++)
			offs[i] = take(pool, 13);
		guard = take(pool, 8);
		for (int i = 0; i < 3; i++) {
			walk_pool_retire(pool, offs[orders[order][i]], 13);
			walk_pool_release(pool);
		}
		assert_int_equal(pool->free.len, 2);
		assert_int_equal(pool->free.items[0].off, offs[0]);
		assert_int_equal(pool->free.items[0].len, 48);
		walk_pool_retire(pool, guard, 8);
		walk_pool_release(pool);
		assert_int_equal(whole(pool), all);
	}
}

static void a_thousand_changes_lose_nothing(void **state)
{
	struct walk_pool *pool = pool_of(state);
	uint32_t all = whole(pool), used = pool->used, random = 1;
	struct walk_extent kept[16] = {0};

	for (int i = 0; i < 1000; i++) {
		struct walk_extent *slot = &kept[(random = random * 1103515245 + 12345) >> 28];

		if (slot->len)
			walk_pool_retire(pool, slot->off, slot->len);
		slot->len = random % 300 + 1;
		if (random & 0x8000)
			walk_pool_release(pool);
		if (walk_pool_alloc(pool, slot->len, &slot->off) < 0)
			slot->len = 0;
		for (struct walk_extent *a = kept; slot->len && a < kept + 16; a++)
			assert_true(a == slot || !a->len || a->off + a->len <= slot->off ||
				    slot->off + slot->len <= a->off);
	}
	for (int i = 0; i < 16; i++)
		if (kept[i].len)
			walk_pool_retire(pool, kept[i].off, kept[i].len);
	walk_pool_release(pool);
	assert_int_equal(whole(pool), all);
	assert_int_equal(pool->used, used);
}

#define POOL_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		POOL_TEST(offset_0_is_never_given_out),
		POOL_TEST(extents_are_aligned_and_apart),
		POOL_TEST(the_last_lie_at_the_end),
		POOL_TEST(a_full_pool_says_so),
		POOL_TEST(lengths_beyond_32_bits_do_not_wrap),
		POOL_TEST(what_is_retired_is_not_given_out_before_it_is_released),
		POOL_TEST(neighbours_become_one),
		POOL_TEST(a_thousand_changes_lose_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
