/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * All that names the code of one ELF file, from wherever it is: the file itself, its debug file, its
 * symbol tables, its .eh_frame.
 */
#ifndef SMOLDER_SYMBOLIZE_OBJECT_NAMES_H
#define SMOLDER_SYMBOLIZE_OBJECT_NAMES_H

#include "symbolize/debug_files.h"
#include "symbolize/index_store.h"
#include "symbolize/stack_base.h"
#include "symbolize/symtab.h"
#include "symbolize/unit_names.h"

struct object_names_options {
	struct debug_place place; /* what it points to outlives the names */
	bool no_dwarf;
	struct index_store store;
	bool may_hold_files; /* descriptors, until all that may be asked for is known */
};

struct object_names {             /* all zero: nothing is known */
	struct debug_place place; /* of files that are opened only when they are asked about */
	struct elf_file *file;
	struct elf_file *debug;     /* NULL: none needed or found */
	struct elf_file *alternate; /* dwz's common file, or NULL */
	struct unit_names *units;   /* NULL: none, or not wanted */
	struct symtab symtab;
	struct intervals functions; /* by .eh_frame, where symbols do not name all */
	struct stack_base base;
	bool has_go_units;   /* units are those of Go's tables */
	bool has_lost_dwarf; /* broken or beyond our caps */
	bool holds_files;    /* descriptors are open */
	bool awaits_source;  /* those of the files above are, for units that the cache may lack */
	bool may_hold_files;
	bool is_cacheable; /* there is a name to keep it under */
	struct index_file cached;
	char cache_name[INDEX_FILE_NAME_LEN];
};

/*
 * Takes the descriptor over on success. 0 or why there is nothing: -ENOEXEC (not ELF, or broken),
 * -EFBIG (over our caps), -ENOMEM. Afterwards no descriptor is held, unless that is allowed and not
 * all of the DWARF has been looked at.
 */
int object_names_open(int fd, const struct object_names_options *options,
		      struct object_names *ret_names) _warn_unused_;

/* As unit_names_find(); reads the source first when the cache lacks the unit. */
bool object_names_find(struct object_names *names, uint64_t address, struct unit_chain *ret_chain);

/*
 * Reads on, for at most this CPU time, what was not asked for yet of an object of which something was asked
 * that the cache did not have: it is hot, and more of it will be asked. How many units are still lacking;
 * 0 when the cache had all that was asked.
 */
size_t object_names_complete(struct object_names *names, uint64_t budget_ns);

/* Is there anything for the cache to keep? */
bool object_names_has_news(const struct object_names *names);

/* Keeps in the cache what it does not have yet. 1, 0 when there is nothing to do, or -errno. */
int object_names_save(struct object_names *names, const struct index_store *store);
void object_names_close(struct object_names *names);

#endif
