/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compressed data inside ELF files, inflated within bounds that the caller sets: a small file that
 * claims to be large costs no more than its caller allows.
 */
#ifndef SMOLDER_SYMBOLIZE_INFLATE_H
#define SMOLDER_SYMBOLIZE_INFLATE_H

#include "base/byte_reader.h"

/*
 * The most that so many packed bytes are inflated to: what they claim beyond is taken for a bomb. Debug
 * sections shrink to a third or a tenth; the most that was seen is a thirtieth of 1.4 MB, an eightieth of
 * less.
 */
size_t inflate_len_max(size_t packed_len);

/*
 * Fill `out`, which has room for out_len bytes, with exactly as many. 0, or -ENOEXEC: the data is
 * broken, or longer or shorter than that.
 */
int inflate_zlib(struct byte_reader in, void *out, size_t out_len);
int inflate_zstd(struct byte_reader in, void *out, size_t out_len);

/*
 * .xz data of unknown length. 0 and memory that the caller frees, -ENOEXEC (broken), -EFBIG (longer
 * than max_len, or asking for more memory than xz -9 does), -ENOMEM.
 */
int inflate_xz(struct byte_reader in, size_t max_len, void **ret_out, size_t *ret_len);

#endif
