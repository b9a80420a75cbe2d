// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/window.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static void stacks_lie_behind_one_another(void **state)
{
	static const uint64_t first[] = {1, 2, 3}, second[] = {4};
	_cleanup_(window_free) struct window window = {0};
	uint32_t off = 77;

	(void)state;
	assert_int_equal(window_add_addresses(&window, first, 3, &off), 0);
	assert_int_equal(off, 0);
	assert_int_equal(window_add_addresses(&window, second, 1, &off), 0);
	assert_int_equal(off, 3);
	assert_int_equal(window_add_addresses(&window, NULL, 0, &off), 0);
	assert_int_equal(off, 4);
	assert_int_equal(window.addresses.len, 4);
	for (uint64_t i = 0; i < 4; i++)
		assert_int_equal(window.addresses.items[i], i + 1);
}

static void positions_are_32_bits_wide(void **state)
{
	static const uint64_t address = 1;
	struct window window = {.addresses = {.len = UINT32_MAX, .cap = SIZE_MAX}};
	uint32_t off = 77;

	(void)state;
	assert_int_equal(window_add_addresses(&window, &address, 1, &off), -ENOMEM);
	assert_int_equal(off, 77);
}

static void clear_forgets_all_but_the_memory(void **state)
{
	static const uint64_t address = 1;
	_cleanup_(window_free) struct window window = {0};
	size_t cap;
	uint32_t off;

	(void)state;
	assert_int_equal(window_add_addresses(&window, &address, 1, &off), 0);
	assert_int_equal(vec_push(&window.samples, ((struct window_sample){.count = 1})), 0);
	window.stats[SMOLDER_STAT_SEEN] = 1;
	window.stats[SMOLDER_STAT_COUNT - 1] = 2;
	window.stack_missing = 3;
	window.no_memory = 4;
	cap = window.samples.cap;
	window_clear(&window);
	assert_int_equal(window.samples.len, 0);
	assert_int_equal(window.samples.cap, cap);
	assert_int_equal(window.addresses.len, 0);
	for (int stat = 0; stat < SMOLDER_STAT_COUNT; stat++)
		assert_int_equal(window.stats[stat], 0);
	assert_int_equal(window.stack_missing + window.no_memory, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stacks_lie_behind_one_another),
		cmocka_unit_test(positions_are_32_bits_wide),
		cmocka_unit_test(clear_forgets_all_but_the_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
