/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeps the agent within what it may cost. A pure function of what was measured over a window: at which
 * rate to go on, and whether to let go of memory. Plain data.
 *
 * It is quick to lower and slow to raise: a window over its bound lowers the rate in proportion, with some
 * room to spare; only several windows in a row far below it raise it again. A window that spends more than
 * its share long before its end is cut short. Work that comes in bursts whatever the rate (new code that
 * wants names) counts as what it usually takes. And a rate at which sampling is next to nothing of what
 * may be spent is not lowered: what is spent then goes for something else. Names have what sampling leaves of
 * the bound, and has left in the minutes before, as if there had been some; what they need besides is put off.
 */
#ifndef SMOLDER_AGENT_GOVERNOR_H
#define SMOLDER_AGENT_GOVERNOR_H

#include <stdbool.h>
#include <stdint.h>

#define GOVERNOR_USUAL 3 /* windows that tell what is usual */

struct governor_limits {
	uint32_t frequency_hz; /* wished for, and never exceeded */
	uint64_t cpu_max_ppm;  /* of the time of all CPUs; 0: no bound */
	uint64_t memory_max;   /* bytes; 0: no bound */
};

/* What a window cost. */
struct governor_measure {
	uint64_t elapsed_ns;
	uint32_t cpus;
	uint64_t samples;       /* recorded */
	uint64_t bpf_ns;        /* run time of our programs, on all CPUs */
	uint64_t collector_ns;  /* CPU time of the thread that samples */
	uint64_t background_ns; /* CPU time of all else of ours: names, writing */
	uint64_t memory_bytes;
};

struct governor {
	uint32_t frequency_hz; /* in force */
	uint32_t windows;      /* measured so far, at most 2 */
	uint32_t calm;         /* windows in a row far below the bounds */
	uint32_t crowded;      /* windows in a row with too much memory */
	uint32_t untrimmed;    /* windows since memory was let go, or more than matter */
	uint64_t background_ppm[GOVERNOR_USUAL]; /* of the last windows, the latest first */
	uint64_t credit_ns, least_ns;            /* saved for names; what they get in any case */
};

enum governor_reason {
	GOVERNOR_NONE,
	GOVERNOR_CPU,
	GOVERNOR_MEMORY,
	GOVERNOR_CALM,
};

struct governor_decision {
	uint32_t frequency_hz;
	enum governor_reason reason; /* of a change */
	bool trim;                   /* let go of what can be found out again */
};

void governor_init(struct governor *governor, const struct governor_limits *limits);

/* To be called for each window, with what it cost. */
struct governor_decision governor_decide(struct governor *governor,
					 const struct governor_limits *limits,
					 const struct governor_measure *measure);

/*
 * Has the window that is going on, of which `measure` tells so far, spent all that a window of `window_ns`
 * may, and would a lower rate help?
 */
bool governor_is_overdrawn(const struct governor *governor, const struct governor_limits *limits,
			   const struct governor_measure *measure, uint64_t window_ns);

/*
 * What the names of the window that was decided upon last may cost, CPU time with the writing. UINT64_MAX: as
 * much as they take.
 */
uint64_t governor_naming_ns(const struct governor *governor, const struct governor_limits *limits);

/* All of it. */
uint64_t governor_cost_ns(const struct governor_measure *measure);

/* The share of all CPUs' time, in parts per million: of so many ns of it, and of all the cost. */
uint64_t governor_share_ppm(const struct governor_measure *measure, uint64_t ns);
uint64_t governor_cost_ppm(const struct governor_measure *measure);

const char *governor_reason_text(enum governor_reason reason);

#endif
