// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/live_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void add(struct live_code *code, uint64_t start, uint64_t len, const char *name)
{
	live_code_add(code,
		      &(struct live_code_news){
			      .start = start, .len = len, .name = name, .name_len = strlen(name)});
}

static void add_at(struct live_code *code, uint64_t start, const char *name, uint64_t time_ns)
{
	live_code_add(code, &(struct live_code_news){.start = start,
						     .len = 16,
						     .time_ns = time_ns,
						     .name = name,
						     .name_len = strlen(name)});
}

static void add_line(struct live_code *code, uint32_t offset, const char *file, uint32_t line)
{
	live_code_add_line(code, &(struct live_code_line_news){.offset = offset,
							       .line = line,
							       .file = file,
							       .file_len = strlen(file)});
}

static const char *name_at(struct live_code *code, uint64_t address, uint64_t time_ns)
{
	struct live_code_place place;

	return live_code_find(code, address, time_ns, &place) ? place.name : "";
}

static const char *now_at(struct live_code *code, uint64_t address)
{
	return name_at(code, address, LIVE_CODE_NOW);
}

static void the_later_region_wins(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};

	(void)state;
	assert_string_equal(now_at(&code, 0), "");
	add(&code, 0x1000, 0x100, "whole");
	add(&code, 0x1040, 0x10, "inside");
	add(&code, 0x10f0, 0x20, "across the end");
	assert_string_equal(now_at(&code, 0xfff), "");
	assert_string_equal(now_at(&code, 0x1000), "whole");
	assert_string_equal(now_at(&code, 0x1040), "inside");
	assert_string_equal(now_at(&code, 0x104f), "inside");
	assert_string_equal(now_at(&code, 0x1050), "whole");
	assert_string_equal(now_at(&code, 0x10f0), "across the end");
	assert_string_equal(now_at(&code, 0x110f), "across the end");
	assert_string_equal(now_at(&code, 0x1110), "");
	add(&code, 0x0ff0, 0x30, "before and into");
	assert_string_equal(now_at(&code, 0x101f), "before and into");
	assert_string_equal(now_at(&code, 0x1020), "whole");
	add(&code, 0x0f00, 0x1000, "over all");
	assert_string_equal(now_at(&code, 0x1045), "over all");
}

/* Any order of many overlapping regions gives what painting them one after the other would. */
static void as_painted(void **state)
{
	enum { WIDTH = 512, COUNT = 300 };
	_cleanup_(live_code_free) struct live_code code = {0};
	int painted[WIDTH];
	uint32_t random = 1;

	(void)state;
	memset(painted, -1, sizeof(painted));
	for (int i = 0; i < COUNT; i++) {
		uint32_t start, len;
		char name[16];

		random = random * 1664525 + 1013904223;
		start = random >> 16 & (WIDTH - 1);
		len = 1 + (random >> 8 & 31);
		snprintf(name, sizeof(name), "%d", i);
		add(&code, start, len, name);
		for (uint32_t at = start; at < start + len && at < WIDTH; at++)
			painted[at] = i;
	}
	for (int at = 0; at < WIDTH; at++) {
		char expected[16] = "";

		if (painted[at] >= 0)
			snprintf(expected, sizeof(expected), "%d", painted[at]);
		assert_string_equal(now_at(&code, (uint64_t)at), expected);
	}
}

static void at_its_time(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};

	(void)state;
	add_at(&code, 0x1000, "first", 100);
	add_at(&code, 0x1000, "second", 200);
	add_at(&code, 0x1008, "third", 300);
	assert_string_equal(name_at(&code, 0x1008, 250), "second");
	assert_string_equal(name_at(&code, 0x1008, 199), "first");
	assert_string_equal(name_at(&code, 0x1008, 300), "third");
	assert_string_equal(name_at(&code, 0x1008, 50), "third"); /* none had come: the last */
	assert_string_equal(name_at(&code, 0x1000, LIVE_CODE_NOW), "second");
}

static void lines(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	struct live_code_place place;

	(void)state;
	add_line(&code, 8, "b.js", 20);
	add_line(&code, 4, "a.js", 10);
	add(&code, 0x1000, 16, "with");
	add(&code, 0x2000, 16, "without");
	assert_true(live_code_find(&code, 0x1003, LIVE_CODE_NOW, &place));
	assert_null(place.file);
	assert_true(live_code_find(&code, 0x1007, LIVE_CODE_NOW, &place));
	assert_string_equal(place.file, "a.js");
	assert_int_equal(place.line, 10);
	assert_true(live_code_find(&code, 0x100f, LIVE_CODE_NOW, &place));
	assert_string_equal(place.file, "b.js");
	assert_true(live_code_find(&code, 0x2000, LIVE_CODE_NOW, &place));
	assert_null(place.file);
}

static void moved(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	struct live_code_news to = {.start = 0x3000, .len = 16, .time_ns = 200};
	struct live_code_place place;

	(void)state;
	add_line(&code, 0, "a.js", 10);
	add_at(&code, 0x1000, "wanderer", 100);
	live_code_move(&code, 0x7000, &to); /* of nothing */
	assert_string_equal(now_at(&code, 0x3000), "");
	live_code_move(&code, 0x1000, &to);
	assert_true(live_code_find(&code, 0x3004, LIVE_CODE_NOW, &place));
	assert_string_equal(place.name, "wanderer");
	assert_string_equal(place.file, "a.js");
	add_line(&code, 0, "b.js", 1);
	add(&code, 0x4000, 16, "next");
	assert_true(live_code_find(&code, 0x3004, LIVE_CODE_NOW, &place));
	assert_string_equal(place.file, "a.js");
	assert_true(live_code_find(&code, 0x4004, LIVE_CODE_NOW, &place));
	assert_string_equal(place.file, "b.js");
}

static void nonsense_is_left_out(void **state)
{
	_cleanup_(live_code_free) struct live_code code = {0};
	struct live_code_place place;

	(void)state;
	add(&code, 0x1000, 0, "empty");
	add(&code, 0x1000, (uint64_t)LIVE_CODE_LEN_MAX + 1, "enormous");
	add(&code, UINT64_MAX - 4, 16, "beyond the end");
	add_line(&code, 0, "lost.js", 1);
	add(&code, 0x1000, 16, "");
	add(&code, 0x1000, 16, "good");
	assert_int_equal(code.regions.len, 1);
	assert_true(live_code_find(&code, 0x1000, LIVE_CODE_NOW, &place));
	assert_null(place.file);
	assert_int_equal(code.dropped_cnt, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_later_region_wins),
		cmocka_unit_test(as_painted),
		cmocka_unit_test(at_its_time),
		cmocka_unit_test(lines),
		cmocka_unit_test(moved),
		cmocka_unit_test(nonsense_is_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
