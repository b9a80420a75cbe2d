// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What was stripped off an object, found again; and what only claims to belong to it, refused. */
#include "base/fs.h"
#include "symbolize/symbolizer.h"

#include "tests/unit/symbolize_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define DIRECTORY "build/fixtures/symbolize/debug"

struct opener { /* of paths beside objects */
	size_t asked, opened;
	const char *instead; /* a file to give whatever is asked for */
};

static int open_beside(void *ctx, uint32_t owner, const char *path)
{
	struct opener *opener = ctx;
	int fd = open(opener->instead ? opener->instead : path, O_RDONLY | O_CLOEXEC);

	assert_int_equal(owner, 0);
	opener->asked++;
	opener->opened += fd >= 0;
	return fd;
}

static struct symbolizer *make(const char *directory, struct opener *opener)
{
	struct symbolizer_options options = {
		.debug_directory = directory,
		.open_debug = opener ? open_beside : NULL,
		.open_ctx = opener,
	};
	struct symbolizer *symbolizer = NULL;

	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	return symbolizer;
}

static struct sym_result look_up(struct symbolizer *symbolizer, const char *name, uint64_t offset)
{
	struct sym_result result;

	symbolizer_lookup(symbolizer, fixture_add(symbolizer, name), offset, &result);
	return result;
}

static void assert_same(const struct sym_result *a, const struct sym_result *b)
{
	assert_int_equal(a->frames_len, b->frames_len);
	for (size_t i = 0; i < a->frames_len; i++) {
		assert_string_equal(a->frames[i].name, b->frames[i].name);
		assert_int_equal(a->frames[i].line, b->frames[i].line);
		assert_int_equal(a->frames[i].start_line, b->frames[i].start_line);
		assert_non_null(a->frames[i].file);
		assert_string_equal(a->frames[i].file, b->frames[i].file);
	}
}

/* All of chain_outer, asked of an object and of the one that it was made from. */
static void assert_equals_whole(struct symbolizer *symbolizer, const char *name, const char *whole)
{
	_cleanup_symbolizer_ struct symbolizer *other = make("/nowhere", NULL);
	uint64_t start = fixture_offset(whole, fixture_symbol(whole, "chain_outer"));
	size_t deepest = 0;

	for (uint64_t offset = start; offset < start + 60; offset += 3) {
		struct sym_result ours = look_up(symbolizer, name, offset);
		struct sym_result theirs = look_up(other, whole, offset);

		assert_true(ours.frames_len > 0);
		assert_same(&ours, &theirs);
		deepest = MAX(deepest, ours.frames_len);
	}
	assert_int_equal(deepest, 3);
}

static void by_build_id(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(DIRECTORY, NULL);

	(void)state;
	assert_equals_whole(symbolizer, "chain_separate", "chain_pie");
}

/* A debug file itself, asked by address as there are no offsets in it. */
static void debug_file_alone(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make("/nowhere", NULL);
	uint64_t outer = fixture_symbol("chain_pie", "chain_outer");
	struct sym_result theirs =
		look_up(symbolizer, "chain_pie", fixture_offset("chain_pie", outer));
	struct sym_result ours;
	char path[256];
	const char *id = symbolizer_build_id(symbolizer, 0);
	int fd, object;

	(void)state;
	snprintf(path, sizeof(path), DIRECTORY "/.build-id/%.2s/%s.debug", id, id + 2);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_return_code(fd, 0);
	object = symbolizer_add_file(symbolizer, fd, path);
	close(fd);
	symbolizer_lookup_address(symbolizer, object, outer, &ours);
	assert_int_equal(ours.reason, SYM_OK);
	assert_int_equal(ours.exact_address, outer);
	assert_same(&ours, &theirs);
	symbolizer_lookup_address(symbolizer, object, UINT64_C(1) << 40, &ours);
	assert_int_equal(ours.reason, SYM_NOT_MAPPED);
}

static void by_link(void **state)
{
	struct opener opener = {0};
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make("/nowhere", &opener);

	(void)state;
	assert_equals_whole(symbolizer, "chain_linked", "chain_anonymous");
	assert_true(opener.opened > 0);
}

/* Without an opener nothing beside the object is opened; with one, only what has the checksum. */
static void links_are_not_believed(void **state)
{
	uint64_t start =
		fixture_offset("chain_anonymous", fixture_symbol("chain_anonymous", "chain_outer"));
	struct opener opener = {.instead = fixture_path("chain_dwarf4")};
	_cleanup_symbolizer_ struct symbolizer *alone = make("/nowhere", NULL);
	_cleanup_symbolizer_ struct symbolizer *misled = make("/nowhere", &opener);

	(void)state;
	opener.instead = strdup(opener.instead);
	assert_int_equal(look_up(alone, "chain_linked", start).frames_len, 0);
	assert_int_equal(look_up(misled, "chain_linked", start).frames_len, 0);
	assert_int_equal(opener.asked, 2);
	assert_int_equal(opener.opened, 2);
	free((char *)(uintptr_t)opener.instead);
}

