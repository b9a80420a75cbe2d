// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/encoded_pointer.h"

static uint64_t fail(struct byte_reader *reader)
{
	reader_skip(reader, UINT64_MAX);
	return 0;
}

uint64_t read_pointer_len(struct byte_reader *reader, uint8_t encoding)
{
	switch (encoding & POINTER_FORMAT_MASK) {
	case POINTER_SDATA4:
	case POINTER_UDATA4:
		return read_fixed(reader, 4);
	case POINTER_ABSPTR:
	case POINTER_UDATA8:
	case POINTER_SDATA8:
		return read_fixed(reader, 8);
	case POINTER_ULEB128:
		return read_uleb(reader);
	case POINTER_SLEB128:
		return (uint64_t)read_sleb(reader);
	case POINTER_UDATA2:
	case POINTER_SDATA2:
		return read_fixed(reader, 2);
	default:
		return fail(reader);
	}
}

static uint64_t read_number(struct byte_reader *reader, uint8_t encoding)
{
	uint64_t value = read_pointer_len(reader, encoding);

	switch (encoding & POINTER_FORMAT_MASK) {
	case POINTER_SDATA4:
		return sign_extend(value, 4);
	case POINTER_SDATA2:
		return sign_extend(value, 2);
	default:
		return value;
	}
}

static uint64_t read_aligned(struct byte_reader *reader, const struct pointer_bases *bases)
{
	uint64_t address = bases->address + (uint64_t)(reader->at - bases->bytes);

	reader_skip(reader, -address & 7);
	return read_fixed(reader, 8);
}

uint64_t read_pointer(struct byte_reader *reader, uint8_t encoding,
		      const struct pointer_bases *bases)
{
	uint64_t here = bases->address + (uint64_t)(reader->at - bases->bytes);

	if (encoding & POINTER_INDIRECT) /* POINTER_OMIT too */
		return fail(reader);
	switch (encoding & POINTER_BASE_MASK) {
	case POINTER_PCREL:
		return here + read_number(reader, encoding);
	case 0:
		return read_number(reader, encoding);
	case POINTER_TEXTREL:
		return bases->text + read_number(reader, encoding);
	case POINTER_DATAREL:
		return bases->data + read_number(reader, encoding);
	case POINTER_FUNCREL:
		return bases->function + read_number(reader, encoding);
	case POINTER_ALIGNED:
		return read_aligned(reader, bases);
	default:
		return fail(reader);
	}
}
