/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Segments: the files of a store. docs/FORMATS.md, "The store", tells their layout:
 *
 *	NNNNNNNNNN-YYYYMMDDThhmmssZ.folded.zst	header, table of windows, one zstd frame of text
 *	NNNNNNNNNN-YYYYMMDDThhmmssZ.windows	the table while the segment is being written
 *
 * The number in front orders them, whatever the clock did.
 */
#ifndef SMOLDER_FORMATS_SEGMENT_H
#define SMOLDER_FORMATS_SEGMENT_H

#include "base/buf.h"
#include "base/err.h"

#define SEGMENT_HEADER_MAGIC 0x184D2A51u
#define SEGMENT_TABLE_MAGIC 0x184D2A52u
#define SEGMENT_FRAME_HEAD_LEN ((size_t)8) /* of a skippable frame: magic, length */
#define SEGMENT_NAME_LEN 64
#define SEGMENT_TABLE_MAX ((size_t)256 << 20) /* bytes of a table's lines */
#define SEGMENT_FORMAT "smolder-store"

/* A segment's name, by its number and the time of its first window. */
void segment_name_make(uint64_t number, uint64_t realtime_ns, char name[SEGMENT_NAME_LEN]);

/* Is this the name of a segment, and which is its number? */
bool segment_name_parse(const char *name, uint64_t *ret_number);

/* The name beside it with another ending, such as ".windows". */
void segment_sibling(const char *name, const char *ending, char sibling[SEGMENT_NAME_LEN]);

/* A little-endian number of up to 8 bytes. */
uint64_t segment_le(const unsigned char *at, unsigned int bytes);

/* Appends a skippable frame: RFC 8878, 3.1.2. */
void segment_append_frame(uint32_t magic, const void *data, size_t len, struct buf *out);

/* Appends the header, the first thing in every segment. */
void segment_append_header(struct buf *out);

/* Opens a regular file in the directory, and nothing else: not a link, not a FIFO. fd or -errno. */
int segment_open_file(int dir_fd, const char *name, int flags);

/*
 * Ends a segment that was being written: writes it anew with its table in front and its frame ended behind the
 * last finished window, puts that in its place and removes the .windows file. May be interrupted and called
 * again at any time; nothing happens to one that has its end. A segment that has no finished window yet is removed; one whose table is gone or damaged
 * is set aside as .torn. -ENOSPC, …: the segment stays as it was.
 */
int segment_seal(int dir_fd, const char *name, bool sync, struct err *err) _warn_unused_;

#endif
