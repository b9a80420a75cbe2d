// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Split DWARF and type units beside the same program with all of its DWARF in it. */
#include "symbolize/dwarf_split.h"
#include "symbolize/symbolizer.h"

#include "tests/unit/symbolize_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct opener {              /* of paths that objects name */
	const char *refused; /* the end of those that are not there */
	const char *instead; /* a file to give for what is */
	size_t opened;
};

static int open_named(void *ctx, uint32_t owner, const char *path)
{
	struct opener *opener = ctx;
	size_t len = strlen(path), end = opener->refused ? strlen(opener->refused) : 0;
	int fd;

	assert_int_equal(owner, 0);
	if (end && len > end && strcmp(path + len - end, opener->refused) == 0)
		return -1;
	fd = open(opener->instead ? opener->instead : path, O_RDONLY | O_CLOEXEC);
	opener->opened += fd >= 0;
	return fd;
}

static struct symbolizer *make(struct opener *opener, const char *cache)
{
	struct symbolizer_options options = {
		.debug_directory = "/nowhere",
		.open_debug = opener ? open_named : NULL,
		.open_ctx = opener,
		.cache_directory = cache,
	};
	struct symbolizer *symbolizer = NULL;

	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	return symbolizer;
}

static void assert_same_frame(const struct sym_frame *ours, const struct sym_frame *theirs)
{
	assert_string_equal(ours->name, theirs->name);
	assert_int_equal(ours->line, theirs->line);
	assert_int_equal(ours->start_line, theirs->start_line);
	assert_string_equal(ours->file ? ours->file : "", theirs->file ? theirs->file : "");
}

/* Every line of the one, asked of both. */
static void assert_equal_rows(struct symbolizer *symbolizer, const char *split, const char *whole)
{
	int ours_id = fixture_add(symbolizer, split), theirs_id = fixture_add(symbolizer, whole);
	struct addresses rows = {0};
	size_t deepest = 0;

	fixture_rows(whole, &rows);
	assert_true(rows.list.len > 20);
	vec_for_each(&rows.list, row) {
		struct sym_result ours, theirs;

		symbolizer_lookup_address(symbolizer, ours_id, *row, &ours);
		symbolizer_lookup_address(symbolizer, theirs_id, *row, &theirs);
		assert_int_equal(theirs.reason, SYM_OK);
		assert_int_equal(ours.frames_len, theirs.frames_len);
		for (size_t i = 0; i < ours.frames_len; i++)
			assert_same_frame(&ours.frames[i], &theirs.frames[i]);
		deepest = MAX(deepest, ours.frames_len);
	}
	assert_true(deepest >= 2);
	vec_free(&rows.list);
}

static void files_beside(void **state)
{
	static const char *const names[] = {"split_gcc4", "split_gcc5", "split_clang4",
					    "split_clang5"};
	char whole[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct opener opener = {0};
		_cleanup_symbolizer_ struct symbolizer *symbolizer = make(&opener, NULL);

		snprintf(whole, sizeof(whole), "%s.whole", names[i]);
		assert_equal_rows(symbolizer, names[i], whole);
		assert_int_equal(opener.opened, 2);
	}
}

static void check_package(const char *name, const char *whole)
{
	struct opener opener = {.refused = ".dwo"};
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(&opener, NULL);

	if (access(fixture_path(name), R_OK) < 0) {
		print_message("no dwp that makes %s\n", name);
		skip();
	}
	assert_equal_rows(symbolizer, name, whole);
	assert_int_equal(opener.opened, 1);
}

static void package_of_dwarf4(void **state)
{
	(void)state;
	check_package("package_gcc4", "split_gcc4.whole");
}

static void package_of_dwarf5(void **state)
{
	(void)state;
	check_package("package_clang5", "split_clang5.whole");
}

