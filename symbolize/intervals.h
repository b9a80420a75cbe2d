/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Address ranges and what lies there. Ranges are added in any order and may nest; sealing cuts them
 * into disjoint pieces, each holding the innermost range's value, so that a lookup is one binary
 * search. Of two ranges that overlap without nesting the later start wins.
 */
#ifndef SMOLDER_SYMBOLIZE_INTERVALS_H
#define SMOLDER_SYMBOLIZE_INTERVALS_H

#include "base/vec.h"

#include <stdint.h>

#define INTERVALS_NONE UINT32_MAX

struct interval {
	uint64_t start, limit; /* start <= address < limit */
	uint32_t value;        /* not INTERVALS_NONE */
	uint32_t depth;        /* of equal ranges the deeper is the inner one */
};

struct intervals { /* all zero: empty and sealed */
	VEC(struct interval) list;
};

/* Empty and inverted ranges are left out. 0 or -ENOMEM. */
int intervals_add(struct intervals *intervals, struct interval interval) _warn_unused_;

/* Makes the set ready for lookups; more may be added, and sealed again, afterwards. 0 or -ENOMEM. */
int intervals_seal(struct intervals *intervals) _warn_unused_;

/* The piece that holds the address, or NULL. */
const struct interval *intervals_find(const struct intervals *intervals, uint64_t address);

/* The start of the first piece behind the address, or UINT64_MAX. */
uint64_t intervals_next_start(const struct intervals *intervals, uint64_t address);

void intervals_free(struct intervals *intervals);

#endif
