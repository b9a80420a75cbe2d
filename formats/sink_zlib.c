// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* gzip and raw deflate by zlib. */
#include "formats/sink.h"
#include "formats/sink_ops.h"

#include <errno.h>
#include <limits.h>
#define ZLIB_CONST
#include <zlib.h>

#define MEM_LEVEL 8 /* zlib's default */

struct sink_zlib {
	struct sink sink;
	struct sink *next;
	z_stream stream;
	unsigned char out[(size_t)32 << 10];
};

/* Runs the compressor until it wants more input, or, with Z_FINISH, until it has ended. */
static int run(struct sink_zlib *zlib, int flush)
{
	int status;

	do {
		int r;

		zlib->stream.next_out = zlib->out;
		zlib->stream.avail_out = sizeof(zlib->out);
		status = deflate(&zlib->stream, flush);
		if (status == Z_STREAM_ERROR)
			return -EIO;
		r = sink_write(zlib->next, zlib->out, sizeof(zlib->out) - zlib->stream.avail_out);
		if (r < 0)
			return r;
	} while (flush == Z_FINISH ? status != Z_STREAM_END : zlib->stream.avail_out == 0);
	return 0;
}

static int zlib_write(struct sink *sink, const void *data, size_t len)
{
	struct sink_zlib *zlib = (struct sink_zlib *)sink;
	const unsigned char *at = data;

	while (len) {
		uInt step = (uInt)MIN(len, (size_t)INT_MAX);
		int r;

		zlib->stream.next_in = at;
		zlib->stream.avail_in = step;
		r = run(zlib, Z_NO_FLUSH);
		if (r < 0)
			return r;
		at += step;
		len -= step;
	}
	return 0;
}

static int zlib_finish(struct sink *sink)
{
	return run((struct sink_zlib *)sink, Z_FINISH);
}

static void zlib_release(struct sink *sink)
{
	deflateEnd(&((struct sink_zlib *)sink)->stream);
}

static int zlib_new(struct sink *next, int window_bits, struct sink **ret_sink)
{
	static const struct sink_ops ops = {
		.write = zlib_write, .finish = zlib_finish, .release = zlib_release};
	struct sink_zlib *sink = calloc(1, sizeof(*sink));

	if (!sink)
		return -ENOMEM;
	sink->sink.ops = &ops;
	sink->next = next;
	if (deflateInit2(&sink->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, window_bits, MEM_LEVEL,
			 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(sink);
		return -ENOMEM;
	}
	*ret_sink = &sink->sink;
	return 0;
}

int sink_gzip_new(struct sink *next, struct sink **ret_sink)
{
	return zlib_new(next, MAX_WBITS + 16, ret_sink); /* + 16: zlib.h's way to say gzip */
}

int sink_deflate_new(struct sink *next, struct sink **ret_sink)
{
	return zlib_new(next, -MAX_WBITS, ret_sink); /* negative: raw */
}
