/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads a segment of a store, one that is being written too: its windows' records, and their texts from the
 * first to the last. Everything in it is checked. Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_SEGMENT_READER_H
#define SMOLDER_FORMATS_SEGMENT_READER_H

#include "formats/store_record.h"

struct segment_reader;

/* -ENOENT when it is not there; -EINVAL when it is no segment, with a message. */
int segment_reader_open(int dir_fd, const char *name, struct segment_reader **ret_reader,
			struct err *err) _warn_unused_;

/*
 * The same of open files; takes `fd`, when it succeeds. `table_fd` (-1: none) is read when the segment has no
 * table in itself; -ENODATA when there is none at all.
 */
int segment_reader_of_fds(int fd, int table_fd, struct segment_reader **ret_reader, struct err *err)
	_warn_unused_;

size_t segment_reader_count(const struct segment_reader *reader);
const struct store_record *segment_reader_record(const struct segment_reader *reader,
						 size_t window);
size_t segment_reader_missing(const struct segment_reader *reader); /* cut off behind these */
uint64_t segment_reader_bytes(const struct segment_reader *reader); /* of its files */
bool segment_reader_is_sealed(const struct segment_reader *reader);

/*
 * Puts a window's text in place of what `text` holds. Windows can only be had in rising order. -EINVAL and a
 * message when the segment is damaged before or in this window; those behind it are then lost, too.
 */
int segment_reader_text(struct segment_reader *reader, size_t window, struct buf *text,
			struct err *err) _warn_unused_;

struct segment_reader *segment_reader_free(struct segment_reader *reader); /* returns NULL */

static inline void segment_reader_cleanup_(struct segment_reader **reader)
{
	segment_reader_free(*reader);
}

#define _cleanup_segment_reader_ _cleanup_(segment_reader_cleanup_)

#endif
