// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Both kinds of file, through the symbolizer's door. */
#include "symbolize/jit_names.h"

#include "symbolize/symbolizer.h"
#include "tests/unit/jitdump_writer.h"
#include "tests/unit/symbolize_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void make(struct symbolizer **ret_symbolizer)
{
	assert_return_code(symbolizer_new(NULL, ret_symbolizer), 0);
}

static int add(struct symbolizer *symbolizer, const void *data, size_t len)
{
	_cleanup_close_ int fd = fixture_memfd(data, len);

	return symbolizer_add_jit(symbolizer, fd, "perf-1.map", UINT64_MAX);
}

static void a_perf_map(void **state)
{
	static const char text[] = "7f0000001000 40 _ZN3app4workEv\n";
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	struct sym_result result;
	int object;

	(void)state;
	make(&symbolizer);
	object = add(symbolizer, text, sizeof(text) - 1);
	symbolizer_lookup(symbolizer, object, 0x7f000000103f, &result);
	assert_int_equal(result.reason, SYM_OK);
	assert_int_equal(result.frames_len, 1);
	assert_string_equal(result.frames[0].name, "_ZN3app4workEv"); /* as it says */
	assert_int_equal(result.address, 0x7f000000103f);
	symbolizer_lookup(symbolizer, object, 0x7f0000001040, &result);
	assert_int_equal(result.reason, SYM_NOT_IN_JIT);
	assert_string_equal(sym_reason_name(result.reason), "not in the perf map");
}

static void a_jitdump(void **state)
{
	static const struct dump_line lines[] = {{0x1000, 10, "a.js"}};
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	_cleanup_buf_ struct buf file = {0};
	struct sym_result result;

	(void)state;
	dump_header(&file, 0);
	dump_lines(&file, 0x1000, lines, ARRAY_SIZE(lines));
	dump_load(&file, &(struct dump_code){0x1000, 64, 100, "work"});
	make(&symbolizer);
	symbolizer_lookup(symbolizer, add(symbolizer, file.data, file.len), 0x1010, &result);
	assert_int_equal(result.reason, SYM_OK);
	assert_string_equal(result.frames[0].name, "work");
	assert_string_equal(result.frames[0].file, "a.js");
	assert_int_equal(result.frames[0].line, 10);
}

static const char *name_at(const struct buf *file, uint64_t time_ns)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	_cleanup_close_ int fd = fixture_memfd(file->data, file->len);
	struct sym_result result;

	make(&symbolizer);
	symbolizer_lookup(symbolizer, symbolizer_add_jit(symbolizer, fd, "jit-1.dump", time_ns),
			  0x1010, &result);
	assert_int_equal(result.reason, SYM_OK);
	return strcmp(result.frames[0].name, "early") == 0 ? "early" : "late";
}

static void code_that_came_later_was_not_sampled(void **state)
{
	_cleanup_buf_ struct buf file = {0};

	(void)state;
	dump_header(&file, 0);
	dump_load(&file, &(struct dump_code){0x1000, 64, 100, "early"});
	dump_load(&file, &(struct dump_code){0x1000, 64, 200, "late"});
	assert_string_equal(name_at(&file, UINT64_MAX), "late");
	assert_string_equal(name_at(&file, 200), "late");
	assert_string_equal(name_at(&file, 199), "early");
	assert_string_equal(name_at(&file, 99), "late"); /* better than nothing */
}

static void what_is_lost_is_counted(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	_cleanup_buf_ struct buf file = {0};
	struct sym_losses losses;
	struct sym_result result;

	(void)state;
	dump_header(&file, 0);
	dump_prefix(&file, 0, 8, 0);
	dump_u64(&file, 0);
	make(&symbolizer);
	symbolizer_lookup(symbolizer, add(symbolizer, file.data, file.len), 0x1010, &result);
	assert_int_equal(result.reason, SYM_NOT_IN_JIT);
	symbolizer_losses(symbolizer, &losses);
	assert_int_equal(losses.jit_functions, 1);
}

static void no_file(void **state)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	struct sym_result result;

	(void)state;
	make(&symbolizer);
	symbolizer_lookup(symbolizer, symbolizer_add_jit(symbolizer, -1, "perf-1.map", 5), 0x1010,
			  &result);
	assert_int_equal(result.reason, SYM_NO_FILE);
}

static void updated(void **state)
{
	struct jit_names names = {.fd = -1};
	struct live_code_place place;
	int fd = fixture_memfd("1000 20 first\n", 14);

	(void)state;
	assert_return_code(jit_names_open(fd, &names), 0);
	assert_true(live_code_find(&names.code, 0x1000, LIVE_CODE_NOW, &place));
	assert_string_equal(place.name, "first");
	assert_int_equal(pwrite(fd, "1000 20 second\n", 15, 14), 15);
	assert_return_code(jit_names_update(&names), 0);
	assert_true(live_code_find(&names.code, 0x1000, LIVE_CODE_NOW, &place));
	assert_string_equal(place.name, "second");
	jit_names_close(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_perf_map),
		cmocka_unit_test(a_jitdump),
		cmocka_unit_test(code_that_came_later_was_not_sampled),
		cmocka_unit_test(what_is_lost_is_counted),
		cmocka_unit_test(no_file),
		cmocka_unit_test(updated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
