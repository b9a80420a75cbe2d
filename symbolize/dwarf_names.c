// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_names.h"

#include "symbolize/dwarf_unit.h"

#include <dwarf.h>
#include <errno.h>

#define UNIT_RANGES_MAX 65536
/* Caps for one object. A kernel with full debug information has some 100 MB of line programs. */
#define LINE_BYTES_MAX ((uint64_t)1024 * 1024 * 1024)
#define SCOPES_MAX ((uint64_t)32 * 1024 * 1024)
#define RANGES_MAX ((uint64_t)64 * 1024 * 1024)

static int build_unit(struct unit_source *base, uint32_t number,
		      struct unit_index_header **ret_block)
{
	struct dwarf_source *source = (struct dwarf_source *)base;

	if (number >= source->dwarf->units.len) /* the cache is not of this DWARF */
		return -ENOENT;
	return dwarf_unit_build(source, &source->dwarf->units.items[number], ret_block);
}

static void close_source(struct unit_source *base)
{
	struct dwarf_source *source = (struct dwarf_source *)base;

	dwarf_split_close(&source->split);
	dwarf_file_close(source->dwarf);
	free(source);
}

struct unit_source *dwarf_names_source(const struct dwarf_place *place, struct dwarf_file *dwarf)
{
	struct dwarf_source *source = calloc(1, sizeof(*source));

	if (!source) {
		dwarf_file_close(dwarf);
		return NULL;
	}
	source->base = (struct unit_source){.build = build_unit, .close = close_source};
	source->dwarf = dwarf;
	source->elf = place->elf;
	dwarf_split_init(&source->split, place->files);
	source->budget = (struct dwarf_budget){
		.line_bytes = LINE_BYTES_MAX,
		.scope_cnt = SCOPES_MAX,
		.range_cnt = RANGES_MAX,
	};
	return &source->base;
}

struct range_taker {
	struct unit_names *names;
	const struct elf_file *elf;
};

static int take_range(void *ctx, uint64_t start, uint64_t limit)
{
	struct range_taker *taker = ctx;

	if (start == 0 || !elf_file_is_code(taker->elf, start))
		return 0;
	return unit_names_add_range(taker->names, start, limit);
}

static int add_unit(struct unit_names *names, struct dwarf_source *source, uint32_t number)
{
	struct dwarf_cu *cu = &source->dwarf->units.items[number];
	struct range_taker taker = {names, source->elf};
	struct dwarf_range_sink sink = {take_range, &taker, UNIT_RANGES_MAX};
	struct dwarf_die root;

	if (cu->type != DW_UT_compile && cu->type != DW_UT_skeleton)
		return 0;
	if (!dwarf_cu_read_root(source->dwarf, cu, &root))
		return 0;
	if (root.abbrev->tag != DW_TAG_compile_unit && root.abbrev->tag != DW_TAG_skeleton_unit)
		return 0;
	if (unit_names_add(names, number) < 0)
		return -ENOMEM;
	if (dwarf_has(&root, DWARF_HIGH_PC) || dwarf_has(&root, DWARF_RANGE_LIST))
		return dwarf_ranges_of(source->dwarf, cu, &root, &sink);
	if (dwarf_has(&root, DWARF_STMT_LIST))
		return unit_names_add_built(names);
	return 0;
}

static int index_units(struct unit_names *names)
{
	struct dwarf_source *source = (struct dwarf_source *)names->source;

	for (uint32_t i = 0; i < source->dwarf->units.len; i++) {
		int r = add_unit(names, source, i);

		if (r < 0)
			return r;
	}
	return unit_names_seal(names);
}

int dwarf_names_open(const struct dwarf_place *place, struct dwarf_file *dwarf,
		     struct unit_names **ret_names)
{
	struct unit_source *source = dwarf_names_source(place, dwarf);
	struct unit_names *names = source ? unit_names_new(source) : NULL;
	int r;

	if (!names)
		return -ENOMEM;
	r = index_units(names);
	if (r < 0) {
		unit_names_close(names);
		return r;
	}
	*ret_names = names;
	return 0;
}
