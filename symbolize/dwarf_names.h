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
#include "symbolize/index_file.h"

struct dwarf_names_unit {
	struct unit_index index;
	struct unit_index_header *owned; /* built by us; else it is the cache's */
	uint32_t cu;                     /* number in the DWARF */
	bool is_open;                    /* index can be asked */
	bool is_broken;                  /* there is nothing to ask */
};

struct dwarf_names {
	struct dwarf_source source; /* its dwarf is NULL until the cache lacks a unit; owned */
	struct index_file cached;   /* a view of it: not ours to close */
	VEC(struct dwarf_names_unit) units;
	struct intervals ranges; /* value: the unit; the cache's when there is one */
	uint64_t lost_cnt;       /* units broken in the cache, this time */
	bool is_changed;         /* has units that the cache has not */
};

/*
 * Makes the index of units. `elf` is the file that runs; `dwarf`, which is taken over even on failure,
 * comes from it or from its debug file. 0 or -ENOMEM.
 */
int dwarf_names_open(const struct elf_file *elf, struct dwarf_file *dwarf,
		     struct dwarf_names **ret_names) _warn_unused_;

/* The same from the cache, which must outlive the result. */
int dwarf_names_open_cached(const struct elf_file *elf, const struct index_file *cached,
			    struct dwarf_names **ret_names) _warn_unused_;

/* Would a lookup of this address need the DWARF, which is not there yet? */
bool dwarf_names_lacks(struct dwarf_names *names, uint64_t address);

/* Gives the DWARF, from which the cache was made, for units that the cache lacks; takes it over. */
void dwarf_names_attach(struct dwarf_names *names, struct dwarf_file *dwarf);

/* What there is of each unit, for the cache. 0 or -ENOMEM. */
int dwarf_names_collect(struct dwarf_names *names, struct index_units *units) _warn_unused_;

struct dwarf_names *dwarf_names_close(struct dwarf_names *names); /* NULL is legal */

/*
 * False when the DWARF knows nothing of the address. Strings belong to `names`; they are at most a
 * byte longer than NAMEPOOL_LEN_MAX.
 */
bool dwarf_names_find(struct dwarf_names *names, uint64_t address, struct unit_chain *ret_chain);

#endif
