/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A segment being written. A window is compressed first and written then, so that its length is known
 * before anything is touched. The compressor has seen what is compressed: when a commit fails, the segment
 * has its end behind the window before and takes no more. Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_SEGMENT_WRITER_H
#define SMOLDER_FORMATS_SEGMENT_WRITER_H

#include "formats/store_record.h"

struct segment_writer;

/* Makes the segment's two files. */
int segment_writer_new(int dir_fd, const char *name, bool sync, struct segment_writer **ret_writer)
	_warn_unused_;

/* Compresses a window; `record` says what the profile does not. *ret_len: what both files will grow by. */
int segment_writer_prepare(struct segment_writer *writer, const struct profile *profile,
			   struct store_record *record, uint64_t *ret_len, struct err *err)
	_warn_unused_;

/* Writes the prepared window and syncs it. */
int segment_writer_commit(struct segment_writer *writer) _warn_unused_;

struct segment_size {
	uint64_t windows;
	uint64_t text_bytes, file_bytes, table_bytes;
};

/* Do its files still have names? Somebody may have removed them. */
bool segment_writer_is_there(const struct segment_writer *writer);

struct segment_size segment_writer_size(const struct segment_writer *writer);

/* Seals nothing; removes the files of a segment that has no window. NULL is legal; returns NULL. */
struct segment_writer *segment_writer_free(struct segment_writer *writer);

static inline void segment_writer_cleanup_(struct segment_writer **writer)
{
	segment_writer_free(*writer);
}

#define _cleanup_segment_writer_ _cleanup_(segment_writer_cleanup_)

#endif
