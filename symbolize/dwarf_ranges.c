// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The address ranges of entries: low and high pc, .debug_ranges, .debug_rnglists. */
#include "symbolize/dwarf_file.h"

#include <dwarf.h>

struct list {
	const struct dwarf_file *file;
	const struct dwarf_cu *cu;
	struct byte_reader reader;
	uint64_t base;
};

static uint64_t list_address(struct list *list)
{
	return read_fixed(&list->reader, list->cu->sizes.address);
}

/* DWARF 2 to 4: pairs; one of zeros ends, one whose first is all ones sets the base. */
static bool next_pair(struct list *list, uint64_t *ret_start, uint64_t *ret_limit)
{
	uint64_t ones = UINT64_MAX >> (64 - 8 * list->cu->sizes.address);
	uint64_t start, limit;

	while (!list->reader.failed) {
		start = list_address(list);
		limit = list_address(list);
		if (start == 0 && limit == 0)
			return false;
		if (start == ones) {
			list->base = limit;
			continue;
		}
		*ret_start = list->base + start;
		*ret_limit = list->base + limit;
		return !list->reader.failed;
	}
	return false;
}

/* Address number `index` of the unit; 0 when there is none. */
static uint64_t list_indexed(struct list *list)
{
	struct dwarf_value value = {.form = DW_FORM_addrx, .number = read_uleb(&list->reader)};
	uint64_t address = 0;

	dwarf_address(list->file, list->cu, &value, &address);
	return address;
}

/* DWARF 5: one entry. 1: a range, 0: none, < 0: the end. */
static int read_entry(struct list *list, uint64_t *ret_start, uint64_t *ret_limit)
{
	switch (read_u8(&list->reader)) {
	case DW_RLE_base_addressx:
		list->base = list_indexed(list);
		return 0;
	case DW_RLE_base_address:
		list->base = list_address(list);
		return 0;
	case DW_RLE_startx_endx:
		*ret_start = list_indexed(list);
		*ret_limit = list_indexed(list);
		return 1;
	case DW_RLE_startx_length:
		*ret_start = list_indexed(list);
		*ret_limit = *ret_start + read_uleb(&list->reader);
		return 1;
	case DW_RLE_offset_pair:
		*ret_start = list->base + read_uleb(&list->reader);
		*ret_limit = list->base + read_uleb(&list->reader);
		return 1;
	case DW_RLE_start_end:
		*ret_start = list_address(list);
		*ret_limit = list_address(list);
		return 1;
	case DW_RLE_start_length:
		*ret_start = list_address(list);
		*ret_limit = *ret_start + read_uleb(&list->reader);
		return 1;
	default: /* DW_RLE_end_of_list, or not known */
		return -1;
	}
}

static bool next_entry(struct list *list, uint64_t *ret_start, uint64_t *ret_limit)
{
	int r = 0;

	while (r == 0 && !list->reader.failed)
		r = read_entry(list, ret_start, ret_limit);
	return r > 0 && !list->reader.failed;
}

/* rnglistx: the offset stands in a table, and counts from that table. */
static bool list_offset(const struct dwarf_file *file, const struct dwarf_cu *cu,
			const struct dwarf_value *value, uint64_t *ret_offset)
{
	struct dwarf_table table = {cu->rnglists_base, cu->sizes.offset};
	uint64_t offset;

	if (value->form != DW_FORM_rnglistx) {
		*ret_offset = value->number + (cu->sizes.version >= 5 ? cu->split.rnglists : 0);
		return true;
	}
	if (!dwarf_table_entry(&file->sections[DWARF_RNGLISTS], table, value->number, &offset))
		return false;
	*ret_offset = cu->rnglists_base + offset;
	return true;
}

static int take_list(struct list *list, const struct dwarf_range_sink *sink)
{
	uint64_t start, limit;
	bool is_new = list->cu->sizes.version >= 5;

	for (size_t i = 0; i < sink->max_cnt; i++) {
		int r;

		if (!(is_new ? next_entry(list, &start, &limit) : next_pair(list, &start, &limit)))
			return 0;
		r = sink->take(sink->ctx, start, limit);
		if (r < 0)
			return r;
	}
	return 0;
}

static int take_single(const struct dwarf_file *file, const struct dwarf_cu *cu,
		       const struct dwarf_die *die, const struct dwarf_range_sink *sink)
{
	const struct dwarf_value *high = &die->values[DWARF_HIGH_PC];
	uint64_t start, limit;

	if (!dwarf_has(die, DWARF_LOW_PC) || !dwarf_has(die, DWARF_HIGH_PC) ||
	    !dwarf_address(file, cu, &die->values[DWARF_LOW_PC], &start))
		return 0;
	if (!dwarf_address(file, cu, high, &limit)) /* since DWARF 4 mostly a length */
		limit = start + high->number;
	return sink->take(sink->ctx, start, limit);
}

int dwarf_ranges_of(const struct dwarf_file *file, const struct dwarf_cu *cu,
		    const struct dwarf_die *die, const struct dwarf_range_sink *sink)
{
	bool is_new = cu->sizes.version >= 5;
	struct list list = {.file = file, .cu = cu, .base = cu->base_address};
	uint64_t offset;

	if (!dwarf_has(die, DWARF_RANGE_LIST))
		return take_single(file, cu, die, sink);
	if (!list_offset(file, cu, &die->values[DWARF_RANGE_LIST], &offset))
		return 0;
	/* GNU's base is for the split unit: the skeleton's own ranges do not count from it */
	if (!is_new && cu->is_split && __builtin_add_overflow(offset, cu->ranges_base, &offset))
		return 0;
	list.reader =
		elf_section_reader(&file->sections[is_new ? DWARF_RNGLISTS : DWARF_RANGES], offset);
	return take_list(&list, sink);
}
