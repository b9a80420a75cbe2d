/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ticks: one perf event on each online CPU that runs the sampling program at a fixed rate, and
 * the account of how many ticks were due, came, or could not come because the CPU was offline.
 *
 * Events are opened with sample_type 0 and the program returns 0: no record, no wake-up. They are
 * enabled one after the other within one period, each at a random moment of its share of it, so that
 * CPUs sample in phase neither with each other nor with what goes on on them.
 */
#ifndef SMOLDER_COLLECT_TICKS_H
#define SMOLDER_COLLECT_TICKS_H

#include "base/err.h"
#include "profiler/collect/cpus.h"

enum tick_event {
	TICK_AUTO, /* cycles where the hardware counts them, else cpu-clock */
	TICK_CYCLES,
	TICK_CPU_CLOCK,
};

struct tick_account {       /* ticks of all CPUs together, since ticks_enable() */
	uint64_t expected;  /* due: from the first enabling on each CPU until now */
	uint64_t delivered; /* counted by the events themselves, whether or not a program ran */
	uint64_t offline;   /* due while the CPU was offline or its event not yet re-armed */
	uint64_t stopped;   /* due while the kernel had stopped the event: throttled */
	uint64_t idle;      /* cycles only: due while the CPU was halted and so had no cycles */
	uint64_t paused;    /* due between ticks_pause() and ticks_resume() */
	uint64_t held;      /* likewise, of ticks_hold() */
	uint32_t cpus;      /* ever sampled */
};

struct ticks;

struct ticks_options {
	enum tick_event event;
	uint32_t frequency_hz;
	int prog_fd; /* borrowed */
};

/* Opens the events, disabled. Errors say what to do about privileges. */
int ticks_open(const struct ticks_options *options, struct ticks **ret_ticks, struct err *err)
	_warn_unused_;
struct ticks *ticks_free(struct ticks *ticks); /* NULL is legal */

int ticks_enable(struct ticks *ticks, struct err *err) _warn_unused_;

/*
 * Goes on at this rate, in new phases; the same rate gives new phases only. What a tick stands for
 * changes within a period from now, at the longest a tenth of a second.
 */
int ticks_set_frequency(struct ticks *ticks, uint32_t frequency_hz, struct err *err) _warn_unused_;

/*
 * Stops sampling until ticks_resume(). The account goes on: what is due meanwhile is `paused`; or `held`, when
 * it is for a moment, to change the rate, say. Of ticks that are paused already, neither changes anything.
 */
void ticks_pause(struct ticks *ticks);
void ticks_hold(struct ticks *ticks);
int ticks_resume(struct ticks *ticks, struct err *err) _warn_unused_;

/* When it returns, no sampling program runs or will run. */
void ticks_disable(struct ticks *ticks);

/*
 * Looks at which CPUs are online; arms those that came (back), closes the account of those that
 * went. Cheap when nothing changed. Returns whether anything did, or < 0.
 */
int ticks_follow_hotplug(struct ticks *ticks, struct err *err);

void ticks_read(struct ticks *ticks, struct tick_account *ret_account);

const char *ticks_event_name(const struct ticks *ticks); /* "cycles" or "cpu-clock" */

/* Can this machine count CPU cycles? Tried, not guessed: a counter that stays at 0 does not count. */
bool ticks_cycles_work(void);

static inline void ticks_cleanup_(struct ticks **ticks)
{
	ticks_free(*ticks);
}

#define _cleanup_ticks_ _cleanup_(ticks_cleanup_)

#endif
