/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the DWARF of an object says about an address: the function, the calls inlined there, the line.
 *
 * It is an index of which unit covers which addresses, made from the units' own entries, as neither
 * clang nor rustc write .debug_aranges, and of each unit an index, made at the first hit in it or
 * found in the cache. Split DWARF (.dwo files) is not read: the units then tell lines only.
 */
#ifndef SMOLDER_SYMBOLIZE_DWARF_NAMES_H
#define SMOLDER_SYMBOLIZE_DWARF_NAMES_H

#include "symbolize/dwarf_unit.h"

struct dwarf_names_unit {
	struct unit_index index;
	struct unit_index_header *owned; /* built by us; else it is the cache's */
	uint32_t cu;                     /* number in the DWARF */
	bool is_open;                    /* index can be asked */
	bool is_broken;                  /* there is nothing to ask */
};

struct dwarf_names {
	struct dwarf_source source; /* its dwarf may be NULL when all is in the cache; owned */
	VEC(struct dwarf_names_unit) units;
	struct intervals ranges; /* value: the unit */
	bool are_ranges_borrowed;
	bool is_changed; /* has units that the cache did not have */
};

/*
 * Makes the index of units. `elf` is the file that runs; `dwarf`, which is taken over even on failure,
 * comes from it or from its debug file. 0 or -ENOMEM.
 */
int dwarf_names_open(const struct elf_file *elf, struct dwarf_file *dwarf,
		     struct dwarf_names **ret_names) _warn_unused_;
struct dwarf_names *dwarf_names_close(struct dwarf_names *names); /* NULL is legal */

/*
 * False when the DWARF knows nothing of the address. Strings belong to `names`; they are at most a
 * byte longer than NAMEPOOL_LEN_MAX.
 */
bool dwarf_names_find(struct dwarf_names *names, uint64_t address, struct unit_chain *ret_chain);

#endif
