/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What addresses are addresses of: an ELF file, or a living process. */
#ifndef SMOLDER_PROFILER_CLI_ADDRESS_SPACE_H
#define SMOLDER_PROFILER_CLI_ADDRESS_SPACE_H

#include "base/err.h"
#include "profiler/object_naming.h"
#include "profiler/process/processes.h"

struct address_space {
	struct namer *namer;         /* borrowed */
	int fd, object;              /* the file, owned (-1: none), and its id */
	struct processes *processes; /* of a process; owned; NULL: of a file */
	struct smolder_task task;
	struct object_naming naming; /* of the process's objects, and of the kernel */
};

struct address_answer {
	uint64_t address; /* as asked */
	struct sym_result result;
	const char *object; /* of a process: what holds the address, or ""; else NULL */
};

/* 0 or -errno, and then why: not there, not ELF, … */
int address_space_open_file(struct namer *namer, const char *path, struct address_space *ret_space,
			    struct err *err) _warn_unused_;

/* The debug file of a build-id in hex, where distributions and debuginfod's client keep it. */
int address_space_open_build_id(struct namer *namer, const char *build_id,
				struct address_space *ret_space, struct err *err) _warn_unused_;

/* The process as it is now: what it maps later is not known. The kernel's addresses are its, too. */
int address_space_open_process(struct namer *namer, uint32_t pid, struct address_space *ret_space,
			       struct err *err) _warn_unused_;

/* Finds the answers to all of these at once, for lookups to give; best in their order. */
void address_space_ask(struct address_space *space, const uint64_t *addresses, size_t len);

/* What an answer points to is good until the next of these two. */
void address_space_lookup(struct address_space *space, uint64_t address,
			  struct address_answer *ret_answer);

void address_space_close(struct address_space *space);

#endif
