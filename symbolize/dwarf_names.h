/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the DWARF of a file says about an address: the function, the calls inlined there, the line.
 *
 * Opening makes an index of which unit covers which addresses, from the units' own DIEs, as neither
 * clang nor rustc write .debug_aranges; a unit is read at the first hit in it. Other files that the
 * DWARF names (split .dwo files, dwz's common file) are never opened: whoever wrote the profiled
 * program would choose what a root process opens.
 */
#ifndef SMOLDER_SYMBOLIZE_DWARF_NAMES_H
#define SMOLDER_SYMBOLIZE_DWARF_NAMES_H

#include "symbolize/dwarf_unit.h"
#include "symbolize/elf_file.h"

struct dwarf_names;

struct dwarf_frame {
	const char *linkage_name; /* mangled; NULL when the language does not mangle */
	const char *plain_name;   /* as in the source; NULL when unknown */
	const char *file;         /* NULL when unknown; may be relative, to: */
	const char *directory;    /* where the compiler ran; NULL when unknown */
	uint32_t line;            /* of the next frame's call, of the code itself in the last one */
	uint32_t start_line;
};

struct dwarf_chain { /* physical function first, innermost inlined call last */
	struct dwarf_frame frames[DWARF_SCOPE_DEPTH_MAX];
	size_t len; /* 1 with no names at all: only the line is known */
};

/*
 * 0, -ENODATA (no DWARF), -ENOTSUP (it needs dwz's common file), -EFBIG (beyond our caps), -ENOEXEC
 * (broken), -ENOMEM. `file` must outlive the result.
 */
int dwarf_names_open(const struct elf_file *file, struct dwarf_names **ret_names) _warn_unused_;
struct dwarf_names *dwarf_names_close(struct dwarf_names *names); /* NULL is legal */

/* How many units and line tables were left out, whole or in part, for being beyond our caps. */
uint64_t dwarf_names_cut_count(const struct dwarf_names *names);

/*
 * False when the DWARF knows nothing of the address. Strings belong to `names`; they may be as long
 * as the file likes.
 */
bool dwarf_names_find(struct dwarf_names *names, uint64_t address, struct dwarf_chain *ret_chain);

#endif
