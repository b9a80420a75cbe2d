// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_load.h"
#include "profiler/bench/bench_sections.h"
#include "profiler/bench/bench_tool.h"
#include "profiler/bench/bpf_programs.h"
#include "profiler/bench/process_tree.h"

#include "base/clock.h"

#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define WINDOW "5s"
#define SETTLE_MS 11000  /* two windows: tables, names and caches are new */
#define MEASURE_MS 10000 /* two windows, with their writing */
#define READY_MS_MAX 10000
#define READY_STEP_MS 50
#define STORM_PER_SECOND 100
#define LOADS_MAX 3
#define RATES 2

struct host_state {
	const char *name;
	struct bench_load_options loads[LOADS_MAX];
	size_t loads_len;
};

static const struct host_state states[] = {
	{"idle host", {{0}}, 0},
	{"busy host",
	 {{.kind = BENCH_LOAD_PLAIN, .depth = 30, .cpu = -1},
	  {.kind = BENCH_LOAD_SYSCALLS, .cpu = -1}},
	 2},
	{"fork storm",
	 {{.kind = BENCH_LOAD_PLAIN, .depth = 30, .cpu = -1},
	  {.kind = BENCH_LOAD_SYSCALLS, .cpu = -1},
	  {.kind = BENCH_LOAD_STORM, .per_second = STORM_PER_SECOND, .cpu = -1}},
	 3},
};

struct agent {
	pid_t pid;
	uint32_t program; /* id of what runs at each tick */
	char store[PATH_MAX];
};

struct agent_moment {
	uint64_t at_ns, store_bytes;
	struct process_usage usage;
	struct bpf_program_cost bpf;
};

static void agent_stop(struct agent *agent)
{
	if (agent->pid <= 0)
		return;
	kill(agent->pid, SIGTERM);
	waitpid(agent->pid, NULL, 0);
	agent->pid = 0;
}

/* None but this agent's programs are newer than the one that was the newest. */
static int wait_until_it_samples(struct agent *agent, uint32_t newest_before, struct err *err)
{
	struct bpf_program_cost cost = {0};

	for (uint32_t ms = 0; ms < READY_MS_MAX && !cost.runs; ms += READY_STEP_MS) {
		bench_sleep_ms(READY_STEP_MS);
		bpf_programs_cost(newest_before, &cost);
	}
	if (!cost.runs)
		return err_set(err, -ETIMEDOUT, "the agent did not begin to sample");
	agent->program = cost.id;
	return 0;
}

/* Without bounds: what it takes at this rate. */
static int agent_start(const struct bench_plan *plan, const char *frequency, struct agent *agent,
		       struct err *err)
{
	const char *argv[] = {"/proc/self/exe", "agent",    "--store", agent->store, "-F",
			      frequency,        "--window", WINDOW,    "--max-cpu",  "0",
			      "--max-memory",   "0",        NULL};
	uint32_t newest_before = bpf_programs_newest();
	int r;

	snprintf(agent->store, sizeof(agent->store), "%s/store.%s", plan->directory, frequency);
	r = bench_spawn(argv, NULL, &agent->pid, err);
	return r < 0 ? r : wait_until_it_samples(agent, newest_before, err);
}

/* Sums up a store's files, and removes them if asked to. */
static uint64_t sum_store(struct agent *agent, bool remove_it)
{
	char *paths[] = {agent->store, NULL};
	FTS *files = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	const FTSENT *entry;
	uint64_t sum = 0;

	while (files && (entry = fts_read(files))) {
		if (entry->fts_info == FTS_F)
			sum += (uint64_t)entry->fts_statp->st_size;
		if (remove_it && entry->fts_info != FTS_D)
			remove(entry->fts_accpath);
	}
	if (files)
		fts_close(files);
	return sum;
}

static void look(struct agent *agent, struct agent_moment *ret_moment)
{
	ret_moment->at_ns = clock_ns(CLOCK_MONOTONIC);
	ret_moment->store_bytes = sum_store(agent, false);
	process_tree_usage(agent->pid, &ret_moment->usage);
	bpf_program_cost(agent->program, &ret_moment->bpf);
}

/* ---- one state of the host, one rate ---- */

enum figure { FIGURE_CPU, FIGURE_BPF, FIGURE_RSS, FIGURE_MAPS, FIGURE_STORE, FIGURE_CNT };