static void another_build_id_is_refused(void **state)
{
	char path[] = "/tmp/smolder-debug-XXXXXX", command[512];
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	uint64_t start = fixture_offset("chain_pie", fixture_symbol("chain_pie", "chain_outer"));

	(void)state;
	assert_non_null(mkdtemp(path));
	/* the right name, another object's file */
	snprintf(command, sizeof(command),
		 "cp -r " DIRECTORY "/.build-id %s/ && find %s -name '*.debug' -exec cp %s {} ';'",
		 path, path, fixture_path("chain_dwarf4"));
	assert_int_equal(system(command), 0);
	symbolizer = make(path, NULL);
	assert_int_equal(look_up(symbolizer, "chain_separate", start).frames_len, 0);
	snprintf(command, sizeof(command), "rm -r '%s'", path);
	assert_int_equal(system(command), 0);
}

static void minidebuginfo(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make("/nowhere", NULL);
	uint64_t start = fixture_offset("chain_pie", fixture_symbol("chain_pie", "chain_check"));
	struct sym_result result = look_up(symbolizer, "chain_mini", start);

	(void)state;
	assert_int_equal(result.frames_len, 1);
	assert_string_equal(result.frames[0].name, "chain_check");
	assert_null(result.frames[0].file);
}

static void zstd_sections(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make("/nowhere", NULL);

	(void)state;
	assert_equals_whole(symbolizer, "chain_zstd", "chain_pie");
}

static void common_file_of_dwz(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make(DIRECTORY, NULL);
	_cleanup_symbolizer_ struct symbolizer *without = make("/nowhere", NULL);
	uint64_t start = fixture_offset("chain_pie", fixture_symbol("chain_pie", "chain_outer"));
	struct sym_result result;

	(void)state;
	if (access(fixture_path("dwz_pie"), R_OK) < 0) {
		print_message("no dwz\n");
		skip();
	}
	assert_equals_whole(symbolizer, "dwz_pie", "chain_pie");
	/* what is not in the common file stays known */
	result = look_up(without, "dwz_pie", start);
	assert_string_equal(result.frames[0].name, "chain_outer");
	assert_true(result.frames[0].line > 0);
}

/* Nothing has a name: all of a function is one place, and the next function another. */
static void stripped_functions_stay_together(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make("/nowhere", NULL);
	uint64_t outer = fixture_symbol("chain_static", "chain_outer");
	uint64_t check = fixture_symbol("chain_static", "chain_check");

	(void)state;
	for (uint64_t i = 0; i < 20; i += 5) {
		struct sym_result result = look_up(symbolizer, "chain_stripped",
						   fixture_offset("chain_static", outer + i));

		assert_int_equal(result.frames_len, 0);
		assert_int_equal(result.address, outer);
		assert_int_equal(result.exact_address, outer + i);
	}
	assert_int_equal(
		look_up(symbolizer, "chain_stripped", fixture_offset("chain_static", check + 1))
			.address,
		check);
}

/* Every entry of the table with stubs, found by asking for all of the program's code. */
static void linkage_stubs(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = make("/nowhere", NULL);
	bool seen_abort = false, seen_finalize = false;
	int fd = fixture_open("chain_lazy");
	int object = symbolizer_add_file(symbolizer, fd, "chain_lazy");

	(void)state;
	close(fd);
#ifndef __x86_64__
	print_message("stubs are told for x86-64 only\n");
	skip();
#endif
	for (uint64_t offset = 0; offset < 0x3000; offset += 8) {
		struct sym_result result;

		symbolizer_lookup(symbolizer, object, offset, &result);
		if (result.frames_len == 0)
			continue;
		seen_abort |= strcmp(result.frames[0].name, "abort@plt") == 0;
		seen_finalize |= strcmp(result.frames[0].name, "__cxa_finalize@plt") == 0;
	}
	assert_true(seen_abort);
	assert_true(seen_finalize);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_build_id),
		cmocka_unit_test(debug_file_alone),
		cmocka_unit_test(by_link),
		cmocka_unit_test(links_are_not_believed),
		cmocka_unit_test(another_build_id_is_refused),
		cmocka_unit_test(minidebuginfo),
		cmocka_unit_test(zstd_sections),
		cmocka_unit_test(common_file_of_dwz),
		cmocka_unit_test(stripped_functions_stay_together),
		cmocka_unit_test(linkage_stubs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
