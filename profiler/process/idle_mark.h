/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Letting go of what nobody names any more: what is in use is marked between two releases, and what was not for
 * some of them in a row is due.
 */
#ifndef SMOLDER_PROFILER_PROCESS_IDLE_MARK_H
#define SMOLDER_PROFILER_PROCESS_IDLE_MARK_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

#define IDLE_MARK_MAX 5 /* releases */

struct idle_mark { /* all zero: new */
	bool marked;
	uint32_t idle_cnt; /* releases in a row that found no mark */
};

/* A release looks at it, once: takes the mark off. */
static inline bool idle_mark_is_due(struct idle_mark *mark)
{
	mark->idle_cnt = TAKE(mark->marked, false) ? 0 : mark->idle_cnt + 1;
	return mark->idle_cnt >= IDLE_MARK_MAX;
}

#endif
