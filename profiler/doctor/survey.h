/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a recording would find of one process: the objects its executable mappings show, whether their
 * files can be reached, and what symbols these have. Found by the code a recording uses.
 */
#ifndef SMOLDER_DOCTOR_SURVEY_H
#define SMOLDER_DOCTOR_SURVEY_H

#include "base/err.h"
#include "base/vec.h"
#include "bpf/abi.h"
#include "profiler/process/object_open.h"
#include "profiler/process/objects.h"
#include "profiler/process/user_process.h"
#include "profiler/sandbox/sandbox.h"

#include <stdbool.h>
#include <stdint.h>

enum survey_symbols {
	SURVEY_NO_FILE, /* no file to look into, or it cannot be reached */
	SURVEY_BROKEN,  /* a file whose ELF structures or tables are broken, or beyond our caps */
	SURVEY_FAILED,  /* a file that the worker who looked into it failed at */
	SURVEY_STRIPPED,
	SURVEY_DYNSYM, /* exported functions only */
	SURVEY_SYMTAB,
};

struct survey_object {
	uint32_t id; /* in survey.objects */
	uint32_t mappings_cnt;
	uint64_t bytes;      /* of all its executable mappings */
	enum object_way way; /* valid when the object has a descriptor */
	enum survey_symbols symbols;
	bool has_dwarf;
};

struct survey {
	struct user_process process;
	struct objects *objects;
	VEC(struct survey_object) found;
	char perf_map[64]; /* path within its root; where a JIT writes its names */
	bool has_perf_map;
};

/*
 * Files are looked into by workers of the sandbox; without one (NULL), in this process. -ESRCH no such
 * process, -EINVAL a thread or without memory of its own, -EACCES, …
 */
int survey_process(uint32_t pid, struct sandbox *sandbox, struct survey *ret_survey,
		   struct err *err) _warn_unused_;
void survey_free(struct survey *survey);

#endif
