// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/verdict.h"

#include <string.h>

#define CLASSES_MAX 4096

enum opinion { OPINION_NONE, OPINION_AGREES, OPINION_DIFFERS };

/* What the oracle says of frame `i`, of ours or beyond it. */
static enum opinion opinion_of(const struct walked *ours, const struct unwound *oracle, uint32_t i)
{
	if (i >= oracle->len) {
		if (oracle->end != UNWOUND_COMPLETE)
			return OPINION_NONE;
		return i < ours->len ? OPINION_DIFFERS : OPINION_AGREES;
	}
	if (i >= ours->len)
		return OPINION_DIFFERS;
	return ours->frames[i] == oracle->frames[i] ? OPINION_AGREES : OPINION_DIFFERS;
}

static enum opinion opinion_of_judge(const struct walked *ours, const struct unwound oracles[2],
				     enum judge judge, uint32_t i)
{
	enum opinion a = opinion_of(ours, &oracles[0], i), b = opinion_of(ours, &oracles[1], i);

	if (judge == JUDGE_LIBDW)
		return a;
	if (judge == JUDGE_LIBUNWIND)
		return b;
	if (a == OPINION_AGREES || b == OPINION_AGREES)
		return OPINION_AGREES;
	return MAX(a, b);
}

/* How many frames there are to judge: the oracle's that ours lacks are among them. */
static uint32_t length_for(const struct walked *ours, const struct unwound oracles[2],
			   enum judge judge)
{
	uint32_t len = ours->len;

	if (judge != JUDGE_LIBUNWIND)
		len = MAX(len, oracles[0].len);
	if (judge != JUDGE_LIBDW)
		len = MAX(len, oracles[1].len);
	return len;
}

static enum difference kind_of(const struct walked *ours, const struct unwound oracles[2],
			       const struct difference_place *place)
{
	uint32_t i = place->frame;
	bool has_dw = place->judge != JUDGE_LIBUNWIND && i < oracles[0].len;
	bool has_unwind = place->judge != JUDGE_LIBDW && i < oracles[1].len;

	if (i >= ours->len)
		return DIFFERENCE_SHORTER;
	return has_dw || has_unwind ? DIFFERENCE_OTHER : DIFFERENCE_LONGER;
}

static bool judge_stack(struct verdict_sum *sum, const struct walked *ours,
			const struct unwound oracles[2], struct difference_place *place)
{
	uint32_t len = length_for(ours, oracles, place->judge);
	uint64_t judged = 0, agreed = 0;

	for (uint32_t i = 0; i < len; i++) {
		enum opinion opinion = opinion_of_judge(ours, oracles, place->judge, i);

		if (i >= ours->len && opinion == OPINION_AGREES)
			continue; /* that there is no frame */
		judged += opinion != OPINION_NONE;
		agreed += opinion == OPINION_AGREES;
		if (opinion == OPINION_DIFFERS && !place->count++)
			place->frame = i;
	}
	sum->judged += judged;
	sum->agreed += agreed;
	sum->stacks += judged > 0;
	sum->stacks_agreed += judged > 0 && judged == agreed;
	if (judged == agreed)
		return false;
	place->difference = kind_of(ours, oracles, place);
	if (place->judge != JUDGE_LIBUNWIND && place->frame < oracles[0].len)
		place->theirs = oracles[0].frames[place->frame];
	else if (place->judge != JUDGE_LIBDW && place->frame < oracles[1].len)
		place->theirs = oracles[1].frames[place->frame];
	return true;
}

static uint64_t count_unjudged(const struct walked *ours, const struct unwound oracles[2])
{
	uint64_t count = 0;

	for (uint32_t i = 0; i < ours->len; i++)
		count += opinion_of_judge(ours, oracles, JUDGE_EITHER, i) == OPINION_NONE;
	return count;
}

/*
 * An oracle that skips a frame of ours is charged for that frame, not for all behind it: the place of the
 * frame stays empty.
 */
static void align(const struct walked *ours, const struct unwound *oracle, struct unwound *ret)
{
	uint32_t from = 0, i = 0;

	for (; from < oracle->len && i < WALK_FRAMES_MAX; i++) {
		bool skips = i + 1 < ours->len && oracle->frames[from] != ours->frames[i] &&
			     oracle->frames[from] == ours->frames[i + 1];

		ret->frames[i] = skips ? 0 : oracle->frames[from++];
	}
	ret->len = i;
	ret->end = oracle->end;
}

int verdicts_add(struct verdicts *verdicts, const struct walked *ours,
		 const struct unwound unaligned[2], struct difference_place ret_places[JUDGE_CNT])
{
	struct unwound oracles[2];
	int count = 0;

	align(ours, &unaligned[0], &oracles[0]);
	align(ours, &unaligned[1], &oracles[1]);

	verdicts->walked++;
	verdicts->frames += ours->len;
	verdicts->unjudged += count_unjudged(ours, oracles);
	verdicts->ends[ours->end]++;
	verdicts->oracle_ends[0][oracles[0].end]++;
	verdicts->oracle_ends[1][oracles[1].end]++;
	for (int judge = 0; judge < JUDGE_CNT; judge++) {
		struct difference_place place = {.judge = (enum judge)judge};

		if (judge_stack(&verdicts->sums[judge], ours, oracles, &place))
			ret_places[count++] = place;
	}
	return count;
}

static bool same_class(const struct difference_class *a, const struct difference_class *b)
{
	return a->judge == b->judge && a->difference == b->difference && a->end == b->end &&
	       a->object == b->object && memcmp(&a->rule, &b->rule, sizeof(a->rule)) == 0;
}

void verdicts_classify(struct verdicts *verdicts, const struct difference_class *difference)
{
	vec_for_each(&verdicts->classes, known) {
		if (!same_class(known, difference))
			continue;
		known->stacks += difference->stacks;
		known->frames += difference->frames;
		return;
	}
	if (verdicts->classes.len < CLASSES_MAX)
		(void)!vec_push(&verdicts->classes, *difference);
}

void verdicts_free(struct verdicts *verdicts)
{
	vec_free(&verdicts->classes);
}

const char *difference_name(enum difference difference)
{
	static const char *const names[] = {"ends", "other", "shorter", "longer"};

	return names[difference];
}

const char *judge_name(enum judge judge)
{
	static const char *const names[] = {"libdw", "libunwind", "either", "our walk"};

	return names[judge];
}
