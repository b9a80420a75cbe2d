/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What segments a store has, and when they are from. The file "index" saves opening them all; it is only
 * believed where it agrees with the directory, so it may be missing, old or wrong. Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_CATALOG_H
#define SMOLDER_FORMATS_CATALOG_H

#include "base/vec.h"
#include "formats/segment.h"
#include "formats/segment_reader.h"

#define CATALOG_INDEX "index"

enum catalog_state {
	CATALOG_SEALED,
	CATALOG_OPEN,    /* being written, or left by a writer that was stopped */
	CATALOG_DAMAGED, /* no window of it can be read; its span is unknown */
};

struct catalog_entry {
	char name[SEGMENT_NAME_LEN];
	uint64_t number;
	uint64_t bytes; /* of the segment's files */
	uint64_t windows;
	uint64_t begin_ns, end_ns; /* realtime: the earliest and the latest its windows touch */
	enum catalog_state state;
};

struct catalog {
	VEC(struct catalog_entry) entries; /* by number */
};

/* Reads the directory. A file that is no segment is passed over. */
int catalog_load(int dir_fd, struct catalog *ret_catalog, struct err *err) _warn_unused_;

/*
 * Writes the index anew, whole or not at all; only segments that have their end are in it. Readers do
 * without, so it is no failure when it cannot be written.
 */
void catalog_save(const struct catalog *catalog, int dir_fd);

/* What an open segment says about itself. */
void catalog_describe(const struct segment_reader *reader, const char *name,
		      struct catalog_entry *ret_entry);

/* The realtime span that a window touches, the clock set back in it or not. */
void catalog_window_span(const struct store_window *window, uint64_t *ret_begin_ns,
			 uint64_t *ret_end_ns);

void catalog_free(struct catalog *catalog); /* of one that is all zero, too */

#define _cleanup_catalog_ _cleanup_(catalog_free)

#endif
