/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The unwind tables that are in the pool, one an object, shared by all processes that map it. Not
 * thread-safe; building goes on in a thread of its own.
 */
#ifndef SMOLDER_WALK_TABLES_H
#define SMOLDER_WALK_TABLES_H

#include "profiler/process/objects.h"
#include "profiler/walk/table_builder.h"
#include "profiler/walk/walk_pool.h"

enum walk_table_state {
	WALK_TABLE_UNKNOWN, /* never asked for */
	WALK_TABLE_BUILDING,
	WALK_TABLE_READY,
	WALK_TABLE_NONE,     /* no unwind information, or none that can be read */
	WALK_TABLE_FAILED,   /* whoever was to build it died of it */
	WALK_TABLE_HOMELESS, /* built, but the pool had no room */
};

struct walk_table {
	enum walk_table_state state;
	uint32_t slot;     /* of map "walk_objects"; READY */
	uint32_t off, len; /* in the pool; READY */
	bool marked;       /* in use: see walk_tables_sweep() */
	VEC(struct unwind_segment) segments;
};

struct walk_tables_counters {
	uint64_t built, none, failed, homeless, evicted;
	uint64_t rows, bytes;                /* of tables in the pool now */
	uint64_t rows_lost[UNWIND_LOSS_CNT]; /* rows that say less, by reason, ever */
	uint64_t build_ns;                   /* CPU time of all builds */
};

struct walk_tables {
	struct walk_pool *pool;               /* borrowed */
	struct unwind_object *kernel_objects; /* map "walk_objects", mapped; borrowed */
	struct table_builder *builder;
	VEC(struct walk_table) tables; /* by object id */
	VEC(uint32_t) free_slots, retired_slots;
	uint32_t slots_used;
	uint32_t homeless; /* tables in that state now */
	struct walk_tables_counters counters;
};

/* As table_builder_new() for the sandbox. */
int walk_tables_init(struct walk_tables *tables, struct walk_pool *pool,
		     struct unwind_object *kernel_objects, struct sandbox *sandbox) _warn_unused_;
void walk_tables_done(struct walk_tables *tables);

/* Sees to it that the object gets a table, if it can have one; how far that is. */
enum walk_table_state walk_tables_want(struct walk_tables *tables, const struct objects *objects,
				       uint32_t object);

/* Puts finished builds into the pool. Returns how many found no room. */
uint32_t walk_tables_collect(struct walk_tables *tables);

/* The object's table; state UNKNOWN when it was never asked for. */
const struct walk_table *walk_tables_get(const struct walk_tables *tables, uint32_t object);

/* Address of the object's program headers for a file offset; false: in no executable segment. */
bool walk_table_address(const struct walk_table *table, uint64_t file_offset,
			uint64_t *ret_address);

/* Marks the table as in use, or of use if it had room; then sweep retires all that are not. */
void walk_tables_mark(struct walk_tables *tables, uint32_t object);
void walk_tables_sweep(struct walk_tables *tables);

/* Calls `name` with each object whose table is marked or being built; takes marks off. */
void walk_tables_name_marked(struct walk_tables *tables, void (*name)(void *ctx, uint32_t object),
			     void *ctx);

/* The object is no more, its id may become another's; as after a sweep. Not while its table is being built. */
void walk_tables_forget(struct walk_tables *tables, uint32_t object);

/* No program that began before the last sweep is running: what it retired may be used again. */
void walk_tables_release(struct walk_tables *tables);

/*
 * Lets the homeless that are marked and would find room now be asked for again. Returns how many: what was published
 * without them is to be published anew.
 */
uint32_t walk_tables_invite(struct walk_tables *tables);

#endif
