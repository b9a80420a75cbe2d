// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/parse.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define UNTOUCHED UINT64_C(0x5a5a5a5a)
#define MS UINT64_C(1000000)
#define S (1000 * MS)

struct parse_case {
	const char *text;
	int r;
	uint64_t value;
};

static void check(int (*parse)(const char *, uint64_t *), const struct parse_case *cases,
		  size_t len)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t value = UNTOUCHED;
		int r = parse(cases[i].text, &value);

		if (r != cases[i].r || value != (r ? UNTOUCHED : cases[i].value))
			fail_msg("'%s': %d, %llu", cases[i].text, r, (unsigned long long)value);
	}
}

static void numbers(void **state)
{
	static const struct parse_case cases[] = {
		{"0", 0, 0},
		{"007", 0, 7},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999999", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"+1", -EINVAL, 0},
		{" 1", -EINVAL, 0},
		{"1 ", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1a", -EINVAL, 0},
		{"1.0", -EINVAL, 0},
	};

	(void)state;
	check(parse_u64, cases, ARRAY_SIZE(cases));
}

static void small_numbers(void **state)
{
	uint32_t value = 77;

	(void)state;
	assert_int_equal(parse_u32("4294967295", &value), 0);
	assert_int_equal(value, UINT32_MAX);
	value = 77;
	assert_int_equal(parse_u32("4294967296", &value), -ERANGE);
	assert_int_equal(parse_u32("99999999999999999999", &value), -ERANGE);
	assert_int_equal(parse_u32("x", &value), -EINVAL);
	assert_int_equal(value, 77);
}

static void a_part_in_base_16(void **state)
{
	uint64_t value = UNTOUCHED;

	(void)state;
	assert_int_equal(parse_u64_len("7fFFzz", 4, 16, &value), 0);
	assert_int_equal(value, 0x7fff);
	assert_int_equal(parse_u64_len("ffffffffffffffff", 16, 16, &value), 0);
	assert_true(value == UINT64_MAX);
	assert_int_equal(parse_u64_len("10000000000000000", 17, 16, &value), -ERANGE);
	assert_int_equal(parse_u64_len("7fFFzz", 5, 16, &value), -EINVAL);
	assert_int_equal(parse_u64_len("12a", 3, 10, &value), -EINVAL);
	assert_int_equal(parse_u64_len("12", 0, 10, &value), -EINVAL);
}

static void durations(void **state)
{
	static const struct parse_case cases[] = {
		{"10", 0, 10 * S},
		{"0.5", 0, 500 * MS},
		{"0.1", 0, 100 * MS},
		{"250ms", 0, 250 * MS},
		{"0.25ms", 0, 250000},
		{"60s", 0, 60 * S},
		{"1.5m", 0, 90 * S},
		{"2h", 0, 7200 * S},
		{"7d", 0, 7 * 86400 * S},
		{"0.123456789", 0, 123456789},
		{"0.1234567899", 0, 123456789},
		{"0", 0, 0},
		{"213503d", 0, UINT64_C(213503) * 86400 * S},
		{"213504d", -ERANGE, 0},
		{"18446744073.709551615", 0, UINT64_MAX},
		{"18446744073.709551616", -ERANGE, 0},
		{"", -EINVAL, 0},
		{".5", -EINVAL, 0},
		{"5.", -EINVAL, 0},
		{"1.5.5", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"5 s", -EINVAL, 0},
		{"5us", -EINVAL, 0},
		{"5S", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"1e3", -EINVAL, 0},
		{"99999999999999999999", -ERANGE, 0},
	};

	(void)state;
	check(parse_duration_ns, cases, ARRAY_SIZE(cases));
}

static void sizes(void **state)
{
	static const struct parse_case cases[] = {
		{"4096", 0, 4096},
		{"1B", 0, 1},
		{"64K", 0, 65536},
		{"64KB", 0, 65536},
		{"64KiB", 0, 65536},
		{"64M", 0, UINT64_C(64) << 20},
		{"2G", 0, UINT64_C(2) << 30},
		{"1TiB", 0, UINT64_C(1) << 40},
		{"0.5K", 0, 512},
		{"0.700000000000000000000000000001K", 0, 716},
		{"1.5G", 0, UINT64_C(3) << 29},
		{"0.25M", 0, UINT64_C(1) << 18},
		{"0.000001T", 0, 1099511},
		{"0.0000000000000000000000000000000000001T", 0, 0},
		{"0.9999999999999999999999999999999999999K", 0, 1023},
		{"16777215T", 0, UINT64_C(16777215) << 40},
		{"16777216T", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"64k", -EINVAL, 0},
		{"64 K", -EINVAL, 0},
		{"64Ki", -EINVAL, 0},
		{"K", -EINVAL, 0},
		{"-1K", -EINVAL, 0},
		{"1.K", -EINVAL, 0},
	};

	(void)state;
	check(parse_size_bytes, cases, ARRAY_SIZE(cases));
}

static void percents_are_parts_per_million(void **state)
{
	uint64_t ppm = 1;

	(void)state;
	assert_int_equal(parse_percent_ppm("0.5%", &ppm), 0);
	assert_int_equal(ppm, 5000);
	assert_int_equal(parse_percent_ppm("100", &ppm), 0);
	assert_int_equal(ppm, 1000000);
	assert_int_equal(parse_percent_ppm("0.0001%", &ppm), 0);
	assert_int_equal(ppm, 1);
	assert_int_equal(parse_percent_ppm("-1%", &ppm), -EINVAL);
	assert_int_equal(parse_percent_ppm("1%%", &ppm), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percents_are_parts_per_million),
		cmocka_unit_test(numbers),
		cmocka_unit_test(small_numbers),
		cmocka_unit_test(a_part_in_base_16),
		cmocka_unit_test(durations),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
