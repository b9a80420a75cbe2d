// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/mappings.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PAGES 64u

static void map_at(struct mappings *mappings, const struct mapping *mapping)
{
	struct mapping own = *mapping;

	own.file_offset = own.start * 10;
	assert_int_equal(mappings_insert(mappings, &own), 0);
}

static void map(struct mappings *mappings, uint64_t start, uint64_t limit, uint32_t object)
{
	map_at(mappings, &(struct mapping){.start = start, .limit = limit, .object = object});
}

/* Library `object`, which came at that time, at addresses 100 to 200. */
static void map_library(struct mappings *mappings, uint32_t object, uint64_t since_ns)
{
	map_at(mappings,
	       &(struct mapping){
		       .start = 100, .limit = 200, .object = object, .since_ns = since_ns});
}

static void expect(const struct mappings *mappings, uint64_t address, uint32_t object,
		   uint64_t file_offset)
{
	const struct mapping *mapping = mappings_find(mappings, address);

	assert_non_null(mapping);
	assert_int_equal(mapping->object, object);
	assert_int_equal(mapping->file_offset + (address - mapping->start), file_offset);
}

static void finds_by_address(void **state)
{
	struct mappings *mappings = mappings_new();

	(void)state;
	map(mappings, 300, 400, 3);
	map(mappings, 100, 200, 1);
	map(mappings, 200, 250, 2);
	assert_int_equal(mappings_count(mappings), 3);
	assert_null(mappings_find(mappings, 0));
	assert_null(mappings_find(mappings, 99));
	expect(mappings, 100, 1, 1000);
	expect(mappings, 199, 1, 1099);
	expect(mappings, 200, 2, 2000);
	assert_null(mappings_find(mappings, 250));
	expect(mappings, 399, 3, 3099);
	assert_null(mappings_find(mappings, 400));
	assert_null(mappings_find(mappings, UINT64_MAX));
	mappings_unref(mappings);
}

static void splits_what_it_covers(void **state)
{
	struct mappings *mappings = mappings_new();

	(void)state;
	map(mappings, 100, 200, 1);
	map(mappings, 140, 160, 2);
	assert_int_equal(mappings_count(mappings), 3);
	expect(mappings, 139, 1, 1039);
	expect(mappings, 140, 2, 1400);
	expect(mappings, 160, 1, 1060);
	map(mappings, 50, 300, 3);
	assert_int_equal(mappings_count(mappings), 1);
	expect(mappings, 150, 3, 600);
	mappings_unref(mappings);
}

static void remembers_what_was_there(void **state)
{
	struct mappings *mappings = mappings_new();

	(void)state;
	map(mappings, 100, 200, 1);
	assert_null(mappings_find_replaced(mappings, 150));
	map(mappings, 100, 200, 1);
	assert_null(mappings_find_replaced(mappings, 150));
	map(mappings, 100, 200, 2);
	map(mappings, 100, 160, 3);
	assert_int_equal(mappings_find_replaced(mappings, 150)->object, 2);
	assert_int_equal(mappings_find_replaced(mappings, 199)->object, 1); /* 2 is there yet */
	assert_null(mappings_find_replaced(mappings, 200));
	assert_int_equal(mappings_find_replaced(mappings, 100)->object, 2);
	mappings_forget_replaced(mappings, 1);
	assert_null(mappings_find_replaced(mappings, 150));
	mappings_unref(mappings);
}

/* Which library is at 150 at that time? 0: it is not known. */
static uint32_t library_at(struct mappings *mappings, uint64_t time_ns)
{
	_cleanup_mappings_ struct mappings *then = NULL;
	int r = mappings_at(mappings, time_ns, &then);

	if (r == -ESTALE)
		return 0;
	assert_int_equal(r, 0);
	return mappings_find(then, 150)->object;
}

