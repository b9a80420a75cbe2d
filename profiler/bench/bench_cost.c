// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_load.h"
#include "profiler/bench/bench_sections.h"
#include "profiler/bench/bench_tool.h"
#include "profiler/bench/bpf_programs.h"

#include <errno.h>

#define FREQUENCY_HZ 499
#define MEASURE_MS 700
#define POINTERS_DEPTH_MAX 100 /* the kernel's own walk ends at 127 */
#define CPUS_MAX 1024

struct loads {
	VEC(struct bench_load) items;
};

static void loads_stop(struct loads *loads)
{
	vec_for_each(&loads->items, load)
		bench_load_stop(load);
	vec_free(&loads->items);
}

/* One on each CPU, so that nearly all ticks are its own. */
static int start_everywhere(const struct bench_plan *plan, enum bench_load_kind kind,
			    uint32_t depth, struct loads *loads, struct err *err)
{
	int r = 0;

	for (uint32_t cpu = 0; cpu < MIN(plan->cpus, (uint32_t)CPUS_MAX) && r == 0; cpu++) {
		struct bench_load_options options = {
			.kind = kind, .depth = depth, .cpu = (int)cpu, .urgent = true};
		struct bench_load load = {0};

		r = bench_load_start(&options, &load, err);
		if (r == 0 && vec_push(&loads->items, load) < 0) {
			bench_load_stop(&load);
			r = err_errno(err, -ENOMEM, "cannot keep the loads");
		}
	}
	return r;
}

/* The median of the programs' own numbers; a profiler that fails leaves its row empty. */
static int measure(const struct bench_plan *plan, enum bench_tool_kind kind,
		   struct bench_numbers *numbers)
{
	struct bench_tool_options options = {
		.kind = kind, .frequency_hz = FREQUENCY_HZ, .directory = plan->directory};
	_cleanup_bench_tool_ struct bench_tool tool = {0};
	struct bpf_program_cost before, after;
	struct err ignored;

	if (bench_tool_start(&options, &tool, &ignored) < 0)
		return 0;
	bpf_programs_cost(tool.newest_before, &before);
	bench_sleep_ms(MEASURE_MS);
	bpf_programs_cost(tool.newest_before, &after);
	if (after.runs == before.runs)
		return 0;
	return bench_numbers_add(numbers, (double)(after.ns - before.ns) /
						  (double)(after.runs - before.runs));
}

static int measure_round(const struct bench_plan *plan, uint32_t depth, enum bench_tool_kind kind,
			 struct bench_numbers *numbers)
{
	bool by_tables = kind == BENCH_TOOL_SMOLDER;
	_cleanup_(loads_stop) struct loads loads = {0};
	struct err err;
	int r = start_everywhere(plan, by_tables ? BENCH_LOAD_PLAIN : BENCH_LOAD_POINTERS, depth,
				 &loads, &err);

	return r < 0 ? r : measure(plan, kind, numbers);
}

static const enum bench_tool_kind kinds[] = {BENCH_TOOL_SMOLDER, BENCH_TOOL_SMOLDER_POINTERS,
					     BENCH_TOOL_BPFTRACE};

static bool applies(enum bench_tool_kind kind, uint32_t depth)
{
	return bench_tool_is_here(kind) &&
	       (kind == BENCH_TOOL_SMOLDER || depth <= POINTERS_DEPTH_MAX);
}

static int measure_depth(const struct bench_plan *plan, uint32_t depth, struct bench_paper *paper)
{
	struct bench_numbers numbers[ARRAY_SIZE(kinds)] = {0};
	char what[32];
	int r = 0;

	for (uint32_t round = 0; round < plan->rounds; round++)
		for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++)
			if (applies(kinds[i], depth))
				r = measure_round(plan, depth, kinds[i], &numbers[i]);
	snprintf(what, sizeof(what), "%u calls", depth);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct bench_row row = {
			.what = what, .who = bench_tool_name(kinds[i]), .unit = "ns"};

		row.note = bench_tool_is_here(kinds[i]) ? NULL : "not installed";
		if (depth <= POINTERS_DEPTH_MAX || kinds[i] == BENCH_TOOL_SMOLDER)
			bench_paper_numbers(paper, &row, &numbers[i]);
		bench_numbers_free(&numbers[i]);
	}
	return r;
}

int bench_cost(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
{
	static const uint32_t depths[] = {5, 20, 40, 100, 300};
	_cleanup_(bench_calm) _unused_ int nice = bench_hurry();
	int r = 0;

	bench_paper_section(paper, "cost",
			    "What a sample costs in the kernel, by depth of the user stack");
	for (size_t i = 0; i < ARRAY_SIZE(depths) && r == 0; i++)
		r = measure_depth(plan, depths[i], paper);
	return r < 0 ? err_errno(err, r, "cannot measure what a sample costs") : 0;
}
