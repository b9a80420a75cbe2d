// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_sequences(void **state)
{
	static const struct {
		const char *text;
		size_t len;
	} cases[] = {
		{"a", 1},
		{"\x7f", 1},
		{"\xc2\x80", 2},
		{"\xdf\xbf", 2},
		{"\xe0\xa0\x80", 3},
		{"\xed\x9f\xbf", 3},
		{"\xef\xbf\xbf", 3},
		{"\xf0\x90\x80\x80", 4},
		{"\xf4\x8f\xbf\xbf", 4},
		{"", 0},
		{"\x80", 0},     /* a continuation alone */
		{"\xc0\x80", 0}, /* overlong */
		{"\xc1\xbf", 0},
		{"\xe0\x9f\xbf", 0},
		{"\xf0\x8f\xbf\xbf", 0},
		{"\xed\xa0\x80", 0},     /* a surrogate */
		{"\xf4\x90\x80\x80", 0}, /* above U+10FFFF */
		{"\xf8\x88\x80\x80\x80", 0},
		{"\xe2\x82", 0}, /* cut */
		{"\xe2\x28\xa1", 0},
		{"\xff", 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(utf8_sequence_len(cases[i].text, strlen(cases[i].text)),
				 cases[i].len);
}

static void assert_appends(void (*append)(struct buf *, const char *, size_t), const char *text,
			   size_t len, const char *wanted)
{
	struct buf out = {0};

	append(&out, text, len);
	buf_append_byte(&out, 0);
	assert_string_equal((char *)out.data, wanted);
	buf_free(&out);
}

static void test_append(void **state)
{
	(void)state;
	assert_appends(utf8_append, "plain \t;\n", 9, "plain \t;\n");
	assert_appends(utf8_append, "\xc3\xa9\xff\xe2\x82", 5,
		       "\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
	assert_appends(utf8_append, "", 0, "");
}

static void test_append_folded(void **state)
{
	(void)state;
	assert_appends(utf8_append_folded, "a;b\0\n\x1b\x7f", 7, "a:b____");
	assert_appends(utf8_append_folded, "\xc2\x80\xc2\x9f\xc2\xa0", 6, "__\xc2\xa0");
	assert_appends(utf8_append_folded, "\xff", 1, "\xef\xbf\xbd");
}

static void test_append_json(void **state)
{
	(void)state;
	assert_appends(utf8_append_json, "a\"b\\c\n</x>\0", 11,
		       "\"a\\\"b\\\\c\\u000a\\u003c/x>\\u0000\"");
	assert_appends(utf8_append_json, "\xe2\x80\xa8\xe2\x80\xa9\xc3\xa9\xff", 9,
		       "\"\\u2028\\u2029\xc3\xa9\xef\xbf\xbd\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sequences),
		cmocka_unit_test(test_append),
		cmocka_unit_test(test_append_folded),
		cmocka_unit_test(test_append_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
