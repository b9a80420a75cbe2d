/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of the kernel's code: functions by its own list of symbols; of the kernel itself, where this host
 * has its debug information, also files, lines and inlined calls. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_KERNEL_NAMING_H
#define SMOLDER_PROFILER_KERNEL_NAMING_H

#include "profiler/sandbox/namer.h"

struct kernel_naming {
	int symbols, image;       /* the namer's; image < 0: none */
	uint64_t slide;           /* of the kernel against its image */
	struct sym_frame *frames; /* of the last answer that is put together */
	size_t frames_max;
};

/* -ENOMEM. */
int kernel_naming_make(struct namer *namer, struct kernel_naming *ret_naming) _warn_unused_;
void kernel_naming_free(struct kernel_naming *naming);

/* As namer_ask(); question->object is of no matter. */
void kernel_naming_ask(const struct kernel_naming *naming, struct namer *namer,
		       const struct namer_question *question);

/* As namer_lookup(); the answer's frames are good until the next lookup. */
void kernel_naming_lookup(struct kernel_naming *naming, struct namer *namer, uint64_t address,
			  struct sym_result *ret_result);

#endif
