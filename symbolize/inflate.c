// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define ZLIB_CONST
#include "symbolize/inflate.h"

#include "base/buf.h"

#include <errno.h>
#include <limits.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#define XZ_MEMORY_MAX ((uint64_t)80 * 1024 * 1024) /* xz -9 takes 65 MiB to read */
#define SMALL_LEN ((size_t)8 * 1024 * 1024)        /* is no bomb, from however little */
#define RATIO_MAX 64
#define STEP ((size_t)64 * 1024)

size_t inflate_len_max(size_t packed_len)
{
	return SMALL_LEN + MIN(packed_len, (SIZE_MAX - SMALL_LEN) / RATIO_MAX) * RATIO_MAX;
}

int inflate_zlib(struct byte_reader in, void *out, size_t out_len)
{
	z_stream stream = {.next_in = in.at, .next_out = out};
	int r;

	if (reader_left(&in) > UINT_MAX || out_len > UINT_MAX)
		return -ENOEXEC;
	stream.avail_in = (unsigned int)reader_left(&in);
	stream.avail_out = (unsigned int)out_len;
	if (inflateInit(&stream) != Z_OK)
		return -ENOEXEC;
	r = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	return r == Z_STREAM_END && stream.avail_out == 0 ? 0 : -ENOEXEC;
}

int inflate_zstd(struct byte_reader in, void *out, size_t out_len)
{
	size_t len = ZSTD_decompress(out, out_len, in.at, reader_left(&in));

	return ZSTD_isError(len) || len != out_len ? -ENOEXEC : 0;
}

static void end_lzma(lzma_stream *stream)
{
	lzma_end(stream);
}

int inflate_xz(struct byte_reader in, size_t max_len, void **ret_out, size_t *ret_len)
{
	_cleanup_(end_lzma) lzma_stream stream = LZMA_STREAM_INIT;
	_cleanup_buf_ struct buf out = {.max_len = max_len};
	lzma_ret r = lzma_stream_decoder(&stream, XZ_MEMORY_MAX, 0);

	stream.next_in = in.at;
	stream.avail_in = reader_left(&in);
	while (r == LZMA_OK) {
		size_t room = MIN(STEP, max_len - out.len);

		stream.next_out = room ? buf_room(&out, room) : NULL;
		if (!stream.next_out)
			return room ? -ENOMEM : -EFBIG;
		stream.avail_out = room;
		r = lzma_code(&stream, LZMA_FINISH);
		out.len += room - stream.avail_out;
	}
	if (r == LZMA_MEMLIMIT_ERROR)
		return -EFBIG;
	if (r != LZMA_STREAM_END)
		return -ENOEXEC;
	*ret_len = out.len;
	*ret_out = TAKE_PTR(out.data);
	return 0;
}
