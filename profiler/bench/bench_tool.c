// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_tool.h"

#include "base/clock.h"
#include "profiler/bench/bench_stop.h"
#include "profiler/bench/bpf_programs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define READY_MS_MAX 15000
#define READY_STEP_MS 50
#define SETTLE_MS 300 /* perf begins to sample right behind its first write */
#define END_MS_MAX 60000
#define LOOK_MS 20 /* a sleep looks that often whether the bench is to end */
#define ARGS_MAX 24
#define HURRY_NICE -15

struct tool_text {
	const char *name, *program;
};

static const struct tool_text *text_of(enum bench_tool_kind kind)
{
	static const struct tool_text texts[BENCH_TOOL_CNT] = {
		[BENCH_TOOL_SMOLDER] = {"smolder", NULL},
		[BENCH_TOOL_SMOLDER_POINTERS] = {"smolder --call-graph fp", NULL},
		[BENCH_TOOL_PERF] = {"perf record -g", "perf"},
		[BENCH_TOOL_PERF_DWARF] = {"perf record --call-graph dwarf", "perf"},
		[BENCH_TOOL_BPFTRACE] = {"bpftrace", "bpftrace"},
	};

	return &texts[kind];
}

const char *bench_tool_name(enum bench_tool_kind kind)
{
	return text_of(kind)->name;
}

/* As execvp() would look for it. */
bool bench_is_in_path(const char *program)
{
	const char *path = getenv("PATH");

	while (path && *path) {
		size_t len = strcspn(path, ":");
		char candidate[PATH_MAX];

		snprintf(candidate, sizeof(candidate), "%.*s/%s", (int)len, path, program);
		if (access(candidate, X_OK) == 0)
			return true;
		path += len + (path[len] == ':');
	}
	return false;
}

bool bench_tool_is_here(enum bench_tool_kind kind)
{
	return !text_of(kind)->program || bench_is_in_path(text_of(kind)->program);
}

static void nap_ms(uint32_t ms)
{
	struct timespec time = timespec_of_ns(ms * NS_PER_MS);

	nanosleep(&time, NULL);
}

void bench_sleep_ms(uint32_t ms)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC), end_ns = now_ns + ms * NS_PER_MS;

	for (; now_ns < end_ns && !bench_stop_wanted(); now_ns = clock_ns(CLOCK_MONOTONIC))
		nap_ms((uint32_t)MIN((end_ns - now_ns) / NS_PER_MS + 1, (uint64_t)LOOK_MS));
}

int bench_hurry(void)
{
	int nice = getpriority(PRIO_PROCESS, 0);

	setpriority(PRIO_PROCESS, 0, HURRY_NICE);
	return nice;
}

void bench_calm(const int *nice)
{
	setpriority(PRIO_PROCESS, 0, *nice);
}

/* It is ended by signals, though ours wait, or are ignored, as in the background of a script. */
static int spawn(const char *const argv[], const posix_spawn_file_actions_t *actions,
		 pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int r;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	r = -posix_spawnp(ret_pid, argv[0], actions, &attributes, (char *const *)(uintptr_t)argv,
			  environ);
	posix_spawnattr_destroy(&attributes);
	return r;
}

int bench_spawn(const char *const argv[], const char *output, pid_t *ret_pid, struct err *err)
{
	posix_spawn_file_actions_t actions;
	int r;

	if (bench_stop_wanted())
		return err_set(err, -EINTR, "interrupted");
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, 1, output ? output : "/dev/null",
					 O_WRONLY | O_CREAT | O_TRUNC, 0600);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	r = spawn(argv, &actions, ret_pid);
	posix_spawn_file_actions_destroy(&actions);
	return r < 0 ? err_errno(err, r, "cannot start '%s'", argv[0]) : 0;
}

/* ---- command lines ---- */

struct command_line {
	const char *args[ARGS_MAX];
	size_t len;
	char frequency[16], pid[16];
	char output[PATH_MAX], ledger[PATH_MAX];
	char script[160];
};

static void add(struct command_line *line, const char *arg)
{
	if (line->len < ARGS_MAX - 1)
		line->args[line->len++] = arg;
}

static void add_target(struct command_line *line, const struct bench_tool_options *options)
{
	if (!options->pid) {
		add(line, "-a");
		return;
	}
	add(line, "-p");
	add(line, line->pid);
}

