// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/fs.h"
#include "formats/ledger.h"
#include "profiler/bench/bench_sections.h"
#include "profiler/bench/bench_tool.h"
#include "profiler/bench/perf_script.h"

#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#define FREQUENCY_HZ 499
#define MEASURE_MS 700
#define LEDGER_LEN_MAX (1 << 20)

struct program {
	const char *name;
	const char *argv[5];
};

/* What most hosts have, none of it with frame pointers on most distributions. */
static const struct program programs[] = {
	{"python3", {"python3", "-c", "while True: sorted(str(i) for i in range(999))", NULL}},
	{"perl", {"perl", "-e", "while (1) { join ',', sort map { $_ * 7 } 1 .. 999 }", NULL}},
	{"openssl", {"openssl", "speed", "-seconds", "60", NULL}},
	{"bash", {"bash", "-c", "while :; do x=${BASHPID//1/2}; done", NULL}},
	{"awk", {"awk", "BEGIN { while (1) x = x \"a\" == \"b\" ? 1 : substr(x, 1, 9) }", NULL}},
};

struct completeness {
	uint64_t stacks, complete;
};

static void end_program(pid_t *pid)
{
	if (*pid <= 0)
		return;
	kill(*pid, SIGKILL);
	waitpid(*pid, NULL, 0);
}

/* Where threads begin, with names that stripped libraries export too. */
static bool is_base(const char *line)
{
	static const char *const names[] = {"__libc_start", "_start", "clone", "start_thread"};

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		if (strstr(line, names[i]))
			return true;
	return false;
}

/* _start itself is nameless in stripped programs: its callee is as good. */
static void add_perf_sample(void *ctx, const struct perf_sample *sample)
{
	struct completeness *completeness = ctx;

	completeness->stacks++;
	completeness->complete += is_base(sample->outer[0]) || is_base(sample->outer[1]);
}

static int read_ledger(const char *directory, struct completeness *ret_completeness)
{
	_cleanup_buf_ struct buf text = {0};
	char path[PATH_MAX];
	struct ledger ledger;
	struct err ignored;
	int r;

	snprintf(path, sizeof(path), "%s/ledger.json", directory);
	r = fs_read_file(path, LEDGER_LEN_MAX, &text);
	if (r == 0)
		r = ledger_from_json((char *)text.data, text.len, &ledger, &ignored);
	if (r == 0)
		*ret_completeness =
			(struct completeness){ledger.stacks.user, ledger.stacks.user_complete};
	return r;
}

static int read_result(enum bench_tool_kind kind, const char *directory,
		       struct completeness *completeness)
{
	return kind == BENCH_TOOL_SMOLDER ?
		       read_ledger(directory, completeness) :
		       perf_script_read(directory, add_perf_sample, completeness);
}

static int measure(const struct bench_plan *plan, enum bench_tool_kind kind, pid_t pid,
		   struct bench_numbers *numbers)
{
	struct bench_tool_options options = {.kind = kind,
					     .frequency_hz = FREQUENCY_HZ,
					     .pid = pid,
					     .directory = plan->directory};
	_cleanup_bench_tool_ struct bench_tool tool = {0};
	struct completeness completeness = {0};
	struct err ignored;

	if (bench_tool_start(&options, &tool, &ignored) < 0)
		return 0;
	bench_sleep_ms(MEASURE_MS);
	(void)bench_tool_stop(&tool);
	if (read_result(kind, plan->directory, &completeness) < 0 || !completeness.stacks)
		return 0;
	return bench_numbers_add(numbers, 100.0 * (double)completeness.complete /
						  (double)completeness.stacks);
}

static const enum bench_tool_kind kinds[] = {BENCH_TOOL_SMOLDER, BENCH_TOOL_PERF_DWARF,
					     BENCH_TOOL_PERF};

static int measure_program(const struct bench_plan *plan, const struct program *program,
			   struct bench_paper *paper, struct err *err)
{
	struct bench_numbers numbers[ARRAY_SIZE(kinds)] = {0};
	_cleanup_(end_program) pid_t pid = 0;
	int r = bench_spawn(program->argv, NULL, &pid, err);

	if (r < 0)
		return r;
	for (uint32_t round = 0; round < plan->rounds && r == 0; round++)
		for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++)
			if (bench_tool_is_here(kinds[i]))
				r = measure(plan, kinds[i], pid, &numbers[i]);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct bench_row row = {
			.what = program->name, .who = bench_tool_name(kinds[i]), .unit = "%"};

		row.note = bench_tool_is_here(kinds[i]) ? NULL : "not installed";
		bench_paper_numbers(paper, &row, &numbers[i]);
		bench_numbers_free(&numbers[i]);
	}
	return r;
}

int bench_completeness(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
{
	int r = 0;

	bench_paper_section(paper, "completeness", "Which share of user stacks reaches its base");
	for (size_t i = 0; i < ARRAY_SIZE(programs) && r == 0; i++)
		if (bench_is_in_path(programs[i].argv[0]))
			r = measure_program(plan, &programs[i], paper, err);
	return r < 0 ? err_errno(err, r, "cannot measure completeness") : 0;
}
