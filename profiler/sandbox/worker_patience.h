/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How long to wait for a worker that was asked something. All it knows is what it is told: times, CPU time, and
 * what the kernel says the worker is at.
 */
#ifndef SMOLDER_SANDBOX_WORKER_PATIENCE_H
#define SMOLDER_SANDBOX_WORKER_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

struct worker_patience {
	uint64_t hang_ns; /* these two are set: with one who does nothing, */
	uint64_t cpu_ns;  /* and of CPU for the question */
	uint64_t begin_ns, begin_cpu_ns;
	uint64_t news_ns, news_cpu_ns; /* when there was last a sign of life */
};

struct worker_signs {
	uint64_t now_ns; /* CLOCK_MONOTONIC */
	uint64_t cpu_ns; /* that it has used so far */
};

/* It is asked. */
void worker_patience_begin(struct worker_patience *patience, struct worker_signs signs);

/* It said something. */
void worker_patience_note(struct worker_patience *patience, uint64_t now_ns);

/* So long it waited for us. */
void worker_patience_excuse(struct worker_patience *patience, uint64_t ns);

/* It has used more CPU, or time, than its question can need. */
bool worker_patience_is_exhausted(const struct worker_patience *patience,
				  struct worker_signs signs);

/* It neither spoke nor used its CPU for longer than that is borne; CPU it used is a sign of life. */
bool worker_patience_is_silent(struct worker_patience *patience, struct worker_signs signs);

/*
 * Of one who is silent: it may wait for a CPU or a disk that others keep busy. `state` is the kernel's letter,
 * as in /proc/PID/stat.
 */
bool worker_patience_has_excuse(const struct worker_patience *patience, uint64_t now_ns,
				char state);

#endif
