/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a Go program keeps what its table of functions only counts from. Symbols would tell, but are
 * stripped; the runtime's own description of the program (moduledata in src/runtime/symtab.go, since
 * 1.18) begins with the addresses of the table and of the names in it, and so can be found.
 */
#ifndef SMOLDER_SYMBOLIZE_GO_MODULE_H
#define SMOLDER_SYMBOLIZE_GO_MODULE_H

#include "symbolize/gopclntab.h"

struct go_module {
	uint64_t text_start; /* 0: not known */
	uint64_t funcdata;   /* what the functions' inline_tree counts from; 0: not known */
};

/* `address`: of the table. All zero when the description is not there, or not of a layout we know. */
struct go_module go_module_find(const struct elf_file *elf, const struct gopclntab *table,
				uint64_t address);

/* The bytes of the section that holds an address, and where it starts; false when none does. */
bool go_module_section(const struct elf_file *elf, uint64_t address, struct elf_bytes *ret_bytes,
		       uint64_t *ret_start);

/* Bytes of a section that is loaded when the program runs. */
bool go_module_bytes(struct Elf_Scn *section, struct elf_bytes *ret_bytes, uint64_t *ret_start);

#endif