static void knows_what_was_when(void **state)
{
	struct mappings *mappings = mappings_new();

	(void)state;
	map_library(mappings, 1, 0);
	map_library(mappings, 2, 1000);
	map(mappings, 500, 600, 9);
	map_library(mappings, 1, 2000);
	map_library(mappings, 3, 3000);
	assert_int_equal(library_at(mappings, 0), 1);
	assert_int_equal(library_at(mappings, 999), 1);
	assert_int_equal(library_at(mappings, 1000), 2);
	assert_int_equal(library_at(mappings, 1999), 2);
	assert_int_equal(library_at(mappings, 2000), 1);
	assert_int_equal(library_at(mappings, 3000), 3);
	assert_int_equal(library_at(mappings, UINT64_MAX), 3);
	expect(mappings, 150, 3, 1050);
	mappings_unref(mappings);
}

/* Mappings that overlap in part: each address has what was there. */
static void knows_parts(void **state)
{
	struct mappings *mappings = mappings_new(), *then;

	(void)state;
	map_library(mappings, 1, 10);
	map_at(mappings,
	       &(struct mapping){.start = 150, .limit = 300, .object = 2, .since_ns = 20});
	assert_int_equal(mappings_at(mappings, 15, &then), 0);
	expect(then, 100, 1, 1000);
	expect(then, 199, 1, 1099);
	assert_null(mappings_find_replaced(then, 160));
	mappings_unref(then);
	assert_int_equal(mappings_at(mappings, 20, &then), 0);
	assert_ptr_equal(then, mappings);
	expect(then, 160, 2, 1510);
	mappings_unref(then);
	mappings_unref(mappings);
}

static void agree(void **state)
{
	struct mappings *a = mappings_new(), *b = mappings_new();

	(void)state;
	assert_true(mappings_agree(a, b));
	map_library(a, 1, 10);
	assert_false(mappings_agree(a, b));
	map_library(b, 1, 20);
	assert_true(mappings_agree(a, b));
	map_library(b, 2, 30);
	assert_false(mappings_agree(a, b));
	mappings_unref(a);
	mappings_unref(b);
}

/* What is forgotten for want of room is not taken for known. */
static void says_what_it_forgot(void **state)
{
	struct mappings *mappings = mappings_new();

	(void)state;
	for (uint32_t i = 0; i < MAPPINGS_REPLACED_MAX + 2; i++)
		map_library(mappings, 1 + i, 10 * i);
	assert_int_equal(library_at(mappings, 0), 0);
	assert_int_equal(library_at(mappings, 9), 0);
	assert_int_equal(library_at(mappings, 10), 2);
	mappings_forget_replaced(mappings, 10 * MAPPINGS_REPLACED_MAX);
	assert_int_equal(library_at(mappings, 10 * MAPPINGS_REPLACED_MAX),
			 MAPPINGS_REPLACED_MAX + 1);
	mappings_unref(mappings);
}

static void caps_what_it_remembers(void **state)
{
	struct mappings *mappings = mappings_new();

	(void)state;
	for (uint32_t i = 0; i <= MAPPINGS_REPLACED_MAX + 1; i++)
		map(mappings, 100, 200, i);
	assert_int_equal(mappings_find_replaced(mappings, 150)->object, MAPPINGS_REPLACED_MAX);
	mappings_unref(mappings);
}

static void supersedes(void **state)
{
	struct mappings *before = mappings_new(), *now = mappings_new();

	(void)state;
	map(before, 100, 200, 1);
	map(before, 300, 400, 2);
	map(before, 500, 600, 3);
	map(now, 100, 200, 1);
	map(now, 300, 400, 4);
	mappings_supersede(now, before, 50);
	assert_null(mappings_find_replaced(now, 100));
	assert_int_equal(mappings_find_replaced(now, 300)->object, 2);
	assert_int_equal(mappings_find_replaced(now, 500)->object, 3);
	assert_null(mappings_find(now, 500));
	assert_int_equal(library_at(now, 50), 1);
	assert_int_equal(library_at(now, 49), 0); /* when the one came for the other is not known */
	mappings_unref(before);
	mappings_unref(now);
}

