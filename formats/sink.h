/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a writer's bytes go: a file, a buffer, or a compressor in front of another sink. Writers see
 * only this, so none of them holds a whole file in memory. The first failure sticks: later writes
 * return it again. Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_SINK_H
#define SMOLDER_FORMATS_SINK_H

#include "base/buf.h"

struct sink;

/* Sinks that write to `fd` or `buf`, both borrowed. */
int sink_fd_new(int fd, struct sink **ret_sink) _warn_unused_;
int sink_buf_new(struct buf *buf, struct sink **ret_sink) _warn_unused_;

/*
 * Sinks that change the bytes and pass them on to `next`, which is borrowed. The bytes depend on
 * the input alone: gzip (RFC 1952) without name and time, raw deflate (RFC 1951), one zstd frame
 * (RFC 8878: level 3, long-distance matching, window of 8 MiB at most, checksum), base64 (RFC 4648)
 * without line breaks.
 */
int sink_gzip_new(struct sink *next, struct sink **ret_sink) _warn_unused_;
int sink_deflate_new(struct sink *next, struct sink **ret_sink) _warn_unused_;
int sink_zstd_new(struct sink *next, struct sink **ret_sink) _warn_unused_;
int sink_base64_new(struct sink *next, struct sink **ret_sink) _warn_unused_;

/*
 * A sink that passes its bytes on as they are and keeps their count and checksum: XXH64 with seed 0, its
 * low 32 bits, as zstd frames have it (RFC 8878, 3.1.1).
 */
struct sink_sum {
	uint64_t bytes;
	uint32_t checksum;
};

int sink_sum_new(struct sink *next, struct sink **ret_sink) _warn_unused_;
struct sink_sum sink_sum_get(const struct sink *sink); /* of all bytes so far */

int sink_write(struct sink *sink, const void *data, size_t len) _warn_unused_;

/*
 * Passes on what is held back, so that what was written so far can be decoded; more may follow. Sinks that
 * hold nothing back do nothing; gzip, deflate and base64 cannot, and keep it.
 */
int sink_flush(struct sink *sink) _warn_unused_;

/* Ends the stream: passes on what is held back. Does not end the sink behind. Nothing may follow. */
int sink_finish(struct sink *sink) _warn_unused_;

/* 0, or the first failure of this sink. */
int sink_error(const struct sink *sink);

/*
 * Writes the buffer's bytes and empties it when it holds `threshold` bytes or more; fails with the
 * buffer's error when it has one.
 */
int sink_drain(struct sink *sink, struct buf *buf, size_t threshold) _warn_unused_;

/* How much a writer should gather before it drains its buffer. */
#define SINK_CHUNK ((size_t)64 << 10)

struct sink *sink_free(struct sink *sink); /* NULL is legal; finishes nothing; returns NULL */

static inline void sink_cleanup_(struct sink **sink)
{
	sink_free(*sink);
}

#define _cleanup_sink_ _cleanup_(sink_cleanup_)

#endif
