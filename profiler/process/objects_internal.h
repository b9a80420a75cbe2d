/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of struct objects share:
 *	objects.c          seeing files: which object is that, and pinning it
 *	objects_extract.c  a table of its own for some of the objects
 */
#ifndef SMOLDER_PROFILER_PROCESS_OBJECTS_INTERNAL_H
#define SMOLDER_PROFILER_PROCESS_OBJECTS_INTERNAL_H

#include "base/hashindex.h"
#include "base/vec.h"
#include "profiler/process/object_roots.h"
#include "profiler/process/objects.h"

struct object_entry {
	struct object object;
	uint32_t major, minor;
	uint64_t inode;
	uint64_t size, modified_ns; /* when it was opened */
	uint32_t tries;
	uint32_t generic; /* OBJECT_ANONYMOUS: the id it was made from */
};

struct objects {
	VEC(struct object_entry) entries;
	struct hashindex index;
	uint32_t objects_max, fds, fds_max;
	struct objects_counters counters;
	struct jit_files *jit_files;
	struct object_roots roots;
};

#endif