/* What only went away, or is still there, leaves no doubt. */
static void supersedes_without_doubt(void **state)
{
	struct mappings *before = mappings_new(), *now = mappings_new();

	(void)state;
	map_library(before, 1, 0);
	map_library(before, 2, 20);
	map(before, 500, 600, 3);
	map_library(now, 2, 0);
	mappings_supersede(now, before, 50);
	assert_int_equal(library_at(now, 10), 1);
	assert_int_equal(library_at(now, 20), 2);
	mappings_unref(before);
	mappings_unref(now);
}

static void shares_until_owned(void **state)
{
	struct mappings *parent = mappings_new(), *child, *shared;

	(void)state;
	map(parent, 100, 200, 1);
	child = shared = mappings_ref(parent);
	assert_int_equal(mappings_own(&child), 0);
	assert_ptr_not_equal(child, shared);
	map(child, 100, 200, 2);
	expect(parent, 150, 1, 1050);
	expect(child, 150, 2, 1050);
	shared = child;
	assert_int_equal(mappings_own(&child), 0);
	assert_ptr_equal(child, shared);
	assert_null(mappings_unref(child));
	assert_null(mappings_unref(parent));
	assert_null(mappings_unref(NULL));
}

static void refuses_bad_ranges(void **state)
{
	struct mappings *mappings = mappings_new();
	struct mapping empty = {.start = 100, .limit = 100, .object = 1},
		       wrapped = {.start = 100, .limit = 50, .object = 1};

	(void)state;
	assert_int_equal(mappings_insert(mappings, &empty), -EINVAL);
	assert_int_equal(mappings_insert(mappings, &wrapped), -EINVAL);
	assert_int_equal(mappings_count(mappings), 0);
	mappings_unref(mappings);
}

static void is_full_at_its_cap(void **state)
{
	struct mappings *mappings = mappings_new();
	struct mapping inside = {.start = 5, .limit = 6, .object = 1},
		       beyond = {.start = MAPPINGS_MAX * 10ul, .limit = UINT64_MAX, .object = 1};

	(void)state;
	for (uint64_t i = 0; i < MAPPINGS_MAX; i++)
		map(mappings, i * 10, i * 10 + 8, 1);
	assert_int_equal(mappings_insert(mappings, &inside), -ENOSPC);
	assert_int_equal(mappings_insert(mappings, &beyond), -ENOSPC);
	map(mappings, 0, 1000, 2);
	assert_int_equal(mappings_count(mappings), MAPPINGS_MAX - 99);
	mappings_unref(mappings);
}

/* Against an array with one entry a page, over a few thousand maps of random ranges. */
static void agrees_with_an_array(void **state)
{
	struct mappings *mappings = mappings_new();
	uint32_t owner[PAGES] = {0}, seed = 12345;

	(void)state;
	for (uint32_t object = 1; object < 4000; object++) {
		uint32_t first, len;

		seed = seed * 1664525u + 1013904223u;
		first = (seed >> 8) % PAGES;
		len = 1 + (seed >> 20) % (PAGES - first);
		map(mappings, first, first + len, object);
		for (uint32_t page = first; page < first + len; page++)
			owner[page] = object;
		for (uint32_t page = 0; page < PAGES; page++) {
			const struct mapping *mapping = mappings_find(mappings, page);

			assert_int_equal(mapping ? mapping->object : 0, owner[page]);
		}
		for (size_t i = 1; i < mappings_count(mappings); i++)
			assert_true(mappings_get(mappings, i - 1)->limit <=
				    mappings_get(mappings, i)->start);
	}
	mappings_unref(mappings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_by_address),
		cmocka_unit_test(splits_what_it_covers),
		cmocka_unit_test(remembers_what_was_there),
		cmocka_unit_test(caps_what_it_remembers),
		cmocka_unit_test(knows_what_was_when),
		cmocka_unit_test(knows_parts),
		cmocka_unit_test(agree),
		cmocka_unit_test(says_what_it_forgot),
		cmocka_unit_test(supersedes),
		cmocka_unit_test(supersedes_without_doubt),
		cmocka_unit_test(shares_until_owned),
		cmocka_unit_test(refuses_bad_ranges),
		cmocka_unit_test(is_full_at_its_cap),
		cmocka_unit_test(agrees_with_an_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