/* Symbols and lines are there even so, and what was not found is asked for again the next time. */
static void without_files(void **state)
{
	char cache[] = "/tmp/smolder-split-XXXXXX", command[64];
	uint64_t outer = fixture_symbol("split_gcc5", "chain_outer");
	struct opener opener = {.refused = ".dwo"};
	struct symbolizer *symbolizer;
	struct sym_result result;

	(void)state;
	assert_non_null(mkdtemp(cache));
	symbolizer = make(&opener, cache);
	symbolizer_lookup_address(symbolizer, fixture_add(symbolizer, "split_gcc5"), outer,
				  &result);
	assert_int_equal(result.frames_len, 1);
	assert_string_equal(result.frames[0].name, "chain_outer");
	assert_true(result.frames[0].line > 0);
	assert_int_equal(result.frames[0].start_line, 0);
	symbolizer_free(symbolizer);
	opener.refused = NULL;
	for (int i = 0; i < 2; i++) {
		symbolizer = make(&opener, cache);
		assert_equal_rows(symbolizer, "split_gcc5", "split_gcc5.whole");
		symbolizer_free(symbolizer);
	}
	assert_int_equal(opener.opened, 2); /* the second time all is in the cache */
	snprintf(command, sizeof(command), "rm -r '%s'", cache);
	assert_int_equal(system(command), 0);
}

/* A file that is another's, or none, is not believed. */
static void strangers(void **state)
{
	static const char *const names[] = {"split_gcc4_other.dwo", "chain_pie",
					    "split_gcc5_other.o"};
	uint64_t outer = fixture_symbol("split_gcc5", "chain_outer");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct opener opener = {.instead = strdup(fixture_path(names[i]))};
		struct symbolizer *symbolizer = make(&opener, NULL);
		struct sym_result result;

		symbolizer_lookup_address(symbolizer, fixture_add(symbolizer, "split_gcc5"), outer,
					  &result);
		assert_int_equal(result.frames[0].start_line, 0);
		assert_true(opener.opened > 0);
		symbolizer_free(symbolizer);
		free((char *)(uintptr_t)opener.instead);
	}
}

/* Units of types lie among the others, and functions refer to what is declared in them. */
static void type_units(void **state)
{
	static const char *const names[] = {"scopes_types4", "scopes_types5", "scopes_split_types"};

	(void)state;
	if (access(fixture_path("scopes_types4"), R_OK) < 0) {
		print_message("no g++\n");
		skip();
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct opener opener = {0};
		_cleanup_symbolizer_ struct symbolizer *symbolizer = make(&opener, NULL);

		assert_equal_rows(symbolizer, names[i], "scopes_gcc");
	}
}

/* ---- the index of a package ---- */

static void index_with_collisions(void **state)
{
	/* four slots: ids 1 and 5 both want slot 1; 5's step leads on to slot 2 */
	static const struct {
		uint32_t header[4];
		uint64_t ids[4];
		uint32_t rows[4], columns[3], offsets[2][3], sizes[2][3];
	} packed = {
		.header = {5, 3, 2, 4},
		.ids = {0, 1, 5, 0},
		.rows = {0, 1, 2, 0},
		.columns = {1, 3, 8},
		.offsets = {{10, 20, 30}, {40, 50, 60}},
	};
	struct elf_bytes bytes = {.start = (const void *)&packed, .len = sizeof(packed)};
	struct dwarf_split_row row;

	(void)state;
	assert_true(dwarf_split_find_row(&bytes, 1, &row));
	assert_int_equal(row.info, 10);
	assert_int_equal(row.rnglists, 30);
	assert_true(dwarf_split_find_row(&bytes, 5, &row));
	assert_int_equal(row.info, 40);
	assert_int_equal(row.abbrev, 50);
	assert_int_equal(row.str_offsets, 0);
	assert_false(dwarf_split_find_row(&bytes, 9, &row));
	for (bytes.len = 0; bytes.len < sizeof(packed) - 24; bytes.len++)
		if (dwarf_split_find_row(&bytes, 1, &row))
			assert_int_equal(row.info, 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_beside),
		cmocka_unit_test(package_of_dwarf4),
		cmocka_unit_test(package_of_dwarf5),
		cmocka_unit_test(without_files),
		cmocka_unit_test(strangers),
		cmocka_unit_test(type_units),
		cmocka_unit_test(index_with_collisions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
