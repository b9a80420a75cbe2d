// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/wire.h"

#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_written_as_the_encoding_guide_has_it(void **state)
{
	struct buf out = {0};

	(void)state;
	wire_put_varint(&out, 1, 150);
	wire_put_bytes(&out, 2, "testing", 7);
	wire_put_packed(&out, 6, (uint64_t[]){3, 270, 86942}, 3);
	wire_put_varint(&out, 3, 0);
	wire_put_packed(&out, 4, NULL, 0);
	assert_int_equal(out.len, 20);
	assert_memory_equal(out.data, "\x08\x96\x01\x12\x07testing\x32\x06\x03\x8e\x02\x9e\xa7\x05",
			    20);
	buf_free(&out);
}

static struct wire wire_of(const char *bytes, size_t len)
{
	const unsigned char *start = (const unsigned char *)bytes;

	return (struct wire){.at = start, .end = start + len};
}

static void test_reads_every_type(void **state)
{
	static const char bytes[] = "\x08\x96\x01"
				    "\x11\1\0\0\0\0\0\0\x80"
				    "\x1a\2ok"
				    "\x25\1\0\0\x80";
	struct wire wire = wire_of(bytes, sizeof(bytes) - 1);
	struct wire_field field;

	(void)state;
	assert_int_equal(wire_next(&wire, &field), 1);
	assert_int_equal(field.number, 1);
	assert_int_equal(field.value, 150);
	assert_int_equal(wire_next(&wire, &field), 1);
	assert_int_equal(field.type, WIRE_FIXED64);
	assert_true(field.value == UINT64_C(0x8000000000000001));
	assert_int_equal(wire_next(&wire, &field), 1);
	assert_int_equal(field.bytes.end - field.bytes.at, 2);
	assert_memory_equal(field.bytes.at, "ok", 2);
	assert_int_equal(wire_next(&wire, &field), 1);
	assert_int_equal(field.value, 0x80000001u);
	assert_int_equal(wire_next(&wire, &field), 0);
}

static void test_refuses_broken_bytes(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
	} cases[] = {
		{"\x08", 1},                                          /* no value */
		{"\x08\x80", 2},                                      /* half a number */
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, /* 65 bits */
		{"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 12},
		{"\x00\x01", 2},   /* field 0 */
		{"\x0b", 1},       /* a group */
		{"\x0f\x00", 2},   /* type 7 */
		{"\x12\x05ok", 4}, /* longer than there is */
		{"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
		{"\x11\0\0\0", 4},
		{"\x25\0", 2},
		{"\x80\x80\x80\x80\x10\x00", 6}, /* a field number of 30 bits */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct wire wire = wire_of(cases[i].bytes, cases[i].len);
		struct wire_field field;

		assert_int_equal(wire_next(&wire, &field), -EINVAL);
	}
}

static void test_largest_number(void **state)
{
	struct buf out = {0};
	struct wire wire;
	uint64_t value;

	(void)state;
	buf_append_varint(&out, UINT64_MAX);
	wire = (struct wire){.at = out.data, .end = out.data + out.len};
	assert_int_equal(wire_next_varint(&wire, &value), 1);
	assert_true(value == UINT64_MAX);
	assert_int_equal(wire_next_varint(&wire, &value), 0);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_written_as_the_encoding_guide_has_it),
		cmocka_unit_test(test_reads_every_type),
		cmocka_unit_test(test_refuses_broken_bytes),
		cmocka_unit_test(test_largest_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
