/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stubs of a procedure linkage table: a few bytes of code for each function called in another
 * object, which no symbol names. A stub jumps through a slot of the GOT; the relocation that fills
 * the slot names the function. x86-64 only; elsewhere there are none found.
 */
#ifndef SMOLDER_SYMBOLIZE_PLT_H
#define SMOLDER_SYMBOLIZE_PLT_H

#include "symbolize/elf_file.h"

struct plt_stub {
	uint64_t address, len;
	const char *name; /* of the function it jumps to; the file's */
};

struct plt_stubs {
	VEC(struct plt_stub) list;
};

/* 0 (with an empty list when there are none, or as far as they made sense) or -ENOMEM. */
int plt_stubs_read(const struct elf_file *file, struct plt_stubs *ret_stubs) _warn_unused_;
void plt_stubs_free(struct plt_stubs *stubs);

#endif
