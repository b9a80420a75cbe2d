/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The programs a bench profiles: processes of our own, forked, whose speed can be read from outside.
 * They end with the one that started them. Not thread-safe.
 */
#ifndef SMOLDER_BENCH_LOAD_H
#define SMOLDER_BENCH_LOAD_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum bench_load_kind {
	BENCH_LOAD_PLAIN,    /* computes below `depth` nested calls, without frame pointers */
	BENCH_LOAD_POINTERS, /* the same code with frame pointers */
	BENCH_LOAD_SYSCALLS, /* enters the kernel all the time */
	BENCH_LOAD_SHARES, /* 40, 30, 20 and 10 percent of its work in bench_share_40() … _10() */
	BENCH_LOAD_STORM,  /* starts `per_second` short programs a second */
};

struct bench_load_options {
	enum bench_load_kind kind;
	uint32_t depth, per_second;
	int cpu;     /* where it runs; -1: anywhere */
	bool urgent; /* before what else the host does, so that the ticks are its own */
};

struct bench_load {
	pid_t pid;       /* 0: none */
	uint64_t *units; /* work done; shared with the process */
};

struct bench_load_progress {
	uint64_t units;
	/*
	 * Since its start, without the time it waited for a CPU; such time is told when it ends, so that
	 * this can also go back a little.
	 */
	int64_t busy_ns;
};

int bench_load_start(const struct bench_load_options *options, struct bench_load *ret_load,
		     struct err *err) _warn_unused_;

int bench_load_read(const struct bench_load *load, struct bench_load_progress *ret_progress)
	_warn_unused_;

void bench_load_stop(struct bench_load *load); /* of one that is all zero, too */

#define _cleanup_bench_load_ _cleanup_(bench_load_stop)

#endif
