/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All that names the code of one ELF file, from wherever it is: the file itself, its debug file, its
 * symbol tables, its .eh_frame.
 */
#ifndef SMOLDER_SYMBOLIZE_OBJECT_NAMES_H
#define SMOLDER_SYMBOLIZE_OBJECT_NAMES_H

#include "symbolize/debug_files.h"
#include "symbolize/dwarf_names.h"
#include "symbolize/stack_base.h"
#include "symbolize/symtab.h"

struct object_names_options {
	struct debug_place place;
	bool no_dwarf;
};

struct object_names { /* all zero: nothing is known */
	struct elf_file *file;
	struct elf_file *debug;     /* NULL: none needed or found */
	struct elf_file *alternate; /* dwz's common file, or NULL */
	struct dwarf_names *dwarf;  /* NULL: none, or not wanted */
	struct symtab symtab;
	struct intervals functions; /* by .eh_frame, where symbols do not name all */
	struct stack_base base;
	bool has_lost_dwarf; /* broken or beyond our caps */
};

/*
 * Takes the descriptor over on success. 0 or why there is nothing: -ENOEXEC (not ELF, or broken),
 * -EFBIG (over our caps), -ENOMEM. Afterwards no descriptor is held.
 */
int object_names_open(int fd, const struct object_names_options *options,
		      struct object_names *ret_names) _warn_unused_;
void object_names_close(struct object_names *names);

#endif
