// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/when.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define S UINT64_C(1000000000)
#define NOW (UINT64_C(1795230720) * S) /* 2026-11-21 03:12:00 UTC */

/* Central Europe, by a rule that needs no time zone files. */
#define BERLIN "CET-1CEST,M3.5.0,M10.5.0/3"

static void set_zone(const char *zone)
{
	assert_int_equal(setenv("TZ", zone, 1), 0);
	tzset();
}

struct when_case {
	const char *text;
	uint64_t ns;
};

static void check(const struct when_case *cases, size_t len, uint64_t now_ns)
{
	for (size_t i = 0; i < len; i++) {
		uint64_t ns = 0;
		int r = when_parse(cases[i].text, now_ns, WHEN_EARLIER, &ns);

		if (r < 0 || ns != cases[i].ns)
			fail_msg("'%s': %d, %llu, not %llu", cases[i].text, r,
				 (unsigned long long)ns, (unsigned long long)cases[i].ns);
	}
}

static void test_utc(void **state)
{
	static const struct when_case cases[] = {
		{"now", NOW},
		{"-0", NOW},
		{"-10m", NOW - 600 * S},
		{"-1h30m", NOW - 5400 * S},
		{"-1.5h", NOW - 5400 * S},
		{"-90", NOW - 90 * S},
		{"-1d", NOW - 86400 * S},
		{"03:12", NOW},
		{"03:12:00", NOW},
		{"03:11:59.25", NOW - S + S / 4},
		{"03:12:01", NOW - 86399 * S},
		{"23:00", NOW - (4 * 3600 + 12 * 60) * S},
		{"today", NOW - (3 * 3600 + 12 * 60) * S},
		{"today 01:00", NOW - (2 * 3600 + 12 * 60) * S},
		{"today 23:59", NOW + (20 * 3600 + 47 * 60) * S},
		{"yesterday", NOW - (27 * 3600 + 12 * 60) * S},
		{"yesterday 14:00", NOW - (13 * 3600 + 12 * 60) * S},
		{"2026-11-21", NOW - (3 * 3600 + 12 * 60) * S},
		{"2026-11-21 03:12", NOW},
		{"2026-11-21T03:12:00", NOW},
		{"2026-11-21T03:12:00Z", NOW},
		{"2026-11-21T04:12:00+01:00", NOW},
		{"2026-11-21 04:12:00 +0100", NOW},
		{"2026-11-20T19:42-0730", NOW},
		{"2026-11-21T05:12+02", NOW},
		{"2026-11-21T03:12:00.123456789999Z", NOW + 123456789},
		{"2024-02-29", UINT64_C(1709164800) * S},
		{"1795230720", NOW},
		{"1795230720.5", NOW + S / 2},
		{"@5", 5 * S},
		{"@0.000000001", 1},
	};

	(void)state;
	set_zone("UTC0");
	check(cases, sizeof(cases) / sizeof(cases[0]), NOW);
}

static void test_no_times(void **state)
{
	static const char *const texts[] = {
		"",
		"-",
		"--10m",
		"-10x",
		"-1h30",
		"-99999999999999999999",
		"-99999d",
		"soon",
		"12",
		"12345678",
		"@",
		"@-5",
		"@1.",
		"99999999999999",
		"3:12",
		"03:12x",
		"24:00",
		"03:60",
		"03:12:60",
		"03:12:00.",
		"03:12Z",
		"tomorrow",
		"today14:00",
		"yesterday ",
		"2026-11-21T",
		"2026-13-01",
		"2026-02-29",
		"2026-00-10",
		"2026-1-1",
		"2026-11-21 03",
		"2026-11-21T03:12:00+1",
		"2026-11-21T03:12:00+25:00",
		"2026-11-21T03:12:00Zulu",
		"1960-01-01",
		"now ",
	};

	(void)state;
	set_zone("UTC0");
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		uint64_t ns = 42;

		if (when_parse(texts[i], NOW, WHEN_EARLIER, &ns) != -EINVAL || ns != 42)
			fail_msg("'%s' is a time: %llu", texts[i], (unsigned long long)ns);
	}
}