static const struct {
	const char *name, *unit;
} figures[FIGURE_CNT] = {
	[FIGURE_CPU] = {"processor, all of it", "% of host"},
	[FIGURE_BPF] = {"processor, in the kernel's ticks", "% of host"},
	[FIGURE_RSS] = {"memory of its processes", "MiB"},
	[FIGURE_MAPS] = {"memory of BPF maps", "MiB"},
	[FIGURE_STORE] = {"store", "KiB/h"},
};

/* Children that end move their time from one place to another, and round it: never below the ticks' own. */
static void figures_between(const struct bench_plan *plan, const struct agent_moment *before,
			    const struct agent_moment *after, double values[FIGURE_CNT])
{
	double elapsed_ns = (double)(after->at_ns - before->at_ns);
	double host_ns = elapsed_ns * plan->cpus;
	double bpf_ns = (double)(after->bpf.ns - before->bpf.ns);
	double cpu_ns = (double)after->usage.cpu_ns - (double)before->usage.cpu_ns;

	values[FIGURE_CPU] = 100 * (MAX(cpu_ns, 0.0) + bpf_ns) / host_ns;
	values[FIGURE_BPF] = 100 * bpf_ns / host_ns;
	values[FIGURE_RSS] = (double)after->usage.rss_bytes / (1 << 20);
	values[FIGURE_MAPS] = (double)after->usage.map_bytes / (1 << 20);
	values[FIGURE_STORE] = ((double)after->store_bytes - (double)before->store_bytes) / 1024 *
			       3600 * (double)NS_PER_SEC / elapsed_ns;
}

static void report(struct bench_paper *paper, const char *state, const char *frequency,
		   const double values[FIGURE_CNT])
{
	for (size_t i = 0; i < FIGURE_CNT; i++) {
		char what[64];
		struct bench_row row = {
			.what = what,
			.who = figures[i].name,
			.unit = figures[i].unit,
			.summary = {1, values[i], values[i], values[i]},
		};

		snprintf(what, sizeof(what), "%s, %s Hz", state, frequency);
		bench_paper_row(paper, &row);
	}
}

static void stop_loads(struct bench_load (*loads)[LOADS_MAX])
{
	for (size_t i = 0; i < LOADS_MAX; i++)
		bench_load_stop(&(*loads)[i]);
}

static void stop_agents(struct agent (*agents)[RATES])
{
	for (size_t i = 0; i < RATES; i++) {
		agent_stop(&(*agents)[i]);
		sum_store(&(*agents)[i], true);
	}
}

/* Both at once, so that they see the same host. */
static int measure_agents(const struct bench_plan *plan, const char *state,
			  struct bench_paper *paper, struct err *err)
{
	static const char *const frequencies[RATES] = {"19", "99"};
	_cleanup_(stop_agents) struct agent agents[RATES] = {0};
	struct agent_moment before[RATES], after[RATES];
	double values[FIGURE_CNT];
	int r = 0;

	for (size_t i = 0; i < RATES && r == 0; i++)
		r = agent_start(plan, frequencies[i], &agents[i], err);
	if (r < 0)
		return r;
	bench_sleep_ms(SETTLE_MS);
	for (size_t i = 0; i < RATES; i++)
		look(&agents[i], &before[i]);
	bench_sleep_ms(MEASURE_MS);
	for (size_t i = 0; i < RATES; i++)
		look(&agents[i], &after[i]);
	for (size_t i = 0; i < RATES; i++) {
		figures_between(plan, &before[i], &after[i], values);
		report(paper, state, frequencies[i], values);
	}
	return 0;
}

static int measure_state(const struct bench_plan *plan, const struct host_state *state,
			 struct bench_paper *paper, struct err *err)
{
	_cleanup_(stop_loads) struct bench_load loads[LOADS_MAX] = {0};
	int r = 0;

	for (size_t i = 0; i < state->loads_len && r == 0; i++)
		r = bench_load_start(&state->loads[i], &loads[i], err);
	return r < 0 ? r : measure_agents(plan, state->name, paper, err);
}

int bench_agent(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
{
	int r = 0;

	bench_paper_section(
		paper, "agent",
		"What two agents take that run at once, with windows of 5 s instead of 60");
	for (size_t i = 0; i < ARRAY_SIZE(states) && r == 0; i++)
		r = measure_state(plan, &states[i], paper, err);
	return r;
}
