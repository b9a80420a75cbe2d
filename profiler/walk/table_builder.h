/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compiles unwind tables in a thread of its own, the most wanted object first. Used from one other
 * thread.
 */
#ifndef SMOLDER_WALK_TABLE_BUILDER_H
#define SMOLDER_WALK_TABLE_BUILDER_H

#include "profiler/sandbox/confined_table.h"

#include <stdbool.h>

struct table_builder;

struct table_build {
	uint32_t object; /* the caller's name for it */
	uint32_t wanted; /* how often it was asked for */
	struct elf_source source;
	int error; /* < 0: why there is no table; see confined_table.h */
	struct unwind_table table;
};

/* The sandbox is borrowed; NULL: tables are compiled in this process. */
int table_builder_new(struct sandbox *sandbox, struct table_builder **ret_builder) _warn_unused_;

/* Ends the thread, after the table it may be at. NULL is legal; returns NULL. */
struct table_builder *table_builder_free(struct table_builder *builder);

/*
 * Asks for the object's table, or asks for it more urgently. A descriptor is duplicated; memory must
 * outlive the builder. 0 or a negative errno.
 */
int table_builder_ask(struct table_builder *builder, uint32_t object, struct elf_source source)
	_warn_unused_;

/* Takes one finished build; its table is the caller's to free. False when there is none. */
bool table_builder_take(struct table_builder *builder, struct table_build *ret_build);

/* Waits until nothing is asked for any more, at the longest so long. True when that is so. */
bool table_builder_settle(struct table_builder *builder, uint64_t timeout_ns);

#endif
