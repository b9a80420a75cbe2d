// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/vec.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

struct pair {
	int a, b;
};

static void pushes_in_order(void **state)
{
	VEC(struct pair) pairs = {0};

	(void)state;
	for (int i = 0; i < 1000; i++)
		assert_int_equal(vec_push(&pairs, ((struct pair){.a = i, .b = -i})), 0);
	assert_int_equal(pairs.len, 1000);
	assert_true(pairs.cap >= 1000 && pairs.cap < 2048);
	for (int i = 0; i < 1000; i++) {
		assert_int_equal(pairs.items[i].a, i);
		assert_int_equal(pairs.items[i].b, -i);
	}
	assert_int_equal(vec_last(&pairs)->a, 999);
	vec_free(&pairs);
}

static void for_each_visits_each_once(void **state)
{
	VEC(int) numbers = {0};
	int sum = 0;

	(void)state;
	vec_for_each(&numbers, number)
		sum += *number;
	assert_int_equal(sum, 0);
	for (int i = 1; i <= 20; i++)
		assert_int_equal(vec_push(&numbers, i), 0);
	vec_for_each(&numbers, number)
		sum += *number;
	assert_int_equal(sum, 210);
	vec_free(&numbers);
}

static void reserve_moves_nothing_that_fits(void **state)
{
	VEC(int) numbers = {0};
	const int *items;

	(void)state;
	assert_int_equal(vec_reserve(&numbers, 100), 0);
	assert_true(numbers.cap >= 100);
	assert_int_equal(numbers.len, 0);
	items = numbers.items;
	for (int i = 0; i < 100; i++)
		assert_int_equal(vec_push(&numbers, i), 0);
	assert_ptr_equal(numbers.items, items);
	assert_int_equal(vec_reserve(&numbers, 50), 0);
	assert_ptr_equal(numbers.items, items);
	vec_free(&numbers);
}

static void refuses_impossible_sizes_unchanged(void **state)
{
	VEC(struct pair) pairs = {0};

	(void)state;
	assert_int_equal(vec_push(&pairs, ((struct pair){1, 2})), 0);
	assert_int_equal(vec_reserve(&pairs, SIZE_MAX), -ENOMEM);
	assert_int_equal(vec_reserve(&pairs, SIZE_MAX / 2), -ENOMEM);
	assert_int_equal(vec_reserve(&pairs, SIZE_MAX / sizeof(struct pair) + 1), -ENOMEM);
	assert_int_equal(pairs.len, 1);
	assert_int_equal(pairs.items[0].b, 2);
	vec_free(&pairs);
}

static void free_leaves_it_empty_and_valid(void **state)
{
	VEC(int) numbers = {0};

	(void)state;
	assert_int_equal(vec_push(&numbers, 1), 0);
	vec_free(&numbers);
	assert_null(numbers.items);
	assert_int_equal(numbers.len, 0);
	assert_int_equal(vec_push(&numbers, 2), 0);
	assert_int_equal(numbers.items[0], 2);
	vec_free(&numbers);
	vec_free(&numbers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pushes_in_order),
		cmocka_unit_test(for_each_visits_each_once),
		cmocka_unit_test(reserve_moves_nothing_that_fits),
		cmocka_unit_test(refuses_impossible_sizes_unchanged),
		cmocka_unit_test(free_leaves_it_empty_and_valid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
