// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/fde_spans.h"

#include <errno.h>
#include <stdlib.h>

struct sweep {
	const struct cfi_entries *entries;
	struct fde_spans *spans;
	VEC(uint32_t) open; /* FDEs that have begun and not ended; the last one speaks */
	uint64_t at;        /* all before is settled */
	size_t work_left;
};

/* Outer FDEs before those within them; of equals the one that was read first. */
static int compare_fdes(const void *left, const void *right, void *ctx)
{
	const struct cfi_fde *fdes = ctx;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (fdes[a].start != fdes[b].start)
		return fdes[a].start < fdes[b].start ? -1 : 1;
	if (fdes[a].end != fdes[b].end)
		return fdes[a].end > fdes[b].end ? -1 : 1;
	return a < b ? -1 : a > b;
}

static uint32_t *sort_fdes(const struct cfi_entries *entries)
{
	uint32_t *order = calloc(entries->fdes.len + 1, sizeof(*order));

	if (!order)
		return NULL;
	for (uint32_t i = 0; i < entries->fdes.len; i++)
		order[i] = i;
	qsort_r(order, entries->fdes.len, sizeof(*order), compare_fdes, entries->fdes.items);
	return order;
}

static bool is_first_span(const struct sweep *sweep, const struct cfi_fde *fde)
{
	return sweep->at == fde->start;
}

/* The innermost open FDE speaks up to `end`. */
static int settle(struct sweep *sweep, uint64_t end)
{
	uint32_t number = *vec_last(&sweep->open);
	const struct cfi_fde *fde = &sweep->entries->fdes.items[number];
	uint64_t start = sweep->at;

	if (end <= start)
		return 0;
	if (!is_first_span(sweep, fde)) {
		if (fde->code_len > sweep->work_left) {
			sweep->spans->resumed_lost++;
			sweep->at = end;
			return 0;
		}
		sweep->work_left -= fde->code_len;
	}
	sweep->at = end;
	return vec_push(&sweep->spans->spans, ((struct fde_span){start, end, number}));
}

/* Ends what is over at `address`, the innermost first. */
static int close_until(struct sweep *sweep, uint64_t address)
{
	const struct cfi_fde *fdes = sweep->entries->fdes.items;

	while (sweep->open.len && fdes[*vec_last(&sweep->open)].end <= address) {
		int r = settle(sweep, fdes[*vec_last(&sweep->open)].end);

		if (r < 0)
			return r;
		sweep->open.len--;
	}
	return 0;
}

static int add_fde(struct sweep *sweep, uint32_t number)
{
	uint64_t start = sweep->entries->fdes.items[number].start;
	int r = close_until(sweep, start);

	if (r == 0 && sweep->open.len) {
		sweep->spans->fdes_overlapping++;
		r = settle(sweep, start);
	}
	sweep->at = start;
	return r < 0 ? r : vec_push(&sweep->open, number);
}

static int run_sweep(struct sweep *sweep)
{
	_cleanup_free_ uint32_t *order = sort_fdes(sweep->entries);
	int r = 0;

	if (!order)
		return -ENOMEM;
	r = vec_reserve(&sweep->spans->spans, sweep->entries->fdes.len);
	for (size_t i = 0; i < sweep->entries->fdes.len && r == 0; i++)
		r = add_fde(sweep, order[i]);
	return r < 0 ? r : close_until(sweep, UINT64_MAX);
}

int fde_spans_make(const struct cfi_entries *entries, size_t work_max, struct fde_spans *ret_spans)
{
	struct fde_spans spans = {0};
	struct sweep sweep = {.entries = entries, .spans = &spans, .work_left = work_max};
	int r = run_sweep(&sweep);

	vec_free(&sweep.open);
	if (r < 0)
		fde_spans_free(&spans);
	else
		*ret_spans = spans;
	return r;
}

void fde_spans_free(struct fde_spans *spans)
{
	vec_free(&spans->spans);
}
