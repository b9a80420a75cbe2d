/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From one compile unit's DWARF to its index, by a single walk over its entries. */
#ifndef SMOLDER_SYMBOLIZE_DWARF_UNIT_H
#define SMOLDER_SYMBOLIZE_DWARF_UNIT_H

#include "symbolize/dwarf_split.h"
#include "symbolize/unit_names.h"

struct dwarf_budget {        /* what one object may still cost us; shared by its units */
	uint64_t line_bytes; /* of line programs run */
	uint64_t scope_cnt, range_cnt;
};

struct dwarf_source {
	struct unit_source base;
	struct dwarf_file *dwarf;
	const struct elf_file *elf; /* that runs: its segments say what is code */
	struct dwarf_split split;
	struct dwarf_budget budget;
};

/*
 * Builds the index of a unit; what is broken or beyond the budget is left out. The caller frees it.
 * 0 or -ENOMEM.
 */
int dwarf_unit_build(struct dwarf_source *source, struct dwarf_cu *cu,
		     struct unit_index_header **ret_block) _warn_unused_;

#endif
