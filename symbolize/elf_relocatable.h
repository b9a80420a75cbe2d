/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Relocatable ELF files (object files, kernel modules) made as if they were linked: sections get addresses,
 * symbols theirs, and debug sections refer to these.
 */
#ifndef SMOLDER_SYMBOLIZE_ELF_RELOCATABLE_H
#define SMOLDER_SYMBOLIZE_ELF_RELOCATABLE_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where .text begins: not at 0, which in debug information stands for code that is nowhere. */
#define ELF_RELOCATABLE_TEXT ((uint64_t)0x1000)

/* Is this the beginning of a file that elf_relocatable_link() is for? x86-64's only. */
bool elf_relocatable_is(const void *header, size_t len);

/*
 * Changes a whole file in allocated memory. .text goes first, other sections that are loaded follow, each in pages
 * of its own. Compressed debug sections are inflated, behind all else, which makes it longer: up to len_max. Those
 * that cannot be are left out: their type is SHT_NOBITS then. 0, -ENOMEM, or -ENOEXEC: its section headers are not
 * inside; the memory may be another by then in any case.
 */
int elf_relocatable_link(void **image, size_t *len, size_t len_max) _warn_unused_;

#endif
