// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/live_code.h"

#include <errno.h>
#include <string.h>

/* A browser's or a large server's run-time compiler leaves some 100,000 functions. */
#define REGIONS_MAX ((size_t)1 << 20)
#define LINES_MAX ((size_t)4 << 20)
#define STRINGS_LEN_MAX ((size_t)64 << 20)
#define BEFORE_TRIES_MAX 65536u /* what a lookup may cost where all is said to have come later */

void live_code_drop_lines(struct live_code *code)
{
	code->lines.len = code->pending_line;
}

static uint32_t intern(struct live_code *code, const char *text, size_t len)
{
	if (!strtab_count(&code->strings) && strtab_init(&code->strings) < 0)
		return STRTAB_NONE;
	code->strings.bytes.max_len = STRINGS_LEN_MAX;
	return strtab_intern_len(&code->strings, text, len);
}

void live_code_add_line(struct live_code *code, const struct live_code_line_news *news)
{
	struct live_code_line line = {
		.offset = news->offset,
		.line = news->line,
		.file = intern(code, news->file, news->file_len),
	};

	if (line.file == STRTAB_NONE || code->lines.len >= LINES_MAX ||
	    vec_push(&code->lines, line) < 0)
		code->dropped_cnt++;
}

static int compare_lines(const void *left, const void *right)
{
	const struct live_code_line *a = left, *b = right;

	return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Lines come in order from all compilers known; a file that has them otherwise is not the worse for it. */
static void sort_lines(struct live_code *code, const struct live_code_region *region)
{
	struct live_code_line *lines = code->lines.items;

	for (uint32_t i = region->lines_begin + 1; i < region->lines_end; i++) {
		if (lines[i - 1].offset <= lines[i].offset)
			continue;
		qsort(lines + region->lines_begin, region->lines_end - region->lines_begin,
		      sizeof(*lines), compare_lines);
		return;
	}
}

static bool makes_sense(const struct live_code_news *news)
{
	return news->len && news->len <= LIVE_CODE_LEN_MAX && news->start <= UINT64_MAX - news->len;
}

struct wanted {
	const struct live_code *code;
	uint64_t start;
};

static bool same_start(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return wanted->code->regions.items[id].start == wanted->start;
}

/* The last region to come that begins here, or HASHINDEX_NONE. */
static uint32_t region_at(const struct live_code *code, uint64_t start)
{
	struct wanted wanted = {code, start};

	return hashindex_find(&code->by_start, hash_bytes(&start, sizeof(start)), same_start,
			      &wanted);
}

static bool push_region(struct live_code *code, const struct live_code_region *region)
{
	uint64_t hash = hash_bytes(&region->start, sizeof(region->start));
	uint32_t before = region_at(code, region->start), id = (uint32_t)code->regions.len;

	if (id >= REGIONS_MAX || vec_reserve(&code->regions, (size_t)id + 1) < 0)
		return false;
	if (before != HASHINDEX_NONE)
		hashindex_remove(&code->by_start, hash, before);
	code->regions.items[code->regions.len++] = *region;
	code->is_sealed = false;
	if (hashindex_add(&code->by_start, hash, id) < 0)
		code->dropped_cnt++; /* it can no longer be moved */
	return true;
}

void live_code_add(struct live_code *code, const struct live_code_news *news)
{
	struct live_code_region region = {
		.start = news->start,
		.len = (uint32_t)news->len,
		.time_ns = news->time_ns,
		.lines_begin = (uint32_t)code->pending_line,
		.lines_end = (uint32_t)code->lines.len,
	};

	if (!makes_sense(news) || !news->name_len) {
		live_code_drop_lines(code);
		return;
	}
	region.name = intern(code, news->name, news->name_len);
	sort_lines(code, &region);
	if (region.name == STRTAB_NONE || !push_region(code, &region)) {
		code->dropped_cnt++;
		live_code_drop_lines(code);
	}
	code->pending_line = code->lines.len;
}

void live_code_move(struct live_code *code, uint64_t from, const struct live_code_news *to)
{
	uint32_t id = region_at(code, from);
	struct live_code_region moved;

	live_code_drop_lines(code);
	if (id == HASHINDEX_NONE || !makes_sense(to))
		return;
	moved = code->regions.items[id];
	moved.start = to->start;
	moved.len = (uint32_t)to->len;
	moved.time_ns = to->time_ns;
	if (!push_region(code, &moved))
		code->dropped_cnt++;
}

/* ---- what is visible in the end ---- */

struct sweep {
	struct live_code *code;
	VEC(uint32_t) by_start; /* regions */
	size_t next;            /* of these */
	VEC(uint32_t) open;     /* a heap, the last to come on top; some may have ended */
};

static void sweep_done(struct sweep *sweep)
{
	vec_free(&sweep->by_start);
	vec_free(&sweep->open);
}

static int compare_starts(const void *left, const void *right, void *ctx)
{
	const struct live_code_region *regions = ctx;
	const struct live_code_region *a = &regions[*(const uint32_t *)left];
	const struct live_code_region *b = &regions[*(const uint32_t *)right];

	return (a->start > b->start) - (a->start < b->start);
}

static int push_open(struct sweep *sweep, uint32_t region)
{
	size_t at = sweep->open.len;

	if (vec_push(&sweep->open, region) < 0)
		return -ENOMEM;
	for (; at && sweep->open.items[(at - 1) / 2] < region; at = (at - 1) / 2)
		sweep->open.items[at] = sweep->open.items[(at - 1) / 2];
	sweep->open.items[at] = region;
	return 0;
}

static void pop_open(struct sweep *sweep)
{
	uint32_t *heap = sweep->open.items, moved = heap[--sweep->open.len];
	size_t len = sweep->open.len, at = 0, child;

	while ((child = 2 * at + 1) < len) {
		child += child + 1 < len && heap[child + 1] > heap[child];
		if (heap[child] <= moved)
			break;
		heap[at] = heap[child];
		at = child;
	}
	heap[at] = moved;
}

static uint64_t limit_of(const struct live_code_region *region)
{
	return region->start + region->len;
}

/* The last to come of the regions that reach beyond the address, or NULL. */
static const struct live_code_region *top_open(struct sweep *sweep, uint64_t address)
{
	while (sweep->open.len) {
		const struct live_code_region *top =
			&sweep->code->regions.items[sweep->open.items[0]];

		if (limit_of(top) > address)
			return top;
		pop_open(sweep);
	}
	return NULL;
}

static uint64_t next_start(const struct sweep *sweep)
{
	if (sweep->next == sweep->by_start.len)
		return UINT64_MAX;
	return sweep->code->regions.items[sweep->by_start.items[sweep->next]].start;
}

static int open_until(struct sweep *sweep, uint64_t address)
{
	while (sweep->next < sweep->by_start.len && next_start(sweep) <= address)
		if (push_open(sweep, sweep->by_start.items[sweep->next++]) < 0)
			return -ENOMEM;
	return 0;
}

static int emit_piece(struct live_code *code, struct live_code_piece piece)
{
	struct live_code_piece *last = code->pieces.len ? vec_last(&code->pieces) : NULL;

	if (last && last->limit == piece.start && last->region == piece.region) {
		last->limit = piece.limit;
		return 0;
	}
	return vec_push(&code->pieces, piece);
}

/* From start to start and end to end: between two of these the same region is visible. */
static int cut_into_pieces(struct sweep *sweep)
{
	const struct live_code_region *top;
	uint64_t address = 0;

	while ((top = top_open(sweep, address)) || next_start(sweep) != UINT64_MAX) {
		struct live_code_piece piece = {.start = address};

		if (top) {
			piece.limit = MIN(limit_of(top), next_start(sweep));
			piece.region = sweep->open.items[0];
			if (emit_piece(sweep->code, piece) < 0)
				return -ENOMEM;
			address = piece.limit;
		} else {
			address = next_start(sweep);
		}
		if (open_until(sweep, address) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int seal(struct live_code *code)
{
	_cleanup_(sweep_done) struct sweep sweep = {.code = code};

	code->pieces.len = 0;
	if (vec_reserve(&sweep.by_start, code->regions.len) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < code->regions.len; i++)
		sweep.by_start.items[i] = i;
	sweep.by_start.len = code->regions.len;
	if (sweep.by_start.len)
		qsort_r(sweep.by_start.items, sweep.by_start.len, sizeof(uint32_t), compare_starts,
			code->regions.items);
	return cut_into_pieces(&sweep);
}

/* ---- lookups ---- */

static const struct live_code_piece *piece_at(const struct live_code *code, uint64_t address)
{
	size_t low = 0, high = code->pieces.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->pieces.items[middle].limit <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == code->pieces.len || code->pieces.items[low].start > address)
		return NULL;
	return &code->pieces.items[low];
}

/* Of an address whose code came only after it was sampled: what was there before. NULL: nothing. */
static const struct live_code_region *region_before(const struct live_code *code, uint64_t address,
						    uint32_t id, uint64_t time_ns)
{
	for (uint32_t tries = 0; id-- > 0 && tries < BEFORE_TRIES_MAX; tries++) {
		const struct live_code_region *region = &code->regions.items[id];

		if (region->time_ns <= time_ns && address >= region->start &&
		    address < limit_of(region))
			return region;
	}
	return NULL;
}

/* The last line at or before the offset, or NULL. */
static const struct live_code_line *line_at(const struct live_code *code,
					    const struct live_code_region *region, uint64_t offset)
{
	size_t low = region->lines_begin, high = region->lines_end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (code->lines.items[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low > region->lines_begin ? &code->lines.items[low - 1] : NULL;
}

bool live_code_find(struct live_code *code, uint64_t address, uint64_t time_ns,
		    struct live_code_place *ret_place)
{
	const struct live_code_region *region, *before;
	const struct live_code_piece *piece;
	const struct live_code_line *line;

	if (!code->is_sealed && seal(code) < 0)
		return false;
	code->is_sealed = true;
	piece = piece_at(code, address);
	if (!piece)
		return false;
	region = &code->regions.items[piece->region];
	before = region->time_ns > time_ns ? region_before(code, address, piece->region, time_ns) :
					     NULL;
	region = before ? before : region;
	line = line_at(code, region, address - region->start);
	*ret_place = (struct live_code_place){
		.name = strtab_get(&code->strings, region->name),
		.file = line ? strtab_get(&code->strings, line->file) : NULL,
		.line = line ? line->line : 0,
		.start = region->start,
	};
	return true;
}

void live_code_free(struct live_code *code)
{
	strtab_free(&code->strings);
	vec_free(&code->regions);
	hashindex_free(&code->by_start);
	vec_free(&code->lines);
	vec_free(&code->pieces);
	*code = (struct live_code){0};
}
