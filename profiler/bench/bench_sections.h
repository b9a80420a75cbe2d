/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What `smolder bench` measures. Each section starts loads and profilers of its own, one profiler
 * at a time and the peers in turn within a round, so that what else the host does hits all alike.
 * Each needs root; one that cannot measure a peer says so in its row. Not thread-safe.
 */
#ifndef SMOLDER_BENCH_SECTIONS_H
#define SMOLDER_BENCH_SECTIONS_H

#include "profiler/bench/bench_paper.h"

#include <stdint.h>

struct bench_plan {
	const char *directory; /* for files of profilers and stores */
	uint32_t rounds;       /* how often each thing is measured */
	uint32_t cpus;         /* online */
};

/* What the kernel says a sample costs, by depth of the stack and way of walking it. */
int bench_cost(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
	_warn_unused_;

/* How much slower programs run while the whole host is profiled. */
int bench_slowdown(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
	_warn_unused_;

/* What the agent takes: processor, memory, disk. */
int bench_agent(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
	_warn_unused_;

/* How far reported shares are from those that a program is made to have. */
int bench_accuracy(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
	_warn_unused_;

/* Which share of user stacks reaches its base, by program. */
int bench_completeness(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
	_warn_unused_;

#endif
