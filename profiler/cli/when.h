/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Times as people write them, in the local time zone unless they name one:
 *
 *	now  -10m  -1h30m			ago, with parse_duration_ns()'s units
 *	03:12  03:12:30				the last time the clock showed that
 *	yesterday  today 14:00			14:00 is 00:00 where there is none
 *	2026-11-21  2026-11-21 03:12:00.5	a 'T' will do for the space
 *	…Z  …+01:00  …+0100  …+01		behind any time of a date
 *	1795230720  @1795230720.5		seconds since the epoch, nine digits at least, or behind '@'
 */
#ifndef SMOLDER_CLI_WHEN_H
#define SMOLDER_CLI_WHEN_H

#include "base/err.h"

#include <stdint.h>

/* A local time that the clock shows twice, or skips, as it is set to and from summer time. */
enum when_edge {
	WHEN_EARLIER, /* the first of two; where it is skipped, as if it had not been set yet … */
	WHEN_LATER,   /* the last of two; … as if it already had */
};

/* Realtime nanoseconds; -EINVAL, and nothing is touched, when it is no such text. */
int when_parse(const char *text, uint64_t now_ns, enum when_edge edge, uint64_t *ret_ns);

struct when_span {
	uint64_t from_ns, to_ns; /* 0: since ever; UINT64_MAX: for ever */
};

/*
 * A span; either text may be NULL. A time of day as its end is the first one behind its begin. -EINVAL with
 * a message that names the text, or says that the span is empty.
 */
int when_parse_span(const char *from, const char *to, uint64_t now_ns, struct when_span *ret_span,
		    struct err *err);

#endif
