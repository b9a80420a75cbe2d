/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The executable mappings of one address space, and those that were there a moment ago: a sample may be
 * older than the mapping that took its place. Nobody tells of what is unmapped: a mapping is taken to be
 * there until another takes its place. Shared by forked processes until one of them changes
 * them, by reference count. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_MAPPINGS_H
#define SMOLDER_PROFILER_PROCESS_MAPPINGS_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MAPPINGS_MAX 65536u /* of one process: vm.max_map_count's default is 65530 */
#define MAPPINGS_REPLACED_MAX 1024u

struct mapping {
	uint64_t start, limit; /* start < limit */
	uint64_t file_offset;  /* of start */
	uint32_t object;       /* id in struct objects */
	uint64_t since_ns;     /* when it was made, CLOCK_BOOTTIME; 0: before anybody looked */
};

struct mappings;

struct mappings *mappings_new(void); /* empty, one reference; NULL: no memory */
struct mappings *mappings_ref(struct mappings *mappings);   /* returns it */
struct mappings *mappings_unref(struct mappings *mappings); /* NULL is legal; returns NULL */

/*
 * Makes *mappings the caller's alone: replaces it by a copy if others share it. -ENOMEM leaves it as
 * it was.
 */
int mappings_own(struct mappings **mappings) _warn_unused_;

/*
 * Maps over whatever was there. The caller must own the set. -EINVAL for an empty or wrapped range,
 * -ENOSPC when the set is full, -ENOMEM; then nothing changes.
 */
int mappings_insert(struct mappings *mappings, const struct mapping *mapping) _warn_unused_;

/*
 * `mappings` were read at that time, `before` is what was known: moves what these have, and `mappings` has not,
 * to the replaced ones of `mappings`. When that came to pass is not known.
 */
void mappings_supersede(struct mappings *mappings, const struct mappings *before, uint64_t time_ns);

/* The mapping that holds the address, or NULL. */
const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address);

/* The last one that held the address and was replaced, or NULL. */
const struct mapping *mappings_find_replaced(const struct mappings *mappings, uint64_t address);

/*
 * A reference to these mappings as they were at that time, with whatever came later where nothing was replaced;
 * to these themselves if that makes no difference. -ESTALE: it is not known any more; -ENOMEM.
 */
int mappings_at(struct mappings *mappings, uint64_t time_ns, struct mappings **ret_then)
	_warn_unused_;

/* The same code at the same addresses? */
bool mappings_agree(const struct mappings *a, const struct mappings *b);

/* Forgets those that were replaced before that time. */
void mappings_forget_replaced(struct mappings *mappings, uint64_t time_ns);

/* Calls `name` with the object of each mapping, of the replaced ones, too. */
void mappings_name_objects(const struct mappings *mappings,
			   void (*name)(void *ctx, uint32_t object), void *ctx);

static inline void mappings_cleanup_(struct mappings **mappings)
{
	mappings_unref(*mappings);
}

#define _cleanup_mappings_ _cleanup_(mappings_cleanup_)

size_t mappings_count(const struct mappings *mappings);
const struct mapping *mappings_get(const struct mappings *mappings, size_t i); /* by address */

#endif
