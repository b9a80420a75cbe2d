/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The protocol buffers wire format (protobuf.dev/programming-guides/encoding): fields written to
 * a buffer, and a message read field by field.
 */
#ifndef SMOLDER_FORMATS_WIRE_H
#define SMOLDER_FORMATS_WIRE_H

#include "base/buf.h"

enum wire_type {
	WIRE_VARINT = 0,
	WIRE_FIXED64 = 1,
	WIRE_BYTES = 2,
	WIRE_FIXED32 = 5,
};

/* A field that is 0 is left out, as proto3 has it. */
void wire_put_varint(struct buf *out, uint32_t field, uint64_t value);
void wire_put_bytes(struct buf *out, uint32_t field, const void *data, size_t len);

/* A repeated scalar, packed; left out when it is empty. */
void wire_put_packed(struct buf *out, uint32_t field, const uint64_t *values, size_t count);

/* One message, or a part of one, being read. */
struct wire {
	const unsigned char *at, *end;
};

struct wire_field {
	uint32_t number;
	enum wire_type type;
	uint64_t value;    /* of the scalar types */
	struct wire bytes; /* of WIRE_BYTES */
};

/* 1 and the next field, 0 at the end, -EINVAL when the bytes are no such thing. */
int wire_next(struct wire *wire, struct wire_field *ret_field) _warn_unused_;

/* Reads one varint; 1, 0 at the end, or -EINVAL. For packed fields. */
int wire_next_varint(struct wire *wire, uint64_t *ret_value) _warn_unused_;

#endif
