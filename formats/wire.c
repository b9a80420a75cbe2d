// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/wire.h"

#include <errno.h>

#define FIELD_NUMBER_MAX ((UINT32_C(1) << 29) - 1)

static void put_tag(struct buf *out, uint32_t field, enum wire_type type)
{
	buf_append_varint(out, (uint64_t)field << 3 | type);
}

void wire_put_varint(struct buf *out, uint32_t field, uint64_t value)
{
	if (!value)
		return;
	put_tag(out, field, WIRE_VARINT);
	buf_append_varint(out, value);
}

void wire_put_bytes(struct buf *out, uint32_t field, const void *data, size_t len)
{
	put_tag(out, field, WIRE_BYTES);
	buf_append_varint(out, len);
	buf_append(out, data, len);
}

static size_t varint_len(uint64_t value)
{
	size_t len = 1;

	while (value >>= 7)
		len++;
	return len;
}

void wire_put_packed(struct buf *out, uint32_t field, const uint64_t *values, size_t count)
{
	uint64_t len = 0;

	if (!count)
		return;
	for (size_t i = 0; i < count; i++)
		len += varint_len(values[i]);
	put_tag(out, field, WIRE_BYTES);
	buf_append_varint(out, len);
	for (size_t i = 0; i < count; i++)
		buf_append_varint(out, values[i]);
}

int wire_next_varint(struct wire *wire, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (wire->at == wire->end)
		return 0;
	for (unsigned int shift = 0; shift < 64 && wire->at < wire->end; shift += 7) {
		unsigned char byte = *wire->at++;

		if (shift == 63 && byte > 1)
			return -EINVAL;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return 1;
		}
	}
	return -EINVAL;
}

static int read_fixed(struct wire *wire, size_t len, uint64_t *ret_value)
{
	uint64_t value = 0;

	if ((size_t)(wire->end - wire->at) < len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++)
		value |= (uint64_t)wire->at[i] << (8 * i);
	wire->at += len;
	*ret_value = value;
	return 1;
}

static int read_bytes(struct wire *wire, struct wire *ret_bytes)
{
	uint64_t len;

	if (wire_next_varint(wire, &len) != 1 || len > (size_t)(wire->end - wire->at))
		return -EINVAL;
	*ret_bytes = (struct wire){.at = wire->at, .end = wire->at + len};
	wire->at += len;
	return 1;
}

static int read_value(struct wire *wire, struct wire_field *field)
{
	switch (field->type) {
	case WIRE_VARINT:
		return wire_next_varint(wire, &field->value) == 1 ? 1 : -EINVAL;
	case WIRE_FIXED64:
		return read_fixed(wire, 8, &field->value);
	case WIRE_BYTES:
		return read_bytes(wire, &field->bytes);
	case WIRE_FIXED32:
		return read_fixed(wire, 4, &field->value);
	}
	return -EINVAL; /* groups, which proto3 does not have */
}

int wire_next(struct wire *wire, struct wire_field *ret_field)
{
	struct wire_field field = {0};
	uint64_t tag;
	int r = wire_next_varint(wire, &tag);

	if (r <= 0)
		return r;
	if (tag >> 3 == 0 || tag >> 3 > FIELD_NUMBER_MAX)
		return -EINVAL;
	field.number = (uint32_t)(tag >> 3);
	field.type = (enum wire_type)(tag & 7);
	r = read_value(wire, &field);
	if (r == 1)
		*ret_field = field;
	return r;
}
