/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of struct objects share:
 *	objects.c          seeing files: which object is that, and pinning it
 *	objects_extract.c  a table of its own for some of the objects
 *	objects_release.c  letting go of what nobody names any more
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
	bool is_free;
	struct idle_mark idle;
};

struct objects {
	VEC(struct object_entry) entries;
	VEC(uint32_t) free_ids; /* to be used again */
	struct hashindex index;
	uint32_t objects_max, fds, fds_max;
	struct objects_counters counters;
	struct jit_files *jit_files;
	struct object_roots roots;
};

/* Makes the object found by what is known of it. -ENOMEM: it will be taken for new when seen again. */
int objects_index(struct objects *objects, uint32_t id) _warn_unused_;

#endif
