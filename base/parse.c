// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/parse.h"

#include <errno.h>
#include <string.h>

#define NSEC_PER_SEC UINT64_C(1000000000)

struct unit {
	const char *name;
	uint64_t factor;
};

static int digit_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

int parse_u64_len(const char *text, size_t len, unsigned int base, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned int digit = (unsigned int)digit_value(text[i]);

		if (digit >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, digit, &value))
			return -ERANGE;
	}
	*ret_value = value;
	return 0;
}

int parse_u64(const char *text, uint64_t *ret_value)
{
	return parse_u64_len(text, strlen(text), 10, ret_value);
}

int parse_u32(const char *text, uint32_t *ret_value)
{
	uint64_t value;
	int r = parse_u64(text, &value);

	if (r < 0)
		return r;
	if (value > UINT32_MAX)
		return -ERANGE;
	*ret_value = (uint32_t)value;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(units[i].name, name) == 0)
			return &units[i];
	return NULL;
}

/*
 * The value of the digits behind a decimal point, in 1/`factor` and rounded down: "5" of 1000 is 500.
 * Eighteen digits, all that a u64 surely holds, are more than any unit's factor can tell apart.
 */
static int parse_fraction(const char *digits, size_t len, uint64_t factor, uint64_t *ret_value)
{
	uint64_t value = 0, whole = 1;

	if (!len || strspn(digits, "0123456789") < len)
		return -EINVAL;
	for (size_t i = 0; i < MIN(len, (size_t)18); i++) {
		value = value * 10 + (uint64_t)(digits[i] - '0');
		whole *= 10;
	}
	*ret_value = (uint64_t)((unsigned __int128)value * factor / whole);
	return 0;
}

static int parse_with_unit(const char *text, const struct unit *units, size_t count,
			   uint64_t *ret_value)
{
	size_t whole = strspn(text, "0123456789"), end = whole;
	uint64_t value, fraction = 0;
	const struct unit *unit;
	int r;

	if (text[whole] == '.')
		end = whole + 1 + strspn(text + whole + 1, "0123456789");
	unit = find_unit(units, count, text + end);
	if (!unit)
		return -EINVAL;
	r = parse_u64_len(text, whole, 10, &value);
	if (r == 0 && end > whole)
		r = parse_fraction(text + whole + 1, end - whole - 1, unit->factor, &fraction);
	if (r < 0)
		return r;
	if (__builtin_mul_overflow(value, unit->factor, &value) ||
	    __builtin_add_overflow(value, fraction, &value))
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int parse_duration_ns(const char *text, uint64_t *ret_ns)
{
	static const struct unit units[] = {
		{"", NSEC_PER_SEC},         {"ms", NSEC_PER_SEC / 1000},
		{"s", NSEC_PER_SEC},        {"m", 60 * NSEC_PER_SEC},
		{"h", 3600 * NSEC_PER_SEC}, {"d", 24 * 3600 * NSEC_PER_SEC},
	};

	return parse_with_unit(text, units, ARRAY_SIZE(units), ret_ns);
}

int parse_size_bytes(const char *text, uint64_t *ret_bytes)
{
	static const struct unit units[] = {
		{"", 1},
		{"B", 1},
		{"K", UINT64_C(1) << 10},
		{"KB", UINT64_C(1) << 10},
		{"KiB", UINT64_C(1) << 10},
		{"M", UINT64_C(1) << 20},
		{"MB", UINT64_C(1) << 20},
		{"MiB", UINT64_C(1) << 20},
		{"G", UINT64_C(1) << 30},
		{"GB", UINT64_C(1) << 30},
		{"GiB", UINT64_C(1) << 30},
		{"T", UINT64_C(1) << 40},
		{"TB", UINT64_C(1) << 40},
		{"TiB", UINT64_C(1) << 40},
	};

	return parse_with_unit(text, units, ARRAY_SIZE(units), ret_bytes);
}

int parse_percent_ppm(const char *text, uint64_t *ret_ppm)
{
	static const struct unit units[] = {{"%", 10000}, {"", 10000}};

	return parse_with_unit(text, units, ARRAY_SIZE(units), ret_ppm);
}
