/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of code in memory without a file: the files by which a process tells of it, as objects of the
 * namer that are asked one after the other. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_JIT_NAMING_H
#define SMOLDER_PROFILER_JIT_NAMING_H

#include "profiler/process/jit_files.h"
#include "profiler/sandbox/namer.h"

struct jit_naming {
	int objects[JIT_LIST_MAX]; /* the namer's */
	size_t len;
	enum jit_lack lack; /* why there are none */
};

struct jit_sampled { /* of which process and when there are samples */
	const struct jit_files *files;
	uint32_t jit;     /* the process's id there */
	uint64_t time_ns; /* CLOCK_MONOTONIC, of the last one */
};

/* -ENOMEM. */
int jit_naming_make(const struct jit_sampled *sampled, struct namer *namer,
		    struct jit_naming *ret_naming) _warn_unused_;

/*
 * Adds what is to be asked before these are looked up, as namer_lookup() does it; question->object is of no
 * matter.
 */
void jit_naming_ask(const struct jit_naming *naming, const struct namer_question *question,
		    struct namer_questions *questions);
void jit_naming_lookup(const struct jit_naming *naming, struct namer *namer, uint64_t address,
		       struct sym_result *ret_result);

/* The ledger's word for why a lookup found no name. */
const char *jit_naming_reason(const struct jit_naming *naming, const struct sym_result *result);

#endif