static void describe_smolder(struct command_line *line, const struct bench_tool_options *options)
{
	snprintf(line->output, sizeof(line->output), "%s/out.folded", options->directory);
	snprintf(line->ledger, sizeof(line->ledger), "%s/ledger.json", options->directory);
	add(line, "/proc/self/exe");
	add(line, "record");
	add(line, "-q");
	add(line, "-F");
	add(line, line->frequency);
	add_target(line, options);
	if (options->kind == BENCH_TOOL_SMOLDER_POINTERS) {
		add(line, "--call-graph");
		add(line, "fp");
	}
	add(line, "-o");
	add(line, line->output);
	add(line, "--ledger");
	add(line, line->ledger);
}

/* With build-ids from the kernel: perf 6.1 dies of collecting them on kernels that tell them anyway. */
static void describe_perf(struct command_line *line, const struct bench_tool_options *options)
{
	snprintf(line->output, sizeof(line->output), "%s/perf.data", options->directory);
	add(line, "perf");
	add(line, "record");
	add(line, "-q");
	add(line, "--buildid-mmap");
	add(line, "-e");
	add(line, "cpu-clock");
	add(line, "-F");
	add(line, line->frequency);
	add_target(line, options);
	if (options->kind == BENCH_TOOL_PERF_DWARF)
		add(line, "--call-graph=dwarf");
	else
		add(line, "-g");
	add(line, "-o");
	add(line, line->output);
}

static void describe_bpftrace(struct command_line *line, const struct bench_tool_options *options)
{
	snprintf(line->script, sizeof(line->script),
		 "profile:hz:%s { @[ustack(perf, 127), kstack(perf, 127), comm] = count(); }",
		 line->frequency);
	snprintf(line->output, sizeof(line->output), "%s/bpftrace.out", options->directory);
	add(line, "bpftrace");
	add(line, "-o");
	add(line, line->output);
	add(line, "-e");
	add(line, line->script);
}

static void describe(struct command_line *line, const struct bench_tool_options *options)
{
	snprintf(line->frequency, sizeof(line->frequency), "%u", options->frequency_hz);
	snprintf(line->pid, sizeof(line->pid), "%d", (int)options->pid);
	switch (options->kind) {
	case BENCH_TOOL_SMOLDER:
	case BENCH_TOOL_SMOLDER_POINTERS:
		describe_smolder(line, options);
		break;
	case BENCH_TOOL_PERF:
	case BENCH_TOOL_PERF_DWARF:
		describe_perf(line, options);
		break;
	default:
		describe_bpftrace(line, options);
	}
}

/* ---- running ---- */

static bool is_perf(enum bench_tool_kind kind)
{
	return kind == BENCH_TOOL_PERF || kind == BENCH_TOOL_PERF_DWARF;
}

static bool samples(const struct bench_tool_options *options, const struct bench_tool *tool,
		    const char *output)
{
	struct bpf_program_cost cost;
	struct stat st;

	if (is_perf(options->kind))
		return stat(output, &st) == 0 && st.st_size > 0;
	bpf_programs_cost(tool->newest_before, &cost);
	return cost.runs > 0;
}

static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};

	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid != 0;
}

static int wait_until_it_samples(const struct bench_tool_options *options,
				 const struct bench_tool *tool, const char *output)
{
	for (uint32_t ms = 0; ms < READY_MS_MAX; ms += READY_STEP_MS) {
		if (samples(options, tool, output)) {
			bench_sleep_ms(is_perf(options->kind) ? SETTLE_MS : READY_STEP_MS);
			return 0;
		}
		if (has_ended(tool->pid))
			return -ECHILD;
		bench_sleep_ms(READY_STEP_MS);
	}
	return -ETIMEDOUT;
}

int bench_tool_start(const struct bench_tool_options *options, struct bench_tool *ret_tool,
		     struct err *err)
{
	_cleanup_bench_tool_ struct bench_tool tool = {.newest_before = bpf_programs_newest()};
	struct command_line line = {0};
	int r;

	describe(&line, options);
	unlink(line.output);
	r = bench_spawn(line.args, NULL, &tool.pid, err);
	if (r < 0)
		return r;
	r = wait_until_it_samples(options, &tool, line.output);
	if (r < 0)
		return err_errno(err, r, "%s did not begin to sample",
				 bench_tool_name(options->kind));
	*ret_tool = TAKE(tool, (struct bench_tool){0});
	return 0;
}

int bench_tool_stop(struct bench_tool *tool)
{
	int status = 0;

	if (tool->pid <= 0)
		return 0;
	kill(tool->pid, SIGINT);
	for (uint32_t ms = 0; ms < END_MS_MAX && !has_ended(tool->pid); ms += LOOK_MS)
		nap_ms(LOOK_MS);
	kill(tool->pid, SIGKILL); /* a profiler that does not end */
	waitpid(tool->pid, &status, 0);
	tool->pid = 0;
	return status == 0 ? 0 : -ECHILD;
}
