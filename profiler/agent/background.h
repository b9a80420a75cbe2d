/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The priority of a thread that works in the background: the lowest there is (nice 19, SCHED_BATCH), as long
 * as it keeps up. Not SCHED_IDLE: on a host that is always busy that is never, and the workers it starts
 * inherit it and cannot be helped once they are nobody's. Not thread-safe.
 */
#ifndef SMOLDER_AGENT_BACKGROUND_H
#define SMOLDER_AGENT_BACKGROUND_H

#include <stdbool.h>
#include <sys/types.h>

struct background {
	pid_t tid; /* 0: not begun yet */
	bool hurried;
};

/* Called by the thread itself. What it starts inherits its priority. */
void background_enter(struct background *background);

/* Like anybody's. Takes CAP_SYS_NICE, or a limit that allows it; without, it stays as it is. */
void background_hurry(struct background *background);

/* Back to the lowest, if it was hurried. */
void background_relax(struct background *background);

#endif
