/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whole-file reads and writes that retry what should be retried. All return 0 or a negative errno.
 */
#ifndef SMOLDER_BASE_FS_H
#define SMOLDER_BASE_FS_H

#include "base/buf.h"

#include <sys/types.h>

/*
 * Appends the whole file to `buf`; for /proc and /sys too, whose size is not known beforehand.
 * -EFBIG when it would exceed `max_len` bytes: files others write are never read without a cap.
 */
int fs_read_fd(int fd, size_t max_len, struct buf *buf) _warn_unused_;
int fs_read_file(const char *path, size_t max_len, struct buf *buf) _warn_unused_;

/* As fs_read_file(), into an array: NUL-terminated, one final newline removed. For small /sys files. */
int fs_read_line(const char *path, char *line, size_t size) _warn_unused_;

/* Bytes from that position on, fewer only at the file's end: how many, or a negative errno. */
ssize_t fs_read_at(int fd, void *data, size_t len, uint64_t offset) _warn_unused_;

/* Writes all of it, through short writes and EINTR. */
int fs_write_all(int fd, const void *data, size_t len) _warn_unused_;

#endif
