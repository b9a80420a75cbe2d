/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The functions of a Go program as units of some hundred each, by its .gopclntab. Inlined calls are
 * told since Go 1.16, where the runtime's description of the program is found (go_module.h).
 */
#ifndef SMOLDER_SYMBOLIZE_GO_NAMES_H
#define SMOLDER_SYMBOLIZE_GO_NAMES_H

#include "symbolize/go_unit.h"

/* The reader of units; `elf` must outlive it. NULL: no Go program, broken, or out of memory. */
struct unit_source *go_names_source(const struct elf_file *elf);

/* That, and the index of all its units. 0, -ENODATA (no Go program, or broken) or -ENOMEM. */
int go_names_open(const struct elf_file *elf, struct unit_names **ret_names) _warn_unused_;

/* A reader whose bytes and table are still to be filled in. NULL: out of memory. */
struct go_source *go_names_source_new(const struct elf_file *elf);

/* The index of all units of a reader, which is taken over even on failure. 0 or -ENOMEM. */
int go_names_index(struct go_source *source, struct unit_names **ret_names) _warn_unused_;

#endif
