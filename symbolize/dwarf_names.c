// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_names.h"

#include <dwarf.h>
#include <errno.h>

#define UNIT_RANGES_MAX 65536
#define UNITS_RANGES_MAX (16 * 1024 * 1024) /* of all units together */
/* Caps for one object. A kernel with full debug information has some 100 MB of line programs. */
#define LINE_BYTES_MAX ((uint64_t)1024 * 1024 * 1024)
#define SCOPES_MAX ((uint64_t)32 * 1024 * 1024)
#define RANGES_MAX ((uint64_t)64 * 1024 * 1024)

struct range_taker {
	struct dwarf_names *names;
	uint32_t unit;
};

static int take_range(void *ctx, uint64_t start, uint64_t limit)
{
	struct range_taker *taker = ctx;
	struct interval range = {.start = start, .limit = limit, .value = taker->unit};

	if (start == 0 || !elf_file_is_code(taker->names->source.elf, start))
		return 0;
	if (taker->names->ranges.list.len >= UNITS_RANGES_MAX) {
		taker->names->source.cut_cnt++;
		return 0;
	}
	return intervals_add(&taker->names->ranges, range);
}

static int build_unit(struct dwarf_names *names, struct dwarf_names_unit *unit)
{
	struct dwarf_file *dwarf = names->source.dwarf;
	int r = -ENOENT;

	if (unit->cu < dwarf->units.len) /* or the cache is not of this DWARF */
		r = dwarf_unit_build(&names->source, &dwarf->units.items[unit->cu], &unit->owned);
	names->is_changed = true;
	if (r == 0)
		r = unit_index_open(unit->owned, unit->owned->len, &unit->index);
	unit->is_open = r == 0;
	unit->is_broken = r < 0;
	return r;
}

/* A unit that does not say where its code is covers what its functions cover. */
static int take_function_ranges(struct range_taker *taker)
{
	struct dwarf_names_unit *unit = &taker->names->units.items[taker->unit];
	const struct unit_index_header *header;
	int r = build_unit(taker->names, unit);

	if (r < 0)
		return r;
	header = unit->index.header;
	for (uint32_t i = 0; i < header->piece_cnt; i++) {
		const struct unit_piece *piece = &unit->index.pieces[i];

		r = take_range(taker, header->base + piece->start, header->base + piece->limit);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_unit(struct dwarf_names *names, uint32_t number)
{
	struct dwarf_file *dwarf = names->source.dwarf;
	struct dwarf_cu *cu = &dwarf->units.items[number];
	struct dwarf_names_unit unit = {.cu = number};
	struct range_taker taker = {names, (uint32_t)names->units.len};
	struct dwarf_range_sink sink = {take_range, &taker, UNIT_RANGES_MAX};
	struct dwarf_die root;

	if (cu->type != DW_UT_compile && cu->type != DW_UT_skeleton)
		return 0;
	if (!dwarf_cu_prepare(dwarf, cu, &root))
		return 0;
	if (root.abbrev->tag != DW_TAG_compile_unit && root.abbrev->tag != DW_TAG_skeleton_unit)
		return 0;
	if (vec_push(&names->units, unit) < 0)
		return -ENOMEM;
	if (dwarf_has(&root, DWARF_HIGH_PC) || dwarf_has(&root, DWARF_RANGE_LIST))
		return dwarf_ranges_of(dwarf, cu, &root, &sink);
	if (dwarf_has(&root, DWARF_STMT_LIST))
		return take_function_ranges(&taker);
	return 0;
}

static int index_units(struct dwarf_names *names)
{
	for (uint32_t i = 0; i < names->source.dwarf->units.len; i++) {
		int r = add_unit(names, i);

		if (r < 0)
			return r;
	}
	return intervals_seal(&names->ranges);
}

static struct dwarf_names *make(const struct elf_file *elf)
{
	struct dwarf_names *names = calloc(1, sizeof(*names));

	if (!names)
		return NULL;
	names->source.elf = elf;
	names->source.budget = (struct dwarf_budget){
		.line_bytes = LINE_BYTES_MAX,
		.scope_cnt = SCOPES_MAX,
		.range_cnt = RANGES_MAX,
	};
	return names;
}

int dwarf_names_open(const struct elf_file *elf, struct dwarf_file *dwarf,
		     struct dwarf_names **ret_names)
{
	struct dwarf_names *names = make(elf);
	int r;

	if (!names) {
		dwarf_file_close(dwarf);
		return -ENOMEM;
	}
	names->source.dwarf = dwarf;
	names->is_changed = true;
	r = index_units(names);
	if (r < 0) {
		dwarf_names_close(names);
		return r;
	}
	*ret_names = names;
	return 0;
}

int dwarf_names_open_cached(const struct elf_file *elf, const struct index_file *cached,
			    struct dwarf_names **ret_names)
{
	struct dwarf_names *names = make(elf);

	if (!names || vec_reserve(&names->units, cached->unit_cnt) < 0) {
		free(names);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < cached->unit_cnt; i++)
		names->units.items[i] =
			(struct dwarf_names_unit){.cu = (uint32_t)cached->units[i].cu};
	names->units.len = cached->unit_cnt;
	names->cached = *cached;
	names->ranges = cached->contents.tables[INDEX_UNITS];
	names->source.cut_cnt = cached->contents.cut_cnt;
	*ret_names = names;
	return 0;
}

void dwarf_names_attach(struct dwarf_names *names, struct dwarf_file *dwarf)
{
	names->source.dwarf = dwarf;
}

struct dwarf_names *dwarf_names_close(struct dwarf_names *names)
{
	if (!names)
		return NULL;
	vec_for_each(&names->units, unit)
		free(unit->owned);
	vec_free(&names->units);
	if (!names->cached.map)
		intervals_free(&names->ranges);
	dwarf_file_close(names->source.dwarf);
	free(names);
	return NULL;
}

/* From the cache, where the unit is in it. One that is broken there will be written anew. */
static bool open_unit(struct dwarf_names *names, struct dwarf_names_unit *unit)
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

static struct dwarf_names_unit *find_unit(struct dwarf_names *names, uint64_t address)
{
	const struct interval *range = intervals_find(&names->ranges, address);

	return range ? &names->units.items[range->value] : NULL;
}

bool dwarf_names_lacks(struct dwarf_names *names, uint64_t address)
{
	struct dwarf_names_unit *unit = find_unit(names, address);

	return unit && !open_unit(names, unit) && !unit->is_broken && !names->source.dwarf;
}

/* The cache said that it had the unit, and the DWARF's file is closed: the next run will do better. */
static void lose_unit(struct dwarf_names *names, struct dwarf_names_unit *unit)
{
	unit->is_broken = true;
	names->lost_cnt++;
}

bool dwarf_names_find(struct dwarf_names *names, uint64_t address, struct unit_chain *ret_chain)
{
	struct dwarf_names_unit *unit = find_unit(names, address);

	if (!unit)
		return false;
	if (!open_unit(names, unit) && !unit->is_broken) {
		if (names->source.dwarf)
			(void)build_unit(names, unit); /* without memory it stays empty */
		else
			lose_unit(names, unit);
	}
	return unit->is_open && unit_index_find(&unit->index, address, ret_chain);
}

int dwarf_names_collect(struct dwarf_names *names, struct index_units *units)
{
	vec_for_each(&names->units, unit) {
		struct index_unit_source source = {.cu = unit->cu};

		if (open_unit(names, unit))
			source.block = unit->index.header;
		if (vec_push(&units->list, source) < 0)
			return -ENOMEM;
	}
	return 0;
}
