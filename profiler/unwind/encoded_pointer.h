/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Pointers as .eh_frame writes them (Linux Standard Base Core, 10.5.1 "DWARF Exception Header
 * Encoding"): a format, and what the number is relative to.
 */
#ifndef SMOLDER_UNWIND_ENCODED_POINTER_H
#define SMOLDER_UNWIND_ENCODED_POINTER_H

#include "base/byte_reader.h"

enum {
	POINTER_ABSPTR = 0x00,
	POINTER_ULEB128 = 0x01,
	POINTER_UDATA2 = 0x02,
	POINTER_UDATA4 = 0x03,
	POINTER_UDATA8 = 0x04,
	POINTER_SLEB128 = 0x09,
	POINTER_SDATA2 = 0x0a,
	POINTER_SDATA4 = 0x0b,
	POINTER_SDATA8 = 0x0c,
	POINTER_FORMAT_MASK = 0x0f,

	POINTER_PCREL = 0x10,
	POINTER_TEXTREL = 0x20,
	POINTER_DATAREL = 0x30,
	POINTER_FUNCREL = 0x40,
	POINTER_ALIGNED = 0x50,
	POINTER_BASE_MASK = 0x70,

	POINTER_INDIRECT = 0x80, /* the number is the address of the pointer, in memory */
	POINTER_OMIT = 0xff,
};

/* What the numbers of one run of bytes may be relative to. */
struct pointer_bases {
	const uint8_t *bytes; /* the run's start, for pcrel and aligned */
	uint64_t address;     /* of that start */
	uint64_t text, data, function;
};

/*
 * Reads a pointer; an encoding nobody writes, or one that would need the object's memory
 * (POINTER_INDIRECT), is a failure of the reader.
 */
uint64_t read_pointer(struct byte_reader *reader, uint8_t encoding,
		      const struct pointer_bases *bases);

/* A length: as a pointer of the same format, relative to nothing. */
uint64_t read_pointer_len(struct byte_reader *reader, uint8_t encoding);

#endif
