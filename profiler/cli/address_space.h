/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What addresses are addresses of: an ELF file, or a living process. */
#ifndef SMOLDER_PROFILER_CLI_ADDRESS_SPACE_H
#define SMOLDER_PROFILER_CLI_ADDRESS_SPACE_H

#include "base/err.h"
#include "base/vec.h"
#include "profiler/process/processes.h"
#include "symbolize/symbolizer.h"

struct address_space {
	struct symbolizer *symbolizer; /* borrowed */
	int object;                    /* the file's id */
	struct processes *processes;   /* of a process; owned */
	struct smolder_task task;
	VEC(int) symbol_objects; /* object id → 1 + the symbolizer's; 0: not asked yet */
};

struct address_answer {
	uint64_t address; /* as asked */
	struct sym_result result;
	const char
		*object; /* of a process: what holds the address, "" when nothing does; else NULL */
};

/* 0 or -errno, and then why: not there, not ELF, … */
int address_space_open_file(struct symbolizer *symbolizer, const char *path,
			    struct address_space *ret_space, struct err *err) _warn_unused_;

/* The debug file of a build-id in hex, where distributions and debuginfod's client keep it. */
int address_space_open_build_id(struct symbolizer *symbolizer, const char *build_id,
				struct address_space *ret_space, struct err *err) _warn_unused_;

/* The process as it is now: what it maps later is not known. The kernel's addresses are its, too. */
int address_space_open_process(struct symbolizer *symbolizer, uint32_t pid,
			       struct address_space *ret_space, struct err *err) _warn_unused_;

void address_space_lookup(struct address_space *space, uint64_t address,
			  struct address_answer *ret_answer);

void address_space_close(struct address_space *space);

#endif
