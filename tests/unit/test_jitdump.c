// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/jitdump.h"

#include "base/fs.h"
#include "tests/unit/jitdump_writer.h"
#include "tests/unit/symbolize_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *name_at(struct live_code *code, uint64_t address, uint64_t time_ns)
{
	struct live_code_place place;

	return live_code_find(code, address, time_ns, &place) ? place.name : "";
}

static void loads_and_moves(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	_cleanup_buf_ struct buf file = {0};
	_cleanup_close_ int fd = -1;
	struct jitdump dump = {0};

	(void)state;
	dump_header(&file, 0);
	dump_load(&file, &(struct dump_code){0x1000, 64, 100, "first"});
	dump_prefix(&file, 77, 5, 0); /* a record of a kind to come */
	buf_append(&file, "12345", 5);
	dump_load(&file, &(struct dump_code){0x1000, 64, 200, "second"});
	dump_move(&file, 0x1000, &(struct dump_code){0x8000, 64, 300, NULL});
	fd = fixture_memfd(file.data, file.len);
	assert_true(jitdump_is(fd));
	assert_return_code(jitdump_read(fd, &dump, &code), 0);
	assert_string_equal(name_at(&code, 0x1020, LIVE_CODE_NOW), "second");
	assert_string_equal(name_at(&code, 0x1020, 150), "first");
	assert_string_equal(name_at(&code, 0x8020, LIVE_CODE_NOW), "second");
	assert_int_equal(dump.lost_cnt, 0);
}

static void assert_line(struct live_code *code, uint64_t address, const char *file, uint32_t line)
{
	struct live_code_place place;

	assert_true(live_code_find(code, address, LIVE_CODE_NOW, &place));
	assert_non_null(place.file);
	assert_string_equal(place.file, file);
	assert_int_equal(place.line, line);
}

static void lines(void **state)
{
	static const struct dump_line own[] = {
		{0x1000, 10, "a.js"}, {0x1010, 11, "\xff"}, {0x1020, 5, "b.js"}};
	/* as V8 has it: an ELF header of 64 bytes stands before the code */
	static const struct dump_line late[] = {{0x2040, 20, "c.js"}, {0x2070, 21, "c.js"}};
	static const struct dump_line stray[] = {{0x9000, 1, "d.js"}};
	_cleanup_(live_code_free) struct live_code code = {0};
	_cleanup_buf_ struct buf file = {0};
	_cleanup_close_ int fd = -1;
	struct live_code_place place;
	struct jitdump dump = {0};

	(void)state;
	dump_header(&file, 0);
	dump_lines(&file, 0x1000, own, ARRAY_SIZE(own));
	dump_load(&file, &(struct dump_code){0x1000, 64, 100, "own"});
	dump_lines(&file, 0x2000, late, ARRAY_SIZE(late));
	dump_load(&file, &(struct dump_code){0x2000, 64, 100, "late"});
	dump_lines(&file, 0x9000, stray, ARRAY_SIZE(stray));
	dump_load(&file, &(struct dump_code){0x3000, 64, 100, "other"});
	fd = fixture_memfd(file.data, file.len);
	assert_return_code(jitdump_read(fd, &dump, &code), 0);
	assert_line(&code, 0x1000, "a.js", 10);
	assert_line(&code, 0x101f, "a.js", 11);
	assert_line(&code, 0x103f, "b.js", 5);
	assert_line(&code, 0x2000, "c.js", 20);
	assert_line(&code, 0x2030, "c.js", 21);
	assert_true(live_code_find(&code, 0x3000, LIVE_CODE_NOW, &place));
	assert_null(place.file);
}

/* Lines that do not fill their record, or are of other code, are none of the function's. */
static void lines_of_nonsense(void **state)
{
	static const struct dump_line freed[] = {{0x1000, 10, "\xee\xe0"}, {0x1010, 11, "=\x01"}};
	static const struct dump_line outside[] = {{0x1000, 10, "a.js"}, {0x0fff, 11, "a.js"}};
	_cleanup_(live_code_free) struct live_code code = {0};
	_cleanup_buf_ struct buf file = {0};
	_cleanup_close_ int fd = -1;
	struct live_code_place place;
	struct jitdump dump = {0};

	(void)state;
	dump_header(&file, 0);
	dump_lines(&file, 0x1000, freed, ARRAY_SIZE(freed));
	file.data[40 + 16 + 16 + 16] = '\0'; /* the first file's name ends early */
	dump_load(&file, &(struct dump_code){0x1000, 64, 100, "freed"});
	dump_lines(&file, 0x1000, outside, ARRAY_SIZE(outside));
	dump_load(&file, &(struct dump_code){0x1000, 64, 100, "outside"});
	fd = fixture_memfd(file.data, file.len);
	assert_return_code(jitdump_read(fd, &dump, &code), 0);
	assert_int_equal(dump.lost_cnt, 1);
	assert_int_equal(code.regions.len, 2);
	assert_true(live_code_find(&code, 0x1010, LIVE_CODE_NOW, &place));
	assert_string_equal(place.name, "outside");
	assert_null(place.file);
	assert_int_equal(code.lines.len, 0);
}

