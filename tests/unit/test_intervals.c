// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/intervals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint32_t value_at(const struct intervals *intervals, uint64_t address)
{
	const struct interval *piece = intervals_find(intervals, address);

	return piece ? piece->value : INTERVALS_NONE;
}

static void build(struct intervals *intervals, const struct interval *list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		assert_return_code(intervals_add(intervals, list[i]), 0);
	assert_return_code(intervals_seal(intervals), 0);
}

static void empty_has_nothing(void **state)
{
	struct intervals intervals = {0};

	(void)state;
	assert_return_code(intervals_seal(&intervals), 0);
	assert_null(intervals_find(&intervals, 0));
	assert_int_equal(intervals_next_start(&intervals, 0), UINT64_MAX);
}

static void limits_are_exclusive(void **state)
{
	_cleanup_(intervals_free) struct intervals intervals = {0};
	const struct interval list[] = {
		{10, 20, 1, 0}, {20, 30, 2, 0}, {40, 50, 3, 0}, {7, 7, 4, 0}};

	(void)state;
	build(&intervals, list, 4);
	assert_int_equal(value_at(&intervals, 7), INTERVALS_NONE);
	assert_int_equal(value_at(&intervals, 9), INTERVALS_NONE);
	assert_int_equal(value_at(&intervals, 10), 1);
	assert_int_equal(value_at(&intervals, 19), 1);
	assert_int_equal(value_at(&intervals, 20), 2);
	assert_int_equal(value_at(&intervals, 30), INTERVALS_NONE);
	assert_int_equal(intervals_next_start(&intervals, 20), 40);
}

static void inner_hides_outer(void **state)
{
	_cleanup_(intervals_free) struct intervals intervals = {0};
	const struct interval list[] = {
		{0, 100, 1, 0}, {10, 50, 2, 1}, {20, 30, 3, 2}, {60, 100, 4, 1}, {0, 100, 5, 1}};

	(void)state;
	build(&intervals, list, 5);
	assert_int_equal(value_at(&intervals, 0), 5); /* of equals, the deeper */
	assert_int_equal(value_at(&intervals, 10), 2);
	assert_int_equal(value_at(&intervals, 25), 3);
	assert_int_equal(value_at(&intervals, 30), 2);
	assert_int_equal(value_at(&intervals, 50), 5);
	assert_int_equal(value_at(&intervals, 99), 4);
	assert_int_equal(value_at(&intervals, 100), INTERVALS_NONE);
}

static void later_start_wins_an_overlap(void **state)
{
	_cleanup_(intervals_free) struct intervals intervals = {0};
	const struct interval list[] = {
		{0, 60, 1, 0}, {40, 100, 2, 0}, {UINT64_MAX - 1, UINT64_MAX, 3, 0}};

	(void)state;
	build(&intervals, list, 3);
	assert_int_equal(value_at(&intervals, 39), 1);
	assert_int_equal(value_at(&intervals, 40), 2);
	assert_int_equal(value_at(&intervals, 99), 2);
	assert_int_equal(value_at(&intervals, UINT64_MAX - 1), 3);
	assert_int_equal(value_at(&intervals, UINT64_MAX), INTERVALS_NONE);
}

/* Against the definition: of the ranges that hold an address, the last in sorting order is seen. */
static void agrees_with_a_plain_search(void **state)
{
	_cleanup_(intervals_free) struct intervals intervals = {0};
	struct interval list[200];
	uint32_t seed = 1;

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(list); i++) {
		seed = seed * 1103515245 + 12345;
		list[i] = (struct interval){.start = (seed >> 16) % 500, .value = i};
		seed = seed * 1103515245 + 12345;
		list[i].limit = list[i].start + (seed >> 16) % 60;
	}
	build(&intervals, list, ARRAY_SIZE(list));
	for (uint64_t address = 0; address < 600; address++) {
		const struct interval *best = NULL;

		for (size_t i = 0; i < ARRAY_SIZE(list); i++) {
			if (address < list[i].start || address >= list[i].limit)
				continue;
			if (!best || list[i].start > best->start ||
			    (list[i].start == best->start && list[i].limit < best->limit))
				best = &list[i];
		}
		assert_int_equal(value_at(&intervals, address),
				 best ? best->value : INTERVALS_NONE);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(empty_has_nothing),
		cmocka_unit_test(limits_are_exclusive),
		cmocka_unit_test(inner_hides_outer),
		cmocka_unit_test(later_start_wins_an_overlap),
		cmocka_unit_test(agrees_with_a_plain_search),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
