// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/pprof_message.h"

#include <errno.h>
#include <string.h>

void pprof_message_init(struct pprof_message *message, const void *data, size_t len)
{
	const unsigned char *start = data;

	*message = (struct pprof_message){.start = start};
	message->all = (struct wire){.at = start, .end = len ? start + len : start};
	message->rest = message->all;
}

void pprof_message_rewind(struct pprof_message *message)
{
	message->rest = message->all;
}

int pprof_message_bad(const struct pprof_message *message, const char *why, struct err *err)
{
	return err_set(err, -EINVAL, "byte %zu: %s", message->field_off, why);
}

int pprof_message_next(struct pprof_message *message, struct wire_field *ret_field, struct err *err)
{
	int r;

	message->field_off = (size_t)(message->rest.at - message->start);
	r = wire_next(&message->rest, ret_field);
	return r < 0 ? pprof_message_bad(message, "not a pprof profile, or a broken one", err) : r;
}

int pprof_message_numbers(const struct pprof_message *message, const struct wire_field *field,
			  uint64_t *numbers, size_t count, struct err *err)
{
	struct wire wire = field->bytes;
	struct wire_field part;
	int r;

	memset(numbers, 0, count * sizeof(*numbers));
	while ((r = wire_next(&wire, &part)) == 1)
		if (part.number < count && part.type == WIRE_VARINT)
			numbers[part.number] = part.value;
	return r < 0 ? pprof_message_bad(message, "a broken message in it", err) : 0;
}

int pprof_each_number(const struct wire_field *field, int (*add)(void *ctx, uint64_t number),
		      void *ctx)
{
	struct wire wire = field->bytes;
	uint64_t number;
	int r;

	if (field->type == WIRE_VARINT)
		return add(ctx, field->value);
	if (field->type != WIRE_BYTES)
		return -EBADMSG;
	while ((r = wire_next_varint(&wire, &number)) == 1) {
		r = add(ctx, number);
		if (r < 0)
			return r;
	}
	return r < 0 ? -EBADMSG : 0;
}

uint32_t pprof_clamp_line(uint64_t line)
{
	return line > UINT32_MAX ? 0 : (uint32_t)line; /* negative ones too: unknown */
}

struct wanted {
	const struct pprof_ids *ids;
	uint64_t id;
};

static bool same_id(const void *ctx, uint32_t place)
{
	const struct wanted *wanted = ctx;

	return wanted->ids->ids.items[place] == wanted->id;
}

uint32_t pprof_ids_find(const struct pprof_ids *ids, uint64_t id)
{
	struct wanted wanted = {.ids = ids, .id = id};

	return hashindex_find(&ids->index, hash_bytes(&id, sizeof(id)), same_id, &wanted);
}

int pprof_ids_add(struct pprof_ids *ids, uint64_t id)
{
	uint32_t place = (uint32_t)ids->ids.len;

	if (!id || pprof_ids_find(ids, id) != HASHINDEX_NONE)
		return -EINVAL;
	if (vec_push(&ids->ids, id) < 0)
		return -ENOMEM;
	return hashindex_add(&ids->index, hash_bytes(&id, sizeof(id)), place);
}

void pprof_ids_free(struct pprof_ids *ids)
{
	vec_free(&ids->ids);
	hashindex_free(&ids->index);
}
