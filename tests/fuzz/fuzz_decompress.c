// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Compressed data from anywhere is refused or decompressed, and never past the cap. */
#include "formats/decompress.h"

#include <stdint.h>
#include <stdlib.h>

#define CAP ((size_t)1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_buf_ struct buf in = {0}, out = {.max_len = CAP}, metadata = {0};
	struct err err;

	buf_append(&in, data, len);
	if (buf_error(&in))
		return -1;
	if (decompress_sniff(&in) == COMPRESSION_GZIP)
		(void)!decompress_gzip(&in, &out, &err);
	else
		(void)!decompress_zstd(&in, &out, &metadata, &err);
	if (out.len > CAP || metadata.len > len)
		abort();
	return 0;
}
