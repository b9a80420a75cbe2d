/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compares a walked stack with those of the oracles, frame by frame, and keeps the sums.
 *
 * A frame is judged by an oracle that has a frame at its place, or that says the stack had ended
 * before. A stack that lacks frames which an oracle has is charged for each of them.
 */
#ifndef VERDICT_H
#define VERDICT_H

#include "tests/oracle/unwinders.h"

enum judge {
	JUDGE_LIBDW,
	JUDGE_LIBUNWIND,
	JUDGE_EITHER, /* judged by one of them at least, agreed with by one of them at least */
	JUDGE_CNT
};

enum difference {
	DIFFERENCE_NONE,
	DIFFERENCE_OTHER,   /* another frame at that place */
	DIFFERENCE_SHORTER, /* ours ends, the oracle's goes on */
	DIFFERENCE_LONGER,  /* ours goes on where the oracle's is complete */
};

struct verdict_sum {
	uint64_t judged, agreed;        /* frames */
	uint64_t stacks, stacks_agreed; /* those judged at all; those without a difference */
};

/* Where, and how, stacks begin to differ: one class for a rule of an object. */
struct difference_class {
	enum judge judge; /* JUDGE_CNT: nobody's difference, our walk did not reach the base */
	enum difference difference;
	enum walk_end end;       /* of ours */
	uint32_t object;         /* of the frame whose rule led to the difference */
	struct unwind_rule rule; /* of that frame */
	uint64_t stacks, frames;
	/* one of them */
	uint64_t offset, ours, theirs; /* of that frame; the frame words that differ, 0: none */
};

struct verdicts {
	uint64_t walked, frames;     /* stacks and frames of ours */
	uint64_t unjudged;           /* of these frames, those no oracle could judge */
	uint64_t ends[WALK_END_CNT]; /* of ours */
	uint64_t oracle_ends[2][3];  /* enum unwound_end, of libdw and libunwind */
	struct verdict_sum sums[JUDGE_CNT];
	VEC(struct difference_class) classes;
};

struct walked {
	const uint64_t *frames;
	uint32_t len;
	enum walk_end end;
};

/* A difference on its way to its class. */
struct difference_place {
	enum judge judge;
	enum difference difference;
	uint32_t frame; /* the first that differs */
	uint32_t count; /* frames that are judged and not agreed with */
	uint64_t theirs;
};

/* `ret_places`: one for each judge that found a difference; returns how many. */
int verdicts_add(struct verdicts *verdicts, const struct walked *ours,
		 const struct unwound unaligned[2], struct difference_place ret_places[JUDGE_CNT]);

/* Adds it to its class, which is made if it is new. The example's fields are those of the first. */
void verdicts_classify(struct verdicts *verdicts, const struct difference_class *difference);

void verdicts_free(struct verdicts *verdicts);

const char *difference_name(enum difference difference);
const char *judge_name(enum judge judge);

#endif
