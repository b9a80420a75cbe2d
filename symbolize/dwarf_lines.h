/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Line programs: DWARF 2 to 5, section 6.2. */
#ifndef SMOLDER_SYMBOLIZE_DWARF_LINES_H
#define SMOLDER_SYMBOLIZE_DWARF_LINES_H

#include "symbolize/dwarf_file.h"
#include "symbolize/unit_index.h"

struct dwarf_line_file {
	const char *name; /* the file's text */
	uint64_t directory;
};

struct dwarf_line_program {
	struct byte_reader code;
	struct dwarf_sizes sizes;
	uint8_t min_instruction_len, line_range, opcode_base;
	int8_t line_base;
	const uint8_t *opcode_lengths;     /* of opcode n at n - 1 */
	const char *directory;             /* where the compiler ran, or NULL */
	VEC(const char *) directories;     /* by number */
	VEC(struct dwarf_line_file) files; /* by number; a NULL name: there is none */
};

/* How many bytes the unit's line program has, with its header; 0 when it has none. */
uint64_t dwarf_lines_len(const struct dwarf_file *file, const struct dwarf_die *root);

/* Reads the header. 0, -ENODATA (no program), -ENOEXEC (broken), -ENOMEM. */
int dwarf_lines_open(const struct dwarf_file *file, const struct dwarf_cu *cu,
		     const struct dwarf_die *root, struct dwarf_line_program *ret_program)
	_warn_unused_;
void dwarf_lines_close(struct dwarf_line_program *program);

/*
 * Runs the program; appends its rows, sorted, to those of the draft. Files in rows are numbers of the
 * program's files. Only what starts in code of `elf` counts. 0 or -ENOMEM.
 */
int dwarf_lines_run(struct dwarf_line_program *program, const struct elf_file *elf,
		    struct unit_draft *draft) _warn_unused_;

/* The path of a file by its number, written to `path`; NULL when there is no such file. */
const char *dwarf_lines_path(const struct dwarf_line_program *program, uint32_t number,
			     struct buf *path);

#endif
