// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What `smolder bench` says of its measurements. */
#include "profiler/bench/bench_load.h"
#include "profiler/bench/bench_paper.h"
#include "profiler/bench/process_tree.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct bench_summary summary_of(const double *values, size_t count)
{
	struct bench_numbers numbers = {0};
	struct bench_summary summary;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(bench_numbers_add(&numbers, values[i]), 0);
	summary = bench_numbers_summary(&numbers);
	bench_numbers_free(&numbers);
	return summary;
}

static void test_median_and_spread(void **state)
{
	struct bench_summary odd = summary_of((double[]){7, -1, 3}, 3);
	struct bench_summary even = summary_of((double[]){4, 1, 2, 8}, 4);

	(void)state;
	assert_int_equal(odd.count, 3);
	assert_true(odd.median == 3 && odd.least == -1 && odd.most == 7);
	assert_true(even.median == 3 && even.least == 1 && even.most == 8);
	assert_int_equal(summary_of(NULL, 0).count, 0);
}

static void fill_paper(struct bench_paper *paper)
{
	struct bench_row row = {.what = "w", .who = "us", .unit = "ns", .summary = {2, 2.5, 2, 3}};

	bench_paper_section(paper, "cost", "What it costs");
	bench_paper_row(paper, &row);
	row = (struct bench_row){.what = "w", .who = "them", .unit = "ns", .note = "not installed"};
	bench_paper_row(paper, &row);
}

static void test_rows_are_shown_and_kept(void **state)
{
	_cleanup_bench_paper_ struct bench_paper *paper = NULL;
	_cleanup_buf_ struct buf text = {0};
	_cleanup_free_ char *shown = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&shown, &len);
	json_t *json, *section, *row;

	(void)state;
	assert_non_null(out);
	assert_int_equal(bench_paper_new(out, &paper), 0);
	fill_paper(paper);
	fclose(out);
	assert_non_null(strstr(shown, "| w | us | 2.50 ns | 2.00 ns | 3.00 ns | 2 |\n"));
	assert_non_null(strstr(shown, "| w | them | not installed | | | |\n"));

	assert_int_equal(bench_paper_to_json(paper, &text), 0);
	json = json_loadb((char *)text.data, text.len, 0, NULL);
	section = json_array_get(json_object_get(json, "sections"), 0);
	assert_string_equal(json_string_value(json_object_get(section, "name")), "cost");
	row = json_array_get(json_object_get(section, "rows"), 0);
	assert_true(json_real_value(json_object_get(row, "median")) == 2.5);
	row = json_array_get(json_object_get(section, "rows"), 1);
	assert_string_equal(json_string_value(json_object_get(row, "note")), "not installed");
	assert_null(json_object_get(row, "median"));
	json_decref(json);
}

static void test_loads_work_and_end(void **state)
{
	struct bench_load_options options = {.kind = BENCH_LOAD_PLAIN, .depth = 10, .cpu = -1};
	_cleanup_bench_load_ struct bench_load load = {0};
	struct bench_load_progress before, after = {0};
	struct process_usage usage;
	struct err err;
	pid_t pid;

	(void)state;
	assert_int_equal(bench_load_start(&options, &load, &err), 0);
	assert_int_equal(bench_load_read(&load, &before), 0);
	while (after.units <= before.units)
		assert_int_equal(bench_load_read(&load, &after), 0);
	process_tree_usage(load.pid, &usage);
	assert_int_equal(usage.processes, 1);
	assert_true(usage.rss_bytes > 0);
	pid = load.pid;
	bench_load_stop(&load);
	process_tree_usage(pid, &usage);
	assert_int_equal(usage.rss_bytes, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_median_and_spread),
		cmocka_unit_test(test_rows_are_shown_and_kept),
		cmocka_unit_test(test_loads_work_and_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
