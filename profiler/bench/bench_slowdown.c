// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_load.h"
#include "profiler/bench/bench_sections.h"
#include "profiler/bench/bench_tool.h"

#define WITHOUT_MS 250
#define WITH_MS 500
#define DEPTH 30

/* Both at once, on CPUs of their own where there are two. */
static const struct {
	const char *name;
	enum bench_load_kind kind;
} programs[] = {
	{"computing", BENCH_LOAD_PLAIN},
	{"system calls", BENCH_LOAD_SYSCALLS},
};

#define PROGRAMS ARRAY_SIZE(programs)

static const enum bench_tool_kind kinds[] = {BENCH_TOOL_SMOLDER, BENCH_TOOL_PERF,
					     BENCH_TOOL_PERF_DWARF, BENCH_TOOL_BPFTRACE};

struct slowdown {
	const struct bench_plan *plan;
	uint32_t frequency_hz;
	struct bench_load loads[PROGRAMS];
	struct bench_numbers percent[ARRAY_SIZE(kinds)][PROGRAMS];
};

static void slowdown_done(struct slowdown *slowdown)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		bench_load_stop(&slowdown->loads[i]);
	for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++)
		for (size_t i = 0; i < PROGRAMS; i++)
			bench_numbers_free(&slowdown->percent[kind][i]);
}

static int start_loads(struct slowdown *slowdown, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < PROGRAMS && r == 0; i++) {
		struct bench_load_options options = {
			.kind = programs[i].kind,
			.depth = DEPTH,
			.cpu = (int)(i % slowdown->plan->cpus),
			.urgent = true,
		};

		r = bench_load_start(&options, &slowdown->loads[i], err);
	}
	return r;
}

/* ns a unit of work takes each program, over some time from now. */
static int unit_costs(const struct slowdown *slowdown, uint32_t ms, double costs[PROGRAMS])
{
	struct bench_load_progress before[PROGRAMS], after[PROGRAMS];
	int r = 0;

	for (size_t i = 0; i < PROGRAMS && r == 0; i++)
		r = bench_load_read(&slowdown->loads[i], &before[i]);
	bench_sleep_ms(ms);
	for (size_t i = 0; i < PROGRAMS && r == 0; i++)
		r = bench_load_read(&slowdown->loads[i], &after[i]);
	for (size_t i = 0; i < PROGRAMS && r == 0; i++) {
		uint64_t units = after[i].units - before[i].units;

		costs[i] = (double)(after[i].busy_ns - before[i].busy_ns) /
			   (double)(units ? units : 1);
	}
	return r;
}

/* Before, with, and after: what the host itself does in the meantime mostly cancels out. */
static int measure(struct slowdown *slowdown, size_t kind)
{
	struct bench_tool_options options = {
		.kind = kinds[kind],
		.frequency_hz = slowdown->frequency_hz,
		.directory = slowdown->plan->directory,
	};
	_cleanup_bench_tool_ struct bench_tool tool = {0};
	double before[PROGRAMS], with[PROGRAMS], after[PROGRAMS];
	struct err ignored;
	int r = unit_costs(slowdown, WITHOUT_MS, before);

	if (r < 0)
		return r;
	if (bench_tool_start(&options, &tool, &ignored) < 0)
		return 0; /* its row stays empty */
	r = unit_costs(slowdown, WITH_MS, with);
	(void)bench_tool_stop(&tool);
	if (r == 0)
		r = unit_costs(slowdown, WITHOUT_MS, after);
	for (size_t i = 0; i < PROGRAMS && r == 0; i++)
		r = bench_numbers_add(&slowdown->percent[kind][i],
				      100 * (2 * with[i] / (before[i] + after[i]) - 1));
	return r;
}

static void report(struct slowdown *slowdown, struct bench_paper *paper)
{
	for (size_t i = 0; i < PROGRAMS; i++)
		for (size_t kind = 0; kind < ARRAY_SIZE(kinds); kind++) {
			char what[64];
			struct bench_row row = {
				.what = what, .who = bench_tool_name(kinds[kind]), .unit = "%"};

			snprintf(what, sizeof(what), "%s, %u Hz", programs[i].name,
				 slowdown->frequency_hz);
			row.note = bench_tool_is_here(kinds[kind]) ? NULL : "not installed";
			bench_paper_numbers(paper, &row, &slowdown->percent[kind][i]);
		}
}

static int measure_frequency(const struct bench_plan *plan, uint32_t frequency_hz,
			     struct bench_paper *paper, struct err *err)
{
	_cleanup_(slowdown_done) struct slowdown slowdown = {.plan = plan,
							     .frequency_hz = frequency_hz};
	int r = start_loads(&slowdown, err);

	for (uint32_t round = 0; round < plan->rounds && r == 0; round++)
		for (size_t kind = 0; kind < ARRAY_SIZE(kinds) && r == 0; kind++)
			if (bench_tool_is_here(kinds[kind]))
				r = measure(&slowdown, kind);
	if (r < 0)
		return err_errno(err, r, "cannot measure the slowdown");
	report(&slowdown, paper);
	return 0;
}

int bench_slowdown(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
{
	static const uint32_t frequencies_hz[] = {19, 99, 499, 999};
	_cleanup_(bench_calm) _unused_ int nice = bench_hurry();
	int r = 0;

	bench_paper_section(paper, "slowdown",
			    "How much slower programs run while the host is profiled");
	for (size_t i = 0; i < ARRAY_SIZE(frequencies_hz) && r == 0; i++)
		r = measure_frequency(plan, frequencies_hz[i], paper, err);
	return r;
}
