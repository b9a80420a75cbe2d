/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The priority of a thread that works in the background: idle, as long as it keeps up; more when it is
 * told to hurry. Not thread-safe.
 */
#ifndef SMOLDER_AGENT_BACKGROUND_H
#define SMOLDER_AGENT_BACKGROUND_H

#include <stdbool.h>
#include <sys/types.h>

struct background {
	pid_t tid; /* 0: not begun yet */
	bool hurried;
};

/*
 * Allows threads of this process to leave idle priority again, which takes a resource limit that only a
 * privileged process can raise. To be called before privileges are given up.
 */
void background_allow_hurry(void);

/* Called by the thread itself: to idle priority. */
void background_enter(struct background *background);

/* Least of the normal priorities, or (`urgent`) like anybody's. */
void background_hurry(struct background *background, bool urgent);

/* Back to idle, if it was hurried. */
void background_relax(struct background *background);

#endif
