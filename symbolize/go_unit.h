/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From some neighbouring functions of Go's table to the index of a unit, as if they were one. */
#ifndef SMOLDER_SYMBOLIZE_GO_UNIT_H
#define SMOLDER_SYMBOLIZE_GO_UNIT_H

#include "symbolize/gopclntab.h"
#include "symbolize/unit_names.h"

struct go_budget { /* what one object may still cost us */
	uint64_t run_cnt, scope_cnt;
};

struct go_source {
	struct unit_source base;
	const struct elf_file *elf;
	struct elf_bytes bytes;  /* of the table */
	struct elf_bytes rodata; /* where inlined calls are described */
	uint64_t rodata_address;
	uint64_t tree_base; /* what a function's inline_tree counts from; GO_NO_TREE: not known */
	struct gopclntab table;
	struct go_budget budget;
};

/* Functions `first` up to `limit`. What is broken or beyond the budget is left out. 0 or -ENOMEM. */
int go_unit_build(struct go_source *source, uint32_t first, uint32_t limit,
		  struct unit_index_header **ret_block) _warn_unused_;

#endif
