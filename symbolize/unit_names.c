// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/unit_names.h"

#include "base/clock.h"

#include <errno.h>

#define UNITS_RANGES_MAX (16 * 1024 * 1024) /* of all units together */

static void close_source(struct unit_source *source)
{
	if (source)
		source->close(source);
}

struct unit_names *unit_names_new(struct unit_source *source)
{
	struct unit_names *names = calloc(1, sizeof(*names));

	if (!names) {
		close_source(source);
		return NULL;
	}
	names->source = source;
	names->is_changed = true;
	return names;
}

int unit_names_add(struct unit_names *names, uint32_t number)
{
	return vec_push(&names->units, ((struct unit_names_unit){.number = number}));
}

int unit_names_add_range(struct unit_names *names, uint64_t start, uint64_t limit)
{
	struct interval range = {
		.start = start, .limit = limit, .value = (uint32_t)names->units.len - 1};

	if (names->ranges.list.len >= UNITS_RANGES_MAX) {
		names->cut_cnt++;
		return 0;
	}
	return intervals_add(&names->ranges, range);
}

static int build_unit(struct unit_names *names, struct unit_names_unit *unit)
{
	int r;

	names->source->is_partial = false;
	r = names->source->build(names->source, unit->number, &unit->owned);
	unit->is_partial = names->source->is_partial;
	names->lost_cnt += unit->is_partial;
	names->is_changed |= !unit->is_partial;
	if (r == 0)
		r = unit_index_open(unit->owned, unit->owned->len, &unit->index);
	unit->is_open = r == 0;
	unit->is_broken = r < 0;
	return r;
}

int unit_names_add_built(struct unit_names *names)
{
	struct unit_names_unit *unit = vec_last(&names->units);
	const struct unit_index_header *header;
	int r = build_unit(names, unit);

	if (r < 0)
		return r;
	header = unit->index.header;
	for (uint32_t i = 0; i < header->piece_cnt && r == 0; i++) {
		r = unit_names_add_range(names, header->base + unit->index.piece_starts[i],
					 header->base + unit->index.pieces[i].limit);
	}
	return r;
}

int unit_names_seal(struct unit_names *names)
{
	return intervals_seal(&names->ranges);
}

int unit_names_open_cached(const struct index_file *cached, struct unit_names **ret_names)
{
	struct unit_names *names = unit_names_new(NULL);

	if (!names || vec_reserve(&names->units, cached->unit_cnt) < 0) {
		free(names);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < cached->unit_cnt; i++)
		names->units.items[i] =
			(struct unit_names_unit){.number = (uint32_t)cached->units[i].cu};
	names->units.len = cached->unit_cnt;
	names->cached = *cached;
	names->ranges = cached->contents.tables[INDEX_UNITS];
	names->cut_cnt = cached->contents.cut_cnt;
	names->is_changed = false;
	*ret_names = names;
	return 0;
}

void unit_names_attach(struct unit_names *names, struct unit_source *source)
{
	close_source(names->source);
	names->source = source;
}

struct unit_names *unit_names_close(struct unit_names *names)
{
	if (!names)
		return NULL;
	vec_for_each(&names->units, unit)
		free(unit->owned);
	vec_free(&names->units);
	if (!names->cached.map)
		intervals_free(&names->ranges);
	close_source(names->source);
	free(names);
	return NULL;
}

/* From the cache, where the unit is in it. One that is broken there will be written anew. */
static bool open_unit(struct unit_names *names, struct unit_names_unit *unit)
{
	uint32_t number = (uint32_t)(unit - names->units.items);
	int r;

	if (unit->is_open || unit->is_broken || !names->cached.map)
		return unit->is_open;
	r = index_file_unit(&names->cached, number, &unit->index);
	unit->is_open = r == 0;
	names->is_changed |= r == -EBADMSG;
	return unit->is_open;
}

static struct unit_names_unit *find_unit(struct unit_names *names, uint64_t address)
{
	const struct interval *range = intervals_find(&names->ranges, address);

	return range ? &names->units.items[range->value] : NULL;
}

bool unit_names_lacks(struct unit_names *names, uint64_t address)
{
	struct unit_names_unit *unit = find_unit(names, address);

	return unit && !open_unit(names, unit) && !unit->is_broken && !names->source;
}

/* The cache said that it had the unit, and the source's file is closed: the next run will do better. */
static void lose_unit(struct unit_names *names, struct unit_names_unit *unit)
{
	unit->is_broken = true;
	names->lost_cnt++;
}

bool unit_names_find(struct unit_names *names, uint64_t address, struct unit_chain *ret_chain)
{
	struct unit_names_unit *unit = find_unit(names, address);

	if (!unit)
		return false;
	if (!open_unit(names, unit) && !unit->is_broken) {
		if (names->source)
			(void)build_unit(names, unit); /* without memory it stays empty */
		else
			lose_unit(names, unit);
	}
	return unit->is_open && unit_index_find(&unit->index, address, ret_chain);
}

size_t unit_names_complete(struct unit_names *names, uint64_t until_cpu_ns)
{
	bool has_time = names->source != NULL;
	size_t lacking = 0;

	vec_for_each(&names->units, unit) {
		if (open_unit(names, unit) || unit->is_broken)
			continue;
		has_time = has_time && clock_ns(CLOCK_THREAD_CPUTIME_ID) < until_cpu_ns;
		if (!has_time || build_unit(names, unit) < 0)
			lacking++;
	}
	return lacking;
}

int unit_names_collect(struct unit_names *names, struct index_units *units)
{
	vec_for_each(&names->units, unit) {
		struct index_unit_source source = {.cu = unit->number};

		if (!unit->is_partial && open_unit(names, unit))
			source.block = unit->index.header;
		if (vec_push(&units->list, source) < 0)
			return -ENOMEM;
	}
	return 0;
}

uint64_t unit_names_cut(const struct unit_names *names)
{
	return names->cut_cnt + (names->source ? names->source->cut_cnt : 0);
}
