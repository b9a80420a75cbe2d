// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/buf.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

static int grow(struct buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : 256;
	void *grown;

	while (cap < need) {
		if (cap > SIZE_MAX / 2)
			return -ENOMEM;
		cap *= 2;
	}
	grown = realloc(buf->data, cap);
	if (!grown)
		return -ENOMEM;
	buf->data = grown;
	buf->cap = cap;
	return 0;
}

/* `spare` bytes behind the room are written to as well, but are not appended. */
static void *make_room(struct buf *buf, size_t len, size_t spare)
{
	size_t need;

	if (buf->error)
		return NULL;
	if (__builtin_add_overflow(buf->len, len, &need) || need > SIZE_MAX - spare)
		buf->error = -ENOMEM;
	else if (buf->max_len && need > buf->max_len)
		buf->error = -EFBIG;
	else if (need + spare > buf->cap || !buf->data)
		buf->error = grow(buf, need + spare);
	return buf->error ? NULL : buf->data + buf->len;
}

void *buf_room(struct buf *buf, size_t len)
{
	return make_room(buf, len, 0);
}

void buf_append(struct buf *buf, const void *data, size_t len)
{
	void *room = buf_room(buf, len);

	if (!room || !len)
		return;
	memcpy(room, data, len);
	buf->len += len;
}

void buf_append_str(struct buf *buf, const char *text)
{
	buf_append(buf, text, strlen(text));
}

void buf_append_byte(struct buf *buf, unsigned char byte)
{
	buf_append(buf, &byte, 1);
}

void buf_appendf(struct buf *buf, const char *format, ...)
{
	va_list args, again;
	char *room;
	int len;

	va_start(args, format);
	va_copy(again, args);
	len = vsnprintf(NULL, 0, format, args);
	va_end(args);
	room = len < 0 ? NULL : make_room(buf, (size_t)len, 1); /* the NUL of vsnprintf() */
	if (len < 0 && !buf->error)
		buf->error = -EINVAL; /* wide characters that are none */
	if (room) {
		vsnprintf(room, (size_t)len + 1, format, again);
		buf->len += (size_t)len;
	}
	va_end(again);
}

void buf_append_varint(struct buf *buf, uint64_t value)
{
	unsigned char bytes[10];
	size_t len = 0;

	do {
		bytes[len] = value & 0x7f;
		value >>= 7;
		if (value)
			bytes[len] |= 0x80;
		len++;
	} while (value);
	buf_append(buf, bytes, len);
}

void buf_free(struct buf *buf)
{
	free(buf->data);
	*buf = (struct buf){.max_len = buf->max_len};
}
