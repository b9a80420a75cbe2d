/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of addresses in the collector's objects, of whatever kind these are: files, the kernel, the vDSO, code
 * that was compiled at run time. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_OBJECT_NAMING_H
#define SMOLDER_PROFILER_OBJECT_NAMING_H

#include "profiler/jit_naming.h"
#include "profiler/kernel_naming.h"
#include "profiler/process/objects.h"

struct object_naming {
	const struct objects *objects; /* these three: borrowed, and set before use */
	struct namer *namer;
	uint64_t time_ns;            /* CLOCK_MONOTONIC, of the last sample in them */
	VEC(uint32_t) ids;           /* object id → 1 + the namer's; 0: not added yet */
	VEC(struct jit_naming) jits; /* of memory without a file: these, instead of namer's ids */
	struct kernel_naming kernel; /* once it is added */
};

void object_naming_free(struct object_naming *naming);

/*
 * Adds what is to be asked of the namer before these offsets in the object are looked up; question->object is
 * its id in `objects`. 0 or -ENOMEM.
 */
int object_naming_ask(struct object_naming *naming, const struct namer_question *question,
		      struct namer_questions *questions) _warn_unused_;

/* As namer_lookup(); the answer's frames are good until the next lookup. 0 or -ENOMEM. */
int object_naming_lookup(struct object_naming *naming, uint32_t object, uint64_t offset,
			 struct sym_result *ret_result) _warn_unused_;

/* As namer_build_id(), of an object that was looked up in. */
const char *object_naming_build_id(struct object_naming *naming, uint32_t object);

/* The ledger's word for why there was no name: why an object cannot be read says more than that it cannot. */
const char *object_naming_reason(const struct object_naming *naming, uint32_t object,
				 const struct sym_result *result);

#endif
