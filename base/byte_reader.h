/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reads numbers out of bytes that somebody else wrote. Failure is sticky: a read behind the end
 * yields 0 and leaves the reader at its end with `failed` set, so that a parser can read on and
 * check once. Little endian.
 */
#ifndef SMOLDER_BASE_BYTE_READER_H
#define SMOLDER_BASE_BYTE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct byte_reader {
	const uint8_t *at, *end;
	bool failed;
};

/* NULL is legal when there are no bytes. */
static inline struct byte_reader byte_reader_of(const void *bytes, size_t len)
{
	const uint8_t *at = bytes;

	return (struct byte_reader){.at = at, .end = len ? at + len : at};
}

static inline size_t reader_left(const struct byte_reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

/* The next `len` bytes, or NULL. */
static inline const uint8_t *reader_skip(struct byte_reader *reader, uint64_t len)
{
	const uint8_t *bytes = reader->at;

	if (len > reader_left(reader)) {
		reader->at = reader->end;
		reader->failed = true;
		return NULL;
	}
	if (len) /* at may be NULL */
		reader->at += len;
	return bytes;
}

/* An unsigned number of 1 to 8 bytes. */
static inline uint64_t read_fixed(struct byte_reader *reader, size_t len)
{
	const uint8_t *bytes = reader_skip(reader, len);
	uint64_t value = 0;

	if (!bytes)
		return 0;
	if (len < sizeof(value) && (size_t)(reader->end - bytes) >= sizeof(value)) {
		memcpy(&value, bytes, sizeof(value)); /* one load, where it may be */
		return value & ((UINT64_C(1) << (8 * len)) - 1);
	}
	memcpy(&value, bytes, len);
	return value;
}

static inline uint8_t read_u8(struct byte_reader *reader)
{
	if (reader->at < reader->end)
		return *reader->at++;
	reader->failed = true;
	return 0;
}

/* Widens a number of `len` bytes, 1 to 8, whose highest bit is its sign. */
static inline uint64_t sign_extend(uint64_t value, size_t len)
{
	unsigned int unused = 64 - 8 * (unsigned int)len;

	return (uint64_t)((int64_t)(value << unused) >> unused);
}

/* LEB128 as in DWARF 5, section 7.6; bits beyond 64 are dropped. */
static inline uint64_t read_uleb(struct byte_reader *reader)
{
	uint8_t byte = read_u8(reader);
	uint64_t value = byte & 0x7f;

	for (unsigned int shift = 7; byte & 0x80; shift += 7) {
		byte = read_u8(reader); /* 0 at the end */
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
	}
	return value;
}

static inline int64_t read_sleb(struct byte_reader *reader)
{
	uint64_t value = 0;
	unsigned int shift = 0;
	uint8_t byte;

	do {
		byte = read_u8(reader);
		if (shift < 64)
			value |= (uint64_t)(byte & 0x7f) << shift;
		shift = shift < 64 ? shift + 7 : shift;
	} while ((byte & 0x80) && !reader->failed);
	if (shift < 64 && (byte & 0x40))
		value |= UINT64_MAX << shift;
	return (int64_t)value;
}

/* The string up to its NUL, which must be there; NULL when it is not. */
static inline const char *read_string(struct byte_reader *reader)
{
	const uint8_t *start = reader->at;
	const uint8_t *nul = reader_left(reader) ? memchr(start, 0, reader_left(reader)) : NULL;

	if (!nul) {
		reader_skip(reader, UINT64_MAX);
		return NULL;
	}
	reader->at = nul + 1;
	return (const char *)start;
}

#endif
