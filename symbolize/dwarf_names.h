/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The units of an object's DWARF, and which addresses each covers: that is found out from their own
 * entries, as neither clang nor rustc write .debug_aranges.
 */
#ifndef SMOLDER_SYMBOLIZE_DWARF_NAMES_H
#define SMOLDER_SYMBOLIZE_DWARF_NAMES_H

#include "symbolize/debug_files.h"
#include "symbolize/dwarf_file.h"
#include "symbolize/unit_names.h"

struct dwarf_place {
	const struct elf_file *elf;      /* the file that runs: its segments say what is code */
	const struct debug_place *files; /* where the files of split units are; copied */
};

/*
 * The reader of units. What the place points to must outlive it; `dwarf`, which is taken over even on
 * failure, comes from the file that runs or from its debug file. NULL: out of memory.
 */
struct unit_source *dwarf_names_source(const struct dwarf_place *place, struct dwarf_file *dwarf);

/* That, and the index of all its units. 0 or -ENOMEM. */
int dwarf_names_open(const struct dwarf_place *place, struct dwarf_file *dwarf,
		     struct unit_names **ret_names) _warn_unused_;

#endif
