// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/sink.h"

#include "base/fs.h"
#include "formats/sink_ops.h"

#include <errno.h>
#include <string.h>

int sink_write(struct sink *sink, const void *data, size_t len)
{
	if (!sink->error && len)
		sink->error = sink->ops->write(sink, data, len);
	return sink->error;
}

int sink_finish(struct sink *sink)
{
	if (!sink->error && sink->ops->finish)
		sink->error = sink->ops->finish(sink);
	return sink->error;
}

int sink_flush(struct sink *sink)
{
	if (!sink->error && sink->ops->flush)
		sink->error = sink->ops->flush(sink);
	return sink->error;
}

int sink_error(const struct sink *sink)
{
	return sink->error;
}

int sink_drain(struct sink *sink, struct buf *buf, size_t threshold)
{
	int r = buf_error(buf);

	if (r < 0 || buf->len < threshold)
		return r;
	r = sink_write(sink, buf->data, buf->len);
	buf_clear(buf);
	return r;
}

struct sink *sink_free(struct sink *sink)
{
	if (!sink)
		return NULL;
	if (sink->ops->release)
		sink->ops->release(sink);
	free(sink);
	return NULL;
}

struct sink_fd {
	struct sink sink;
	int fd;
};

static int fd_write(struct sink *sink, const void *data, size_t len)
{
	return fs_write_all(((struct sink_fd *)sink)->fd, data, len);
}

int sink_fd_new(int fd, struct sink **ret_sink)
{
	static const struct sink_ops ops = {.write = fd_write};
	struct sink_fd *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return -ENOMEM;
	*sink = (struct sink_fd){.sink.ops = &ops, .fd = fd};
	*ret_sink = &sink->sink;
	return 0;
}

struct sink_buf {
	struct sink sink;
	struct buf *buf;
};

static int buf_write(struct sink *sink, const void *data, size_t len)
{
	struct buf *buf = ((struct sink_buf *)sink)->buf;

	buf_append(buf, data, len);
	return buf_error(buf);
}

int sink_buf_new(struct buf *buf, struct sink **ret_sink)
{
	static const struct sink_ops ops = {.write = buf_write};
	struct sink_buf *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return -ENOMEM;
	*sink = (struct sink_buf){.sink.ops = &ops, .buf = buf};
	*ret_sink = &sink->sink;
	return 0;
}

struct sink_base64 {
	struct sink sink;
	struct sink *next;
	unsigned char held[3]; /* less than a group of three bytes */
	size_t held_len;
};

static void encode_group(const unsigned char in[3], char out[4])
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	out[0] = digits[in[0] >> 2];
	out[1] = digits[(in[0] & 0x03) << 4 | in[1] >> 4];
	out[2] = digits[(in[1] & 0x0f) << 2 | in[2] >> 6];
	out[3] = digits[in[2] & 0x3f];
}

static int base64_write(struct sink *sink, const void *data, size_t len)
{
	struct sink_base64 *base64 = (struct sink_base64 *)sink;
	const unsigned char *at = data;
	char text[4096];
	size_t text_len = 0;

	for (size_t i = 0; i < len; i++) {
		base64->held[base64->held_len++] = at[i];
		if (base64->held_len < sizeof(base64->held))
			continue;
		encode_group(base64->held, text + text_len);
		base64->held_len = 0;
		text_len += 4;
		if (text_len == sizeof(text)) {
			int r = sink_write(base64->next, text, text_len);

			if (r < 0)
				return r;
			text_len = 0;
		}
	}
	return sink_write(base64->next, text, text_len);
}

static int base64_finish(struct sink *sink)
{
	struct sink_base64 *base64 = (struct sink_base64 *)sink;
	unsigned char group[3] = {0};
	char text[4];

	if (!base64->held_len)
		return 0;
	memcpy(group, base64->held, base64->held_len);
	encode_group(group, text);
	memset(text + 1 + base64->held_len, '=', 3 - base64->held_len);
	return sink_write(base64->next, text, sizeof(text));
}

int sink_base64_new(struct sink *next, struct sink **ret_sink)
{
	static const struct sink_ops ops = {.write = base64_write, .finish = base64_finish};
	struct sink_base64 *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return -ENOMEM;
	*sink = (struct sink_base64){.sink.ops = &ops, .next = next};
	*ret_sink = &sink->sink;
	return 0;
}
