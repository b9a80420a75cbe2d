// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/perf_map.h"

#include "base/fs.h"
#include "tests/unit/symbolize_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const char *name_at(struct live_code *code, uint64_t address)
{
	struct live_code_place place;

	return live_code_find(code, address, LIVE_CODE_NOW, &place) ? place.name : "";
}

static void append(int fd, const char *text)
{
	assert_true(lseek(fd, 0, SEEK_END) >= 0);
	assert_return_code(fs_write_all(fd, text, strlen(text)), 0);
}

static void what_compilers_write(void **state)
{
	static const char text[] = "7f0000001000 40 LazyCompile:*work /srv/app.js:12:3\n"
				   "0x7f0000002000 0x20 py::main:/srv/app.py\r\n"
				   "7f0000003000 20  [CodeBlob (0x7f0000003000)]\n";
	_cleanup_close_ int fd = fixture_memfd(text, sizeof(text) - 1);
	_cleanup_(live_code_free) struct live_code code = {0};
	struct perf_map map = {0};

	(void)state;
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_string_equal(name_at(&code, 0x7f000000103f), "LazyCompile:*work /srv/app.js:12:3");
	assert_string_equal(name_at(&code, 0x7f0000001040), "");
	assert_string_equal(name_at(&code, 0x7f0000002000), "py::main:/srv/app.py");
	assert_string_equal(name_at(&code, 0x7f0000003010), "[CodeBlob (0x7f0000003000)]");
}

static void what_is_no_line_of_one(void **state)
{
	static const char text[] = "\n1000\n1000 \n1000 20\n1000 20 \n1000  20 two spaces\n"
				   "zz 20 name\n1000 zz name\n11111111111111111 20 name\n"
				   "1000 20 good\n2000 20 unfinished";
	_cleanup_close_ int fd = fixture_memfd(text, sizeof(text) - 1);
	_cleanup_(live_code_free) struct live_code code = {0};
	struct perf_map map = {0};

	(void)state;
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_int_equal(code.regions.len, 1);
	assert_string_equal(name_at(&code, 0x1000), "good");
	append(fd, " no more\n");
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_string_equal(name_at(&code, 0x2000), "unfinished no more");
	assert_int_equal(code.regions.len, 2);
}

static void appended_to(void **state)
{
	_cleanup_close_ int fd = fixture_memfd("1000 20 first\n", 14);
	_cleanup_(live_code_free) struct live_code code = {0};
	struct perf_map map = {0};

	(void)state;
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	append(fd, "1010 10 second\n");
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_int_equal(code.regions.len, 2); /* none twice */
	assert_string_equal(name_at(&code, 0x1000), "first");
	assert_string_equal(name_at(&code, 0x1010), "second");
}

/* Anew and shorter, and anew and longer: what stands there last counts. */
static void written_anew(void **state)
{
	_cleanup_close_ int fd = fixture_memfd("1000 20 old\n2000 20 gone\n", 25);
	_cleanup_(live_code_free) struct live_code code = {0};
	struct perf_map map = {0};

	(void)state;
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_return_code(ftruncate(fd, 0), 0);
	append(fd, "1000 20 new\n");
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_string_equal(name_at(&code, 0x1000), "new");
	assert_string_equal(name_at(&code, 0x2000), "gone");
	assert_return_code(ftruncate(fd, 0), 0);
	append(fd, "1000 20 newer than before\n3000 20 more\n");
	assert_return_code(perf_map_read(fd, &map, &code), 0);
	assert_string_equal(name_at(&code, 0x1000), "newer than before");
	assert_string_equal(name_at(&code, 0x3000), "more");
}

/* Lines lie across the borders of what is read at once; one is longer than that. */
static void large(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	_cleanup_buf_ struct buf text = {0};
	struct perf_map map = {0};
	char expected[32];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		buf_appendf(&text, "%x 10 function_%d\n", 0x1000 + i * 16, i);
		if (i != 10000)
			continue;
		for (int j = 0; j < 200000; j++)
			buf_append_byte(&text, 'x');
		buf_append_byte(&text, '\n');
	}
	{
		_cleanup_close_ int fd = fixture_memfd(text.data, text.len);

		assert_return_code(perf_map_read(fd, &map, &code), 0);
	}
	assert_int_equal(code.regions.len, 20000);
	for (int i = 0; i < 20000; i++) {
		snprintf(expected, sizeof(expected), "function_%d", i);
		assert_string_equal(name_at(&code, 0x1000 + (uint64_t)i * 16), expected);
	}
	assert_false(map.is_cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_compilers_write),
		cmocka_unit_test(what_is_no_line_of_one),
		cmocka_unit_test(appended_to),
		cmocka_unit_test(written_anew),
		cmocka_unit_test(large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
