// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define ZLIB_CONST
#include "formats/decompress.h"

#include "formats/skippable.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define STEP ((size_t)128 << 10)
#define ZSTD_WINDOW_LOG_MAX 27 /* what the zstd program takes without being asked */

static const unsigned char gzip_magic[] = {0x1f, 0x8b};
static const unsigned char zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};

static bool starts_with(const struct buf *data, const unsigned char *magic, size_t len)
{
	return data->len >= len && memcmp(data->data, magic, len) == 0;
}

static uint32_t read_le32(const unsigned char *at)
{
	return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	       (uint32_t)at[3] << 24;
}

/* RFC 8878, 3.1.2: 0x184D2A50 to 0x184D2A5F. */
static bool is_skippable(const unsigned char *at, size_t len)
{
	return len >= 8 && (read_le32(at) & 0xfffffff0u) == SKIPPABLE_METADATA_MAGIC;
}

enum compression decompress_sniff(const struct buf *data)
{
	if (starts_with(data, gzip_magic, sizeof(gzip_magic)))
		return COMPRESSION_GZIP;
	if (starts_with(data, zstd_magic, sizeof(zstd_magic)) ||
	    (data->data && is_skippable(data->data, data->len)))
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

static int too_large(const struct buf *out, struct err *err)
{
	if (buf_error(out) == -EFBIG)
		return err_set(err, -EFBIG, "decompresses to more than %zu MiB",
			       out->max_len >> 20);
	return err_errno(err, buf_error(out), "cannot decompress");
}

/* Room for one step, or for what is left below the cap; NULL when nothing is. */
static void *room_for(struct buf *out, size_t *ret_len)
{
	size_t len = STEP;

	if (out->max_len && out->max_len > out->len)
		len = MIN(len, out->max_len - out->len);
	*ret_len = len;
	return buf_room(out, len);
}

static void inflate_cleanup(z_stream *stream)
{
	inflateEnd(stream);
}

static bool is_next_member(const z_stream *stream)
{
	return stream->avail_in >= sizeof(gzip_magic) &&
	       memcmp(stream->next_in, gzip_magic, sizeof(gzip_magic)) == 0;
}

/* A member's end may be followed by another, or by zeros as tar's padding is. */
static int end_member(z_stream *stream, struct err *err)
{
	if (is_next_member(stream))
		return inflateReset(stream) == Z_OK ? 1 : -EINVAL;
	for (uInt i = 0; i < stream->avail_in; i++)
		if (stream->next_in[i])
			return err_set(err, -EINVAL, "gzip: bytes behind its end");
	return 0;
}

int decompress_gzip(const struct buf *data, struct buf *out, struct err *err)
{
	_cleanup_(inflate_cleanup) z_stream stream = {0};
	int r = 1;

	if (data->len > UINT_MAX)
		return err_set(err, -EFBIG, "gzip: larger than 4 GiB");
	if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) /* + 16: gzip only (zlib.h) */
		return err_errno(err, -ENOMEM, "gzip");
	stream.next_in = data->data;
	stream.avail_in = (uInt)data->len;
	while (r > 0) {
		size_t len;
		int status;

		stream.next_out = room_for(out, &len);
		if (!stream.next_out)
			return too_large(out, err);
		stream.avail_out = (uInt)len;
		status = inflate(&stream, Z_NO_FLUSH);
		out->len += len - stream.avail_out;
		if (status == Z_STREAM_END)
			r = end_member(&stream, err);
		else if (status != Z_OK)
			return err_set(err, -EINVAL, "gzip: %s at byte %zu",
				       status == Z_BUF_ERROR ? "cut off" : "broken",
				       data->len - stream.avail_in);
	}
	return r;
}

static void dctx_cleanup(ZSTD_DCtx **context)
{
	ZSTD_freeDCtx(*context);
}

/* Passes over a skippable frame; keeps the first one that is ours. */
static int skip_frame(ZSTD_inBuffer *in, struct buf *metadata, struct err *err)
{
	const unsigned char *at = (const unsigned char *)in->src + in->pos;
	size_t left = in->size - in->pos, len = read_le32(at + 4);

	if (len > left - 8)
		return err_set(err, -EINVAL, "zstd: cut off at byte %zu", in->size);
	if (read_le32(at) == SKIPPABLE_METADATA_MAGIC && !metadata->len &&
	    len <= SKIPPABLE_METADATA_MAX)
		buf_append(metadata, at + 8, len);
	in->pos += 8 + len;
	return buf_error(metadata) ? err_errno(err, buf_error(metadata), "zstd") : 0;
}

static int decode_frame(ZSTD_DCtx *context, ZSTD_inBuffer *in, struct buf *out, struct err *err)
{
	size_t hint = 1;

	while (hint) {
		ZSTD_outBuffer step = {0};

		step.dst = room_for(out, &step.size);
		if (!step.dst)
			return too_large(out, err);
		hint = ZSTD_decompressStream(context, &step, in);
		if (ZSTD_isError(hint))
			return err_set(err, -EINVAL, "zstd: %s at byte %zu",
				       ZSTD_getErrorName(hint), in->pos);
		out->len += step.pos;
		if (hint && in->pos == in->size && step.pos < step.size)
			return err_set(err, -EINVAL, "zstd: cut off at byte %zu", in->size);
	}
	return 0;
}

int decompress_zstd(const struct buf *data, struct buf *out, struct buf *metadata, struct err *err)
{
	_cleanup_(dctx_cleanup) ZSTD_DCtx *context = ZSTD_createDCtx();
	ZSTD_inBuffer in = {.src = data->data, .size = data->len};

	if (!context)
		return err_errno(err, -ENOMEM, "zstd");
	ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, ZSTD_WINDOW_LOG_MAX);
	while (in.pos < in.size) {
		const unsigned char *at = data->data + in.pos;
		int r = is_skippable(at, in.size - in.pos) ? skip_frame(&in, metadata, err) :
							     decode_frame(context, &in, out, err);

		if (r < 0)
			return r;
	}
	return 0;
}
