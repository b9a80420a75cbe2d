/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Compressed files in memory: gzip (several members) and zstd (several frames, skippable ones). */
#ifndef SMOLDER_FORMATS_DECOMPRESS_H
#define SMOLDER_FORMATS_DECOMPRESS_H

#include "base/buf.h"
#include "base/err.h"

enum compression {
	COMPRESSION_NONE,
	COMPRESSION_GZIP,
	COMPRESSION_ZSTD,
};

enum compression decompress_sniff(const struct buf *data);

/*
 * Append what the data holds to `out`, whose max_len is the cap. -EINVAL when it is broken or cut,
 * -EFBIG above the cap or for a zstd window of more than 128 MiB.
 */
int decompress_gzip(const struct buf *data, struct buf *out, struct err *err) _warn_unused_;

/* As above; the first skippable frame with our metadata goes to `metadata`. */
int decompress_zstd(const struct buf *data, struct buf *out, struct buf *metadata, struct err *err)
	_warn_unused_;

#endif
