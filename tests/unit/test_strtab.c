// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/strtab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_empty_string_is_zero(void **state)
{
	struct strtab strtab;

	(void)state;
	assert_int_equal(strtab_init(&strtab), 0);
	assert_int_equal(strtab_count(&strtab), 1);
	assert_string_equal(strtab_get(&strtab, 0), "");
	assert_int_equal(strtab_intern(&strtab, ""), 0);
	assert_int_equal(strtab_intern_len(&strtab, "x", 0), 0);
	assert_int_equal(strtab_count(&strtab), 1);
	strtab_free(&strtab);
}

static void ids_come_in_order_of_first_sight(void **state)
{
	struct strtab strtab;

	(void)state;
	assert_int_equal(strtab_init(&strtab), 0);
	assert_int_equal(strtab_intern(&strtab, "b"), 1);
	assert_int_equal(strtab_intern(&strtab, "a"), 2);
	assert_int_equal(strtab_intern(&strtab, "b"), 1);
	assert_int_equal(strtab_intern_len(&strtab, "abc", 1), 2);
	assert_int_equal(strtab_intern(&strtab, "abc"), 3);
	assert_int_equal(strtab_count(&strtab), 4);
	assert_string_equal(strtab_get(&strtab, 3), "abc");
	assert_int_equal(strtab_len(&strtab, 3), 3);
	strtab_free(&strtab);
}

static void any_byte_is_kept(void **state)
{
	static const char bytes[] = "a\0b\xff\n";
	struct strtab strtab;
	uint32_t id;

	(void)state;
	assert_int_equal(strtab_init(&strtab), 0);
	id = strtab_intern_len(&strtab, bytes, 5);
	assert_int_equal(strtab_len(&strtab, id), 5);
	assert_memory_equal(strtab_get(&strtab, id), bytes, 6);
	assert_int_not_equal(strtab_intern_len(&strtab, bytes, 1), id);
	assert_int_not_equal(strtab_intern_len(&strtab, bytes, 2), id);
	assert_int_equal(strtab_find(&strtab, bytes, 5), id);
	strtab_free(&strtab);
}

static void find_adds_nothing(void **state)
{
	struct strtab strtab;

	(void)state;
	assert_int_equal(strtab_init(&strtab), 0);
	assert_int_equal(strtab_find(&strtab, "x", 1), STRTAB_NONE);
	assert_int_equal(strtab_count(&strtab), 1);
	strtab_free(&strtab);
}

static void many_strings_keep_their_ids(void **state)
{
	struct strtab strtab;
	char text[32];

	(void)state;
	assert_int_equal(strtab_init(&strtab), 0);
	for (uint32_t pass = 0; pass < 2; pass++) {
		for (uint32_t i = 1; i <= 50000; i++) {
			snprintf(text, sizeof(text), "name_%u", i);
			assert_int_equal(strtab_intern(&strtab, text), i);
		}
	}
	assert_int_equal(strtab_count(&strtab), 50001);
	assert_string_equal(strtab_get(&strtab, 777), "name_777");
	strtab_free(&strtab);
}

/* Pointers into the table are good until the next call, so also for that call. */
static void a_part_of_one_string_becomes_another(void **state)
{
	struct strtab strtab;
	char text[300], wanted[300];
	const char *whole;
	uint32_t id;

	(void)state;
	assert_int_equal(strtab_init(&strtab), 0);
	for (uint32_t i = 0; i < 200; i++) { /* each may be the one that moves the bytes */
		snprintf(text, sizeof(text), "/%u/%0200u", i, i);
		snprintf(wanted, sizeof(wanted), "%0200u", i);
		whole = strtab_get(&strtab, strtab_intern(&strtab, text));
		id = strtab_intern(&strtab, strrchr(whole, '/') + 1);
		assert_string_equal(strtab_get(&strtab, id), wanted);
	}
	strtab_free(&strtab);
}

static void what_is_over_the_cap_is_refused_and_harms_nothing(void **state)
{
	struct strtab strtab;

	(void)state;
	assert_int_equal(strtab_init(&strtab), 0);
	strtab.bytes.max_len = 8; /* one NUL is there already */
	assert_int_equal(strtab_intern(&strtab, "0123456"), STRTAB_NONE);
	assert_int_equal(strtab_find(&strtab, "0123456", 7), STRTAB_NONE);
	assert_int_equal(strtab_intern(&strtab, "01234"), 1);
	assert_int_equal(strtab_intern(&strtab, "a"), STRTAB_NONE);
	assert_int_equal(strtab_intern(&strtab, "01234"), 1);
	assert_int_equal(strtab_count(&strtab), 2);
	strtab_free(&strtab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_empty_string_is_zero),
		cmocka_unit_test(ids_come_in_order_of_first_sight),
		cmocka_unit_test(any_byte_is_kept),
		cmocka_unit_test(find_adds_nothing),
		cmocka_unit_test(many_strings_keep_their_ids),
		cmocka_unit_test(a_part_of_one_string_becomes_another),
		cmocka_unit_test(what_is_over_the_cap_is_refused_and_harms_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
