/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A growable byte buffer. Failure is sticky: once an append fails, later appends do nothing and
 * buf_error() tells why, so that a writer can append freely and check once at its end.
 */
#ifndef SMOLDER_BASE_BUF_H
#define SMOLDER_BASE_BUF_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf {
	unsigned char *data; /* owned; not NUL-terminated */
	size_t len, cap;
	size_t max_len; /* 0: no cap; an append beyond it fails with -EFBIG */
	int error;      /* 0 or the first failure: -ENOMEM, -EFBIG, -EINVAL (format) */
};

void buf_append(struct buf *buf, const void *data, size_t len);
void buf_append_str(struct buf *buf, const char *text);
void buf_append_byte(struct buf *buf, unsigned char byte);
void buf_appendf(struct buf *buf, const char *format, ...) _printf_(2, 3);

/* Unsigned LEB128, as in protocol buffers and DWARF: 1 to 10 bytes. */
void buf_append_varint(struct buf *buf, uint64_t value);

/* Makes room for `len` more bytes and returns where they go, or NULL; `buf->len` is unchanged. */
void *buf_room(struct buf *buf, size_t len);

/* 0 or the first failure since the buffer was made or cleared. */
static inline int buf_error(const struct buf *buf)
{
	return buf->error;
}

/* Empties the buffer and forgets its error; keeps the memory. */
static inline void buf_clear(struct buf *buf)
{
	buf->len = 0;
	buf->error = 0;
}

void buf_free(struct buf *buf); /* leaves an empty, usable buffer */

#define _cleanup_buf_ _cleanup_(buf_free)

#endif
