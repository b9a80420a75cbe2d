/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Split DWARF: an object with skeleton units, whose entries are in a .dwo file each (DWARF 5, section
 * 7.3.2, and GNU's forerunner in DWARF 4), or together in a package beside the object (OBJECT.dwp, found
 * there by .debug_cu_index: DWARF 5, section 7.3.5, and GNU's version 2). Files are opened through the
 * place's opener only, whatever the object names them, and must have the skeleton's identity.
 */
#ifndef SMOLDER_SYMBOLIZE_DWARF_SPLIT_H
#define SMOLDER_SYMBOLIZE_DWARF_SPLIT_H

#include "symbolize/debug_files.h"
#include "symbolize/dwarf_file.h"

struct dwarf_split { /* of one object; all zero but the place: nothing is open yet */
	struct debug_place place;
	uint64_t budget; /* bytes of sections that may still be read */
	bool has_looked; /* for a package */
	struct elf_file *package_elf;
	struct dwarf_file *package;
	struct elf_bytes cu_index;
};

struct dwarf_split_unit {
	struct dwarf_cu *cu;
	struct elf_file *elf; /* both owned, when they are not the package's */
	struct dwarf_file *file;
};

void dwarf_split_init(struct dwarf_split *split, const struct debug_place *place);
void dwarf_split_close(struct dwarf_split *split);

/*
 * Finds the unit of a skeleton, whose root entry this is, and makes it ready. 0, -ENODATA (no skeleton),
 * -ENOENT (no file has it), -EFBIG (over the budget) or -ENOMEM.
 */
int dwarf_split_open(struct dwarf_split *split, const struct dwarf_cu *skeleton,
		     const struct dwarf_die *root, struct dwarf_split_unit *ret_unit) _warn_unused_;
void dwarf_split_unit_close(struct dwarf_split_unit *unit);

/* Where a unit's part of each section begins in a package; by number of column. */
struct dwarf_split_row {
	uint64_t info, abbrev, str_offsets, rnglists;
};

/* Looks a unit up in the bytes of a .debug_cu_index; false when it is not there, or broken. */
bool dwarf_split_find_row(const struct elf_bytes *cu_index, uint64_t dwo_id,
			  struct dwarf_split_row *ret_row);

#endif
