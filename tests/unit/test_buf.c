// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/buf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_holds(const struct buf *buf, const char *text)
{
	assert_int_equal(buf->len, strlen(text));
	assert_memory_equal(buf->data, text, buf->len);
	assert_int_equal(buf_error(buf), 0);
}

static void appends_bytes_text_and_numbers(void **state)
{
	_cleanup_buf_ struct buf buf = {0};

	(void)state;
	buf_append(&buf, "abc", 2);
	buf_append_str(&buf, "CD");
	buf_append_byte(&buf, '-');
	buf_appendf(&buf, "%d/%s", 42, "x");
	assert_holds(&buf, "abCD-42/x");
}

static void takes_nothing(void **state)
{
	_cleanup_buf_ struct buf buf = {0};

	(void)state;
	buf_append(&buf, NULL, 0);
	buf_append_str(&buf, "");
	buf_appendf(&buf, "%s", "");
	assert_int_equal(buf.len, 0);
	assert_int_equal(buf_error(&buf), 0);
}

static void keeps_all_bytes_as_it_grows(void **state)
{
	_cleanup_buf_ struct buf buf = {0};

	(void)state;
	for (unsigned int i = 0; i < 100000; i++)
		buf_append_byte(&buf, (unsigned char)(i * 7));
	assert_int_equal(buf.len, 100000);
	for (unsigned int i = 0; i < 100000; i++)
		assert_int_equal(buf.data[i], (unsigned char)(i * 7));
	assert_true(buf.cap < 4 * buf.len);
}

static void formats_text_longer_than_its_room(void **state)
{
	_cleanup_buf_ struct buf buf = {0};

	(void)state;
	buf_appendf(&buf, "%01000d|", 7);
	assert_int_equal(buf.len, 1001);
	assert_int_equal(buf.data[999], '7');
	assert_int_equal(buf.data[1000], '|');
}

static void a_varint_has_seven_bits_a_byte(void **state)
{
	static const struct {
		uint64_t value;
		const char *bytes;
		size_t len;
	} cases[] = {
		{0, "\x00", 1},
		{1, "\x01", 1},
		{127, "\x7f", 1},
		{128, "\x80\x01", 2},
		{300, "\xac\x02", 2},
		{UINT32_MAX, "\xff\xff\xff\xff\x0f", 5},
		{UINT64_MAX, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_buf_ struct buf buf = {0};

		buf_append_varint(&buf, cases[i].value);
		assert_int_equal(buf.len, cases[i].len);
		assert_memory_equal(buf.data, cases[i].bytes, buf.len);
	}
}

static void fills_up_to_its_cap_exactly(void **state)
{
	_cleanup_buf_ struct buf buf = {.max_len = 8};

	(void)state;
	buf_append_str(&buf, "1234");
	buf_appendf(&buf, "%d", 5678);
	assert_holds(&buf, "12345678");
	buf_append(&buf, "", 0);
	assert_int_equal(buf_error(&buf), 0);
	buf_append_byte(&buf, '9');
	assert_int_equal(buf_error(&buf), -EFBIG);
	assert_int_equal(buf.len, 8);
}

static void a_failure_sticks_until_cleared(void **state)
{
	_cleanup_buf_ struct buf buf = {.max_len = 4};

	(void)state;
	buf_append_str(&buf, "12345");
	assert_int_equal(buf_error(&buf), -EFBIG);
	buf_append_byte(&buf, 'x'); /* would fit */
	buf_appendf(&buf, "x");
	assert_null(buf_room(&buf, 1));
	assert_int_equal(buf.len, 0);
	buf_clear(&buf);
	buf_append_str(&buf, "1234");
	assert_holds(&buf, "1234");
}

static void refuses_sizes_that_wrap_around(void **state)
{
	_cleanup_buf_ struct buf buf = {0};

	(void)state;
	buf_append_str(&buf, "abc");
	assert_null(buf_room(&buf, SIZE_MAX));
	assert_int_equal(buf_error(&buf), -ENOMEM);
	buf_clear(&buf);
	assert_null(buf_room(&buf, SIZE_MAX - 1000));
	assert_int_equal(buf_error(&buf), -ENOMEM);
}

static void room_is_where_the_next_byte_goes(void **state)
{
	_cleanup_buf_ struct buf buf = {0};
	char *room;

	(void)state;
	buf_append_str(&buf, "ab");
	room = buf_room(&buf, 1000);
	assert_ptr_equal(room, buf.data + 2);
	assert_int_equal(buf.len, 2);
	memset(room, 'c', 1000);
	buf.len += 1000;
	assert_int_equal(buf.data[1001], 'c');
}

static void is_usable_after_free(void **state)
{
	struct buf buf = {.max_len = 4};

	(void)state;
	buf_append_str(&buf, "abcde");
	buf_free(&buf);
	assert_int_equal(buf_error(&buf), 0);
	assert_int_equal(buf.max_len, 4);
	buf_append_str(&buf, "abcd");
	assert_holds(&buf, "abcd");
	buf_free(&buf);
	buf_free(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(appends_bytes_text_and_numbers),
		cmocka_unit_test(takes_nothing),
		cmocka_unit_test(keeps_all_bytes_as_it_grows),
		cmocka_unit_test(formats_text_longer_than_its_room),
		cmocka_unit_test(a_varint_has_seven_bits_a_byte),
		cmocka_unit_test(fills_up_to_its_cap_exactly),
		cmocka_unit_test(a_failure_sticks_until_cleared),
		cmocka_unit_test(refuses_sizes_that_wrap_around),
		cmocka_unit_test(room_is_where_the_next_byte_goes),
		cmocka_unit_test(is_usable_after_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
