/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One compile unit's functions, inlined calls and lines, in a form that answers by binary search.
 * Built by a single walk of the unit's DIEs. Everything here belongs to dwarf_names.c.
 */
#ifndef SMOLDER_SYMBOLIZE_DWARF_UNIT_H
#define SMOLDER_SYMBOLIZE_DWARF_UNIT_H

#include "symbolize/elf_file.h"
#include "symbolize/intervals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct Dwarf;
struct Dwarf_Files_s;
struct Dwarf_Lines_s;

#define DWARF_SCOPE_NONE UINT32_MAX
#define DWARF_SCOPE_DEPTH_MAX 128 /* functions inlined into one another */

struct dwarf_scope {         /* a function with code of its own, or an inlined call of one */
	uint64_t die_offset; /* in .debug_info */
	uint32_t parent;     /* the scope it is inlined into; DWARF_SCOPE_NONE: none */
	uint32_t call_file;  /* where it is called, when inlined: index into the unit's files */
	uint32_t call_line;
	uint32_t start_line;                   /* from here on: known once is_named */
	const char *linkage_name, *plain_name; /* either may be NULL */
	uint8_t depth;                         /* 0: physical */
	bool is_named;
};

struct dwarf_unit {
	uint64_t die_offset;
	bool is_built;
	VEC(struct dwarf_scope) scopes;
	struct intervals ranges; /* value: the innermost scope */
	struct Dwarf_Lines_s *lines;
	size_t line_cnt;
	struct Dwarf_Files_s *files;
	const char *directory; /* DW_AT_comp_dir, or NULL */
};

struct dwarf_budget {       /* what one object may still cost us; shared by its units */
	uint64_t die_bytes; /* of .debug_info walked over */
	uint64_t line_bytes;
	uint64_t scope_cnt, range_cnt;
};

struct dwarf_bytes {       /* of a section, as libdw has it in memory */
	const char *start; /* NULL: there is none */
	size_t len;
};

enum { DWARF_TEXTS_MAX = 4 };

struct dwarf_source {
	struct Dwarf *dwarf;
	const struct elf_file *file;
	struct dwarf_bytes lines;                  /* .debug_line */
	struct dwarf_bytes texts[DWARF_TEXTS_MAX]; /* the sections that hold strings */
	struct dwarf_budget budget;
	uint64_t cut_cnt; /* units or line tables cut or left out because the budget ran out */
};

/* Builds the unit; what is broken or beyond the budget is left out. 0 or -ENOMEM. */
int dwarf_unit_build(struct dwarf_source *source, struct dwarf_unit *unit) _warn_unused_;

/* Fills in a scope's names and start line. */
void dwarf_scope_resolve(const struct dwarf_source *source, struct dwarf_scope *scope);

/*
 * The line-table row that holds an address; false when there is none. *ret_file is the table's text,
 * which lives as long as the Dwarf.
 */
bool dwarf_unit_find_line(const struct dwarf_unit *unit, uint64_t address, const char **ret_file,
			  uint32_t *ret_line);

/* Path of a file by its number in the unit, or NULL. */
const char *dwarf_unit_file(const struct dwarf_unit *unit, uint32_t number);

void dwarf_unit_free(struct dwarf_unit *unit);

#endif