/* Cut anywhere and then continued, the file says in the end what it says as a whole. */
static void read_as_it_grows(void **state)
{
	static const struct dump_line own[] = {{0x1000, 10, "a.js"}};
	_cleanup_buf_ struct buf file = {0};

	(void)state;
	dump_header(&file, 0);
	dump_load(&file, &(struct dump_code){0x3000, 8, 50, "before"});
	dump_lines(&file, 0x1000, own, ARRAY_SIZE(own));
	dump_load(&file, &(struct dump_code){0x1000, 8, 100, "own"});
	for (size_t cut = 0; cut < file.len; cut++) {
		_cleanup_(live_code_free) struct live_code code = {0};
		_cleanup_close_ int fd = fixture_memfd(file.data, cut);
		struct jitdump dump = {0};
		int r = jitdump_read(fd, &dump, &code);

		assert_int_equal(r, cut < 40 ? -ENOEXEC : 0);
		assert_true(lseek(fd, 0, SEEK_END) >= 0);
		assert_return_code(fs_write_all(fd, file.data + cut, file.len - cut), 0);
		assert_return_code(jitdump_read(fd, &dump, &code), 0);
		assert_line(&code, 0x1000, "a.js", 10);
		assert_int_equal(code.regions.len, 2);
	}
}

static void what_is_none(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	_cleanup_close_ int text = fixture_memfd("1000 20 name\n", 13);
	_cleanup_buf_ struct buf file = {0};
	_cleanup_close_ int fd = -1;
	struct jitdump dump = {0};

	(void)state;
	assert_false(jitdump_is(text));
	assert_int_equal(jitdump_read(text, &dump, &code), -ENOEXEC);
	dump_header(&file, 0);
	file.data[4] = 2; /* the version */
	fd = fixture_memfd(file.data, file.len);
	assert_int_equal(jitdump_read(fd, &dump, &code), -ENOEXEC);
}

/* A processor's own clock cannot be compared with ours: such a file is timeless. */
static void foreign_clock(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	_cleanup_buf_ struct buf file = {0};
	_cleanup_close_ int fd = -1;
	struct jitdump dump = {0};

	(void)state;
	dump_header(&file, 1);
	dump_load(&file, &(struct dump_code){0x1000, 8, 1, "first"});
	dump_load(&file, &(struct dump_code){0x1000, 8, UINT64_MAX, "second"});
	fd = fixture_memfd(file.data, file.len);
	assert_return_code(jitdump_read(fd, &dump, &code), 0);
	assert_string_equal(name_at(&code, 0x1000, 2), "second");
}

static void contradictions(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	_cleanup_buf_ struct buf file = {0};
	_cleanup_close_ int fd = -1;
	struct jitdump dump = {0};

	(void)state;
	dump_header(&file, 0);
	dump_prefix(&file, 0, 8, 0); /* a load record too short for a load */
	dump_u64(&file, 0);
	dump_prefix(&file, 1, 8, 0);
	dump_u64(&file, 0);
	dump_load(&file, &(struct dump_code){0x1000, 8, 1, "good"});
	dump_u32(&file, 0); /* a record shorter than its own prefix ends it */
	dump_u32(&file, 4);
	dump_u64(&file, 0);
	dump_load(&file, &(struct dump_code){0x2000, 8, 1, "never reached"});
	fd = fixture_memfd(file.data, file.len);
	assert_return_code(jitdump_read(fd, &dump, &code), 0);
	assert_int_equal(dump.lost_cnt, 2);
	assert_int_equal(code.regions.len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(loads_and_moves),   cmocka_unit_test(lines),
		cmocka_unit_test(lines_of_nonsense), cmocka_unit_test(read_as_it_grows),
		cmocka_unit_test(what_is_none),      cmocka_unit_test(foreign_clock),
		cmocka_unit_test(contradictions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
