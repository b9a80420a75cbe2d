/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Mapping sets in the pool (struct walk_mapset): the executable mappings of an address space in the form
 * the walker searches. Address spaces with the same mappings share one set: workers forked from one
 * parent do. Not thread-safe.
 */
#ifndef SMOLDER_WALK_MAPSETS_H
#define SMOLDER_WALK_MAPSETS_H

#include "base/buf.h"
#include "base/hashindex.h"
#include "profiler/process/mappings.h"
#include "profiler/walk/walk_tables.h"

#define MAPSET_NONE UINT32_MAX

struct mapset {
	uint32_t id;       /* written in front of it; never 0, not used again soon */
	uint32_t off, len; /* in the pool; len 0: this place in the list is free */
	uint64_t hash;
	bool marked;
};

struct mapsets {
	struct walk_pool *pool; /* borrowed */
	VEC(struct mapset) sets;
	struct hashindex by_content;
	uint32_t last_id;
	struct buf scratch;
};

void mapsets_init(struct mapsets *mapsets, struct walk_pool *pool);
void mapsets_done(struct mapsets *mapsets);

/*
 * The set for these mappings, made if there is none yet; its position in `sets`. The tables of all objects
 * must be decided (walk_tables_want() no longer says BUILDING). -ENOSPC, -ENOMEM, -E2BIG; -ENODATA
 * when there is no executable mapping.
 */
int mapsets_get(struct mapsets *mapsets, const struct mappings *mappings,
		const struct walk_tables *tables, uint32_t *ret_mapset) _warn_unused_;

/* The set with this id, or NULL. */
struct mapset *mapsets_find(struct mapsets *mapsets, uint32_t id);

/* No set lies behind this in the pool: sets are first in it, tables last. */
uint32_t mapsets_limit(const struct mapsets *mapsets);

/* Marks the tables that marked sets use, retires the sets that are not marked, takes marks off. */
void mapsets_sweep(struct mapsets *mapsets, struct walk_tables *tables);

#endif
