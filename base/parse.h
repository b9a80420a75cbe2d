/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Text to numbers, strictly: the whole string must be the number, there is no sign, no white space,
 * no octal, and overflow is an error. All return 0, or -EINVAL (not such a number) or -ERANGE (too
 * large), and touch *ret_ only on success.
 */
#ifndef SMOLDER_BASE_PARSE_H
#define SMOLDER_BASE_PARSE_H

#include "base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

int parse_u64(const char *text, uint64_t *ret_value) _warn_unused_;
int parse_u32(const char *text, uint32_t *ret_value) _warn_unused_;

/* As parse_u64(), from the first `len` bytes only, in base 10 or 16 (no 0x). */
int parse_u64_len(const char *text, size_t len, unsigned int base, uint64_t *ret_value)
	_warn_unused_;

/* "10", "0.5", "250ms", "60s", "5m", "2h", "7d"; without a unit: seconds. */
int parse_duration_ns(const char *text, uint64_t *ret_ns) _warn_unused_;

/* "4096", "64K", "64M", "2G", "1T" (powers of 1024; an optional "iB" or "B" behind the letter). */
int parse_size_bytes(const char *text, uint64_t *ret_bytes) _warn_unused_;

/* "0.5%" or "0.5": in parts per million, 5000. */
int parse_percent_ppm(const char *text, uint64_t *ret_ppm) _warn_unused_;

#endif
