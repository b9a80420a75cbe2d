// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/intervals.h"

#include <errno.h>
#include <stdbool.h>

/*
 * Outer before inner: the outer one of two ranges that start together is the longer one. Of equals
 * (identical code folded by the linker) the lowest value comes last and wins.
 */
static int compare_outer_first(const void *left, const void *right)
{
	const struct interval *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->limit != b->limit)
		return a->limit > b->limit ? -1 : 1;
	if (a->depth != b->depth)
		return a->depth < b->depth ? -1 : 1;
	return (a->value < b->value) - (a->value > b->value);
}

int intervals_add(struct intervals *intervals, struct interval interval)
{
	if (interval.start >= interval.limit)
		return 0;
	return vec_push(&intervals->list, interval);
}

/* Appends what is visible of `from` between two addresses; joins it to an equal neighbour. */
static int emit_piece(struct intervals *out, struct interval from, uint64_t start, uint64_t limit)
{
	struct interval *last = out->list.len ? vec_last(&out->list) : NULL;

	if (start >= limit)
		return 0;
	if (last && last->limit == start && last->value == from.value) {
		last->limit = limit;
		return 0;
	}
	from.start = start;
	from.limit = limit;
	return vec_push(&out->list, from);
}

/* Closes the ranges that end at or before `until`, from the innermost outwards. */
static int close_ranges(struct intervals *out, struct intervals *open, uint64_t *cursor,
			uint64_t until)
{
	while (open->list.len && vec_last(&open->list)->limit <= until) {
		struct interval inner = open->list.items[--open->list.len];

		if (emit_piece(out, inner, *cursor, inner.limit) < 0)
			return -ENOMEM;
		*cursor = MAX(*cursor, inner.limit);
	}
	return 0;
}

static int cut_into_pieces(const struct intervals *sorted, struct intervals *open,
			   struct intervals *out)
{
	uint64_t cursor = 0;

	vec_for_each(&sorted->list, next) {
		if (close_ranges(out, open, &cursor, next->start) < 0)
			return -ENOMEM;
		if (open->list.len &&
		    emit_piece(out, *vec_last(&open->list), cursor, next->start) < 0)
			return -ENOMEM;
		cursor = next->start;
		if (vec_push(&open->list, *next) < 0)
			return -ENOMEM;
	}
	return close_ranges(out, open, &cursor, UINT64_MAX);
}

int intervals_seal(struct intervals *intervals)
{
	_cleanup_(intervals_free) struct intervals open = {0}, out = {0};

	if (intervals->list.len == 0)
		return 0;
	qsort(intervals->list.items, intervals->list.len, sizeof(struct interval),
	      compare_outer_first);
	if (cut_into_pieces(intervals, &open, &out) < 0)
		return -ENOMEM;
	intervals_free(intervals);
	*intervals = TAKE(out, (struct intervals){0});
	return 0;
}

/* The index of the first piece that starts behind the address. Without branches that are guesses. */
static size_t first_behind(const struct intervals *intervals, uint64_t address)
{
	const struct interval *last = intervals->list.items;
	size_t cnt = intervals->list.len;

	if (cnt == 0 || address < last->start)
		return 0;
	while (cnt > 1) {
		size_t half = cnt / 2;

		last = last[half].start <= address ? last + half : last;
		cnt -= half;
	}
	return (size_t)(last - intervals->list.items) + 1;
}

const struct interval *intervals_find(const struct intervals *intervals, uint64_t address)
{
	size_t behind = first_behind(intervals, address);
	const struct interval *piece;

	if (behind == 0)
		return NULL;
	piece = &intervals->list.items[behind - 1];
	return address < piece->limit ? piece : NULL;
}

uint64_t intervals_next_start(const struct intervals *intervals, uint64_t address)
{
	size_t behind = first_behind(intervals, address);

	return behind < intervals->list.len ? intervals->list.items[behind].start : UINT64_MAX;
}

void intervals_free(struct intervals *intervals)
{
	vec_free(&intervals->list);
}
