/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of the kernel's code: functions by its own list of symbols; where this host has the debug information
 * of the kernel or of a module, files, lines and inlined calls by that. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_KERNEL_NAMING_H
#define SMOLDER_PROFILER_KERNEL_NAMING_H

#include "base/vec.h"
#include "profiler/process/kernel_image.h"
#include "profiler/sandbox/namer.h"

struct kernel_part {        /* the kernel itself, or a module */
	const char *module; /* as symbolizer_lookup() calls it; the symbolizer's */
	struct kernel_image image;
	int object; /* the namer's, of the image; < 0: none */
};

struct kernel_naming {
	int symbols;                     /* the namer's */
	VEC(struct kernel_part *) parts; /* that were met so far */
	struct sym_frame *frames;        /* of the last answer that is put together */
	size_t frames_max;
};

/* -ENOMEM. */
int kernel_naming_make(struct namer *namer, struct kernel_naming *ret_naming) _warn_unused_;
void kernel_naming_free(struct kernel_naming *naming);

/*
 * Adds what is to be asked before these are looked up; question->object is of no matter. Without memory, or
 * unasked, they are looked up one by one.
 */
void kernel_naming_ask(struct kernel_naming *naming, struct namer *namer,
		       const struct namer_question *question, struct namer_questions *questions);

/* As namer_lookup(); the answer's frames are good until the next lookup. */
void kernel_naming_lookup(struct kernel_naming *naming, struct namer *namer, uint64_t address,
			  struct sym_result *ret_result);

#endif
