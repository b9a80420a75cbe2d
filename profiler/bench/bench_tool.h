/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The profilers a bench sets beside each other: this program and its peers, run as a user would run
 * them, their files in the bench's directory. Not thread-safe.
 */
#ifndef SMOLDER_BENCH_TOOL_H
#define SMOLDER_BENCH_TOOL_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum bench_tool_kind {
	BENCH_TOOL_SMOLDER,          /* by unwind tables */
	BENCH_TOOL_SMOLDER_POINTERS, /* by frame pointers */
	BENCH_TOOL_PERF,             /* record -g: by frame pointers */
	BENCH_TOOL_PERF_DWARF,       /* record --call-graph dwarf: copies of 8 KiB */
	BENCH_TOOL_BPFTRACE,         /* both stacks, counted, by frame pointers */
	BENCH_TOOL_CNT
};

struct bench_tool_options {
	enum bench_tool_kind kind;
	uint32_t frequency_hz;
	pid_t pid;             /* whom; 0: the whole host */
	const char *directory; /* out.folded and ledger.json, or perf.data, are written there */
};

struct bench_tool {
	pid_t pid;              /* 0: not running */
	uint32_t newest_before; /* BPF program when it was started */
};

const char *bench_tool_name(enum bench_tool_kind kind);

/* Is the program to be found? */
bool bench_tool_is_here(enum bench_tool_kind kind);

/* Starts it and waits until it samples. -ETIMEDOUT when it does not. */
int bench_tool_start(const struct bench_tool_options *options, struct bench_tool *ret_tool,
		     struct err *err) _warn_unused_;

/* Has it write its files and end, and waits for that. 0 or -ECHILD when it failed. */
int bench_tool_stop(struct bench_tool *tool);

/*
 * Runs a command in the background, its standard output in `output` (NULL: nowhere), all else nowhere.
 * For this program itself give "/proc/self/exe".
 */
int bench_spawn(const char *const argv[], const char *output, pid_t *ret_pid, struct err *err)
	_warn_unused_;

/* Would a shell find this program? */
bool bench_is_in_path(const char *program);

/* Shorter when the bench is to end. */
void bench_sleep_ms(uint32_t ms);

/*
 * Goes before what else the host does, urgent loads too, and so do profilers started meanwhile; returns
 * the nice value to go back to. Without the privilege it changes nothing.
 */
int bench_hurry(void);
void bench_calm(const int *nice);

static inline void bench_tool_cleanup_(struct bench_tool *tool)
{
	(void)bench_tool_stop(tool);
}

#define _cleanup_bench_tool_ _cleanup_(bench_tool_cleanup_)

#endif