static void test_local(void **state)
{
	static const struct when_case cases[] = {
		{"04:12", NOW},
		{"today", NOW - (4 * 3600 + 12 * 60) * S},
		{"2026-07-01 12:00", UINT64_C(1782900000) * S}, /* 10:00 UTC: summer time */
		{"2026-11-21T03:12:00Z", NOW},
	};

	(void)state;
	set_zone(BERLIN);
	check(cases, sizeof(cases) / sizeof(cases[0]), NOW);
}

static void assert_edges(const char *text, uint64_t earlier_s, uint64_t later_s)
{
	uint64_t earlier = 0, later = 0;

	assert_int_equal(when_parse(text, NOW, WHEN_EARLIER, &earlier), 0);
	assert_int_equal(when_parse(text, NOW, WHEN_LATER, &later), 0);
	assert_int_equal(earlier / S, earlier_s);
	assert_int_equal(later / S, later_s);
}

/* Clocks are set at 01:00 UTC, on 2026-10-25 from 03:00 to 02:00, on 2026-03-29 from 02:00 to 03:00. */
static void test_summer_time(void **state)
{
	(void)state;
	set_zone(BERLIN);
	assert_edges("2026-10-25 02:30", 1792888200, 1792891800);
	assert_edges("2026-10-25 03:30", 1792895400, 1792895400);
	assert_edges("2026-03-29 02:30", 1774744200, 1774747800);
	assert_edges("2026-03-29 01:30", 1774744200, 1774744200);
}

/* The day before the day that clocks are set has 24 hours, that day 25. */
static void test_days_around_summer_time(void **state)
{
	static const uint64_t monday_noon = UINT64_C(1793012400); /* 2026-10-26 12:00 +0100 */
	static const struct when_case cases[] = {
		{"today", (monday_noon - 12 * 3600) * S},
		{"yesterday", (monday_noon - 37 * 3600) * S},
		{"13:00", (monday_noon - 23 * 3600) * S},
	};

	(void)state;
	set_zone(BERLIN);
	check(cases, sizeof(cases) / sizeof(cases[0]), monday_noon * S);
}

static void assert_span(const char *from, const char *to, uint64_t from_ns, uint64_t to_ns)
{
	struct when_span span = {0};
	struct err err = {""};

	if (when_parse_span(from, to, NOW, &span, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(span.from_ns, from_ns);
	assert_int_equal(span.to_ns, to_ns);
}

static void test_spans(void **state)
{
	(void)state;
	set_zone("UTC0");
	assert_span(NULL, NULL, 0, UINT64_MAX);
	assert_span("-10m", NULL, NOW - 600 * S, UINT64_MAX);
	assert_span(NULL, "now", 0, NOW);
	assert_span("03:00", "03:10", NOW - 720 * S, NOW - 120 * S);
	assert_span("03:00", "04:00", NOW - 720 * S, NOW + 2880 * S);
	assert_span("23:00", "01:00", NOW - 15120 * S, NOW - 7920 * S);
	assert_span("yesterday 14:00", "14:30", NOW - 47520 * S, NOW - 45720 * S);
	assert_span(NULL, "04:00", 0, NOW - (86400 - 2880) * S);
}

static void assert_no_span(const char *from, const char *to, const char *message)
{
	struct when_span span = {0};
	struct err err = {""};

	assert_int_equal(when_parse_span(from, to, NOW, &span, &err), -EINVAL);
	assert_non_null(strstr(err.text, message));
}

static void test_no_spans(void **state)
{
	(void)state;
	set_zone("UTC0");
	assert_no_span("soon", NULL, "'soon' is not a time");
	assert_no_span(NULL, "later", "'later' is not a time");
	assert_no_span("-1h", "-2h", "'-1h' is not before '-2h'");
	assert_no_span("now", "now", "is not before");
	assert_no_span(NULL, "@0", "is not before");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_utc),
		cmocka_unit_test(test_no_times),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_summer_time),
		cmocka_unit_test(test_days_around_summer_time),
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_no_spans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
