/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bounds of functions as .eh_frame has them. It survives stripping, and every function that an
 * exception may pass, which is nearly all on x86-64, has an entry (FDE) there.
 */
#ifndef SMOLDER_SYMBOLIZE_EH_FRAME_H
#define SMOLDER_SYMBOLIZE_EH_FRAME_H

#include "symbolize/elf_file.h"

struct eh_function {
	uint64_t start, limit; /* addresses of the ELF file */
	bool has_no_caller;    /* its return address is undefined from its first byte on */
};

struct eh_functions { /* sorted by start */
	VEC(struct eh_function) list;
};

/* 0 (with an empty list when there is no .eh_frame, or as far as it made sense) or -ENOMEM. */
int eh_frame_read(const struct elf_file *file, struct eh_functions *ret_functions) _warn_unused_;
void eh_frame_free(struct eh_functions *functions);

#endif
