// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/ledger.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* The example of docs/FORMATS.md. */
static const char example[] =
	"{\"version\":1,\"event\":\"cpu-clock\",\"frequency_hz\":99,\"duration_ns\":5000000000,"
	"\"cpus\":2,"
	"\"samples\":{\"expected\":990,\"recorded\":700,\"idle\":290,\"filtered\":0,\"skipped\":0,"
	"\"offline\":0,\"lost\":{\"REASON\":0}},"
	"\"stacks\":{\"user\":600,\"user_complete\":597,\"incomplete\":{\"REASON\":3},\"kernel\":"
	"200,"
	"\"distinct\":321,\"rescued_collisions\":4},"
	"\"frames\":{\"distinct\":2100,\"named\":2088,\"unnamed\":{\"REASON\":12},"
	"\"left_out\":{\"REASON\":1}},"
	"\"self\":{\"bpf_ns_per_sample\":1800,\"cpu_ns\":12000000,\"rss_bytes\":23000000,"
	"\"map_bytes\":30000000},"
	"\"sandbox\":{\"workers\":210,\"failed\":{\"REASON\":2}}}";

static struct ledger read_example(void)
{
	struct ledger ledger;
	struct err err;

	assert_int_equal(ledger_from_json(example, strlen(example), &ledger, &err), 0);
	return ledger;
}

static void test_json_both_ways(void **state)
{
	struct ledger ledger = read_example();
	struct buf out = {0};

	(void)state;
	assert_string_equal(ledger.event, "cpu-clock");
	assert_int_equal(ledger.samples.recorded, 700);
	assert_int_equal(ledger_reasons_sum(&ledger.frames.unnamed), 12);
	assert_int_equal(ledger.self.map_bytes, 30000000);
	ledger_to_json(&ledger, &out);
	buf_append_byte(&out, 0);
	assert_string_equal((char *)out.data, example);
	buf_free(&out);
}

static void test_json_refuses(void **state)
{
	static const struct {
		const char *json, *message;
	} cases[] = {
		{"[1]", "not a JSON object"},
		{"{\"event\":7}", "'event'"},
		{"{\"event\":\"0123456789012345678901234567890123456789\"}", "'event'"},
		{"{\"cpus\":-1}", "'cpus'"},
		{"{\"cpus\":4294967296}", "'cpus'"},
		{"{\"samples\":{\"idle\":\"many\"}}", "'idle'"},
		{"{\"samples\":{\"lost\":[]}}", "'lost'"},
		{"{\"samples\":{\"lost\":{\"x\":1.5}}}", "'lost'"},
		{"{\"cpus\":1", "ledger: not a JSON object (byte 9)"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ledger ledger = {.cpus = 77};
		struct err err = {""};

		assert_int_equal(
			ledger_from_json(cases[i].json, strlen(cases[i].json), &ledger, &err),
			-EINVAL);
		assert_non_null(strstr(err.text, cases[i].message));
		assert_int_equal(ledger.cpus, 77);
	}
}

static void test_json_unknown_and_missing(void **state)
{
	static const char json[] =
		"{\"event\":\"cycles\",\"future\":{\"x\":[1]},\"samples\":{\"idle\":3}}";
	struct ledger ledger;

	(void)state;
	assert_int_equal(ledger_from_json(json, strlen(json), &ledger, NULL), 0);
	assert_int_equal(ledger.samples.idle, 3);
	assert_int_equal(ledger.samples.recorded, 0);
}

static void test_gap(void **state)
{
	struct ledger ledger = read_example();

	(void)state;
	assert_int_equal(ledger_gap(&ledger), 0);
	ledger_reasons_add(&ledger.samples.lost, "ring full", 5);
	assert_int_equal(ledger_gap(&ledger), -5);
	ledger.samples.expected += 12;
	assert_int_equal(ledger_gap(&ledger), 7);
}

static void test_too_many_reasons_keep_the_sum(void **state)
{
	struct ledger_reasons reasons = {0};
	char name[LEDGER_REASON_LEN + 8];

	(void)state;
	for (int i = 0; i < LEDGER_REASONS_MAX + 10; i++) {
		snprintf(name, sizeof(name), "reason %d", i);
		ledger_reasons_add(&reasons, name, 2);
	}
	assert_int_equal(reasons.len, LEDGER_REASONS_MAX);
	assert_int_equal(ledger_reasons_sum(&reasons), 2 * (LEDGER_REASONS_MAX + 10));
	assert_string_equal(reasons.items[LEDGER_REASONS_MAX - 1].name, "other");
	assert_int_equal(reasons.items[LEDGER_REASONS_MAX - 1].count, 22);
	assert_int_equal(reasons.items[0].count, 2);
}

static void test_long_reason_is_other(void **state)
{
	struct ledger_reasons reasons = {0};
	char name[LEDGER_REASON_LEN + 8];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[LEDGER_REASON_LEN] = '\0';
	ledger_reasons_add(&reasons, name, 1);
	assert_string_equal(reasons.items[0].name, "other");
	name[LEDGER_REASON_LEN - 1] = '\0';
	ledger_reasons_add(&reasons, name, 1);
	assert_string_equal(reasons.items[1].name, name);
}

static void test_merge(void **state)
{
	struct ledger a = read_example(), b = read_example(), none = {0};

	(void)state;
	b.frequency_hz = 49;
	b.cpus = 8;
	b.self.rss_bytes = 1;
	b.self.bpf_ns_per_sample = 800;
	ledger_merge(&a, &b);
	assert_int_equal(a.frequency_hz, 0);
	assert_int_equal(a.cpus, 8);
	assert_int_equal(a.samples.recorded, 1400);
	assert_int_equal(a.duration_ns, 10000000000);
	assert_int_equal(a.self.rss_bytes, 23000000);
	assert_int_equal(a.self.bpf_ns_per_sample, 1300);
	assert_int_equal(ledger_reasons_sum(&a.stacks.incomplete), 6);
	assert_int_equal(a.sandbox.workers, 420);
	assert_int_equal(ledger_reasons_sum(&a.sandbox.failed), 4);
	assert_int_equal(ledger_gap(&a), 0);
	ledger_merge(&a, &none);
	assert_int_equal(a.samples.recorded, 1400);
	ledger_merge(&none, &a);
	assert_memory_equal(&none, &a, sizeof(a));
}

static void assert_line(const struct ledger *ledger, const char *text)
{
	struct buf line = {0};

	ledger_to_line(ledger, &line);
	buf_append_byte(&line, 0);
	assert_string_equal((char *)line.data, text);
	buf_free(&line);
}

static void test_line(void **state)
{
	struct ledger ledger = read_example();

	(void)state;
	assert_line(&ledger, "990 ticks due: 700 recorded, 290 idle; nothing lost; "
			     "2 times a worker failed at an object");
	ledger.sandbox.failed.len = 0;
	assert_line(&ledger, "990 ticks due: 700 recorded, 290 idle; nothing lost");
	ledger_reasons_add(&ledger.samples.lost, "ring full", 4);
	ledger_reasons_add(&ledger.samples.lost, "map full", 1);
	assert_line(&ledger,
		    "990 ticks due: 700 recorded, 290 idle; 5 lost (REASON 0, ring full 4, "
		    "map full 1); 5 more than due");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_both_ways),
		cmocka_unit_test(test_json_refuses),
		cmocka_unit_test(test_json_unknown_and_missing),
		cmocka_unit_test(test_gap),
		cmocka_unit_test(test_too_many_reasons_keep_the_sum),
		cmocka_unit_test(test_long_reason_is_other),
		cmocka_unit_test(test_merge),
		cmocka_unit_test(test_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
