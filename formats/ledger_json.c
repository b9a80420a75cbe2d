// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The ledger as JSON: one table of fields serves both directions. */
#include "formats/ledger.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <string.h>

#define LEDGER_VERSION 1

enum field_type {
	FIELD_U64,
	FIELD_U32,
	FIELD_REASONS,
};

struct field {
	const char *group; /* NULL: in the outer object */
	const char *name;
	enum field_type type;
	size_t offset;
};

#define FIELD(group, name, type, member)                                                           \
	{                                                                                          \
		group, name, type, offsetof(struct ledger, member)                                 \
	}

/* In the order in which they are written; a group's fields stand together. */
static const struct field fields[] = {
	FIELD(NULL, "frequency_hz", FIELD_U32, frequency_hz),
	FIELD(NULL, "duration_ns", FIELD_U64, duration_ns),
	FIELD(NULL, "cpus", FIELD_U32, cpus),
	FIELD("samples", "expected", FIELD_U64, samples.expected),
	FIELD("samples", "recorded", FIELD_U64, samples.recorded),
	FIELD("samples", "idle", FIELD_U64, samples.idle),
	FIELD("samples", "filtered", FIELD_U64, samples.filtered),
	FIELD("samples", "skipped", FIELD_U64, samples.skipped),
	FIELD("samples", "offline", FIELD_U64, samples.offline),
	FIELD("samples", "lost", FIELD_REASONS, samples.lost),
	FIELD("stacks", "user", FIELD_U64, stacks.user),
	FIELD("stacks", "user_complete", FIELD_U64, stacks.user_complete),
	FIELD("stacks", "incomplete", FIELD_REASONS, stacks.incomplete),
	FIELD("stacks", "kernel", FIELD_U64, stacks.kernel),
	FIELD("stacks", "distinct", FIELD_U64, stacks.distinct),
	FIELD("stacks", "rescued_collisions", FIELD_U64, stacks.rescued_collisions),
	FIELD("frames", "distinct", FIELD_U64, frames.distinct),
	FIELD("frames", "named", FIELD_U64, frames.named),
	FIELD("frames", "unnamed", FIELD_REASONS, frames.unnamed),
	FIELD("frames", "left_out", FIELD_REASONS, frames.left_out),
	FIELD("self", "bpf_ns_per_sample", FIELD_U64, self.bpf_ns_per_sample),
	FIELD("self", "cpu_ns", FIELD_U64, self.cpu_ns),
	FIELD("self", "rss_bytes", FIELD_U64, self.rss_bytes),
	FIELD("self", "map_bytes", FIELD_U64, self.map_bytes),
	FIELD("sandbox", "workers", FIELD_U64, sandbox.workers),
	FIELD("sandbox", "failed", FIELD_REASONS, sandbox.failed),
};

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

#define _cleanup_json_ _cleanup_(json_cleanup)

static json_t *number_to_json(uint64_t number)
{
	return json_integer((json_int_t)MIN(number, (uint64_t)INT64_MAX));
}

static json_t *reasons_to_json(const struct ledger_reasons *reasons)
{
	json_t *object = json_object();

	for (uint32_t i = 0; i < reasons->len; i++)
		json_object_set_new(object, reasons->items[i].name,
				    number_to_json(reasons->items[i].count));
	return object;
}

static json_t *field_to_json(const struct ledger *ledger, const struct field *field)
{
	const void *at = (const char *)ledger + field->offset;

	if (field->type == FIELD_REASONS)
		return reasons_to_json(at);
	if (field->type == FIELD_U32)
		return number_to_json(*(const uint32_t *)at);
	return number_to_json(*(const uint64_t *)at);
}

/* The object that holds a group's fields, made when it is not there. */
static json_t *group_of(json_t *ledger, const char *group)
{
	json_t *object = group ? json_object_get(ledger, group) : ledger;

	if (object)
		return object;
	json_object_set_new(ledger, group, json_object());
	return json_object_get(ledger, group);
}

static int append_dump(const char *text, size_t len, void *out)
{
	buf_append(out, text, len);
	return buf_error(out) ? -1 : 0;
}

void ledger_to_json(const struct ledger *ledger, struct buf *out)
{
	_cleanup_json_ json_t *object = json_object();
	size_t start = out->len;

	json_object_set_new(object, "version", json_integer(LEDGER_VERSION));
	json_object_set_new(object, "event", json_string(ledger->event));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		json_object_set_new(group_of(object, fields[i].group), fields[i].name,
				    field_to_json(ledger, &fields[i]));
	if (json_dump_callback(object, append_dump, out, JSON_COMPACT) < 0 || out->len == start)
		out->error = out->error ? out->error : -ENOMEM;
}

static int number_from_json(const json_t *value, const char *name, uint64_t max,
			    uint64_t *ret_number, struct err *err)
{
	if (!json_is_integer(value) || json_integer_value(value) < 0 ||
	    (uint64_t)json_integer_value(value) > max)
		return err_set(err, -EINVAL, "ledger: '%s' is not a number in range", name);
	*ret_number = (uint64_t)json_integer_value(value);
	return 0;
}

static int reasons_from_json(json_t *object, const char *name, struct ledger_reasons *reasons,
			     struct err *err)
{
	const char *reason;
	json_t *value;

	if (!json_is_object(object))
		return err_set(err, -EINVAL, "ledger: '%s' is not an object", name);
	json_object_foreach(object, reason, value) {
		uint64_t count;
		int r = number_from_json(value, name, INT64_MAX, &count, err);

		if (r < 0)
			return r;
		ledger_reasons_add(reasons, reason, count);
	}
	return 0;
}

static int field_from_json(json_t *value, const struct field *field, struct ledger *ledger,
			   struct err *err)
{
	void *at = (char *)ledger + field->offset;
	uint64_t number;
	int r;

	if (field->type == FIELD_REASONS)
		return reasons_from_json(value, field->name, at, err);
	r = number_from_json(value, field->name, field->type == FIELD_U32 ? UINT32_MAX : INT64_MAX,
			     &number, err);
	if (r < 0)
		return r;
	if (field->type == FIELD_U32)
		*(uint32_t *)at = (uint32_t)number;
	else
		*(uint64_t *)at = number;
	return 0;
}

static int event_from_json(const json_t *value, struct ledger *ledger, struct err *err)
{
	const char *event = json_string_value(value);

	if (!event || strlen(event) >= sizeof(ledger->event))
		return err_set(err, -EINVAL, "ledger: 'event' is not a short string");
	snprintf(ledger->event, sizeof(ledger->event), "%s", event);
	return 0;
}

int ledger_from_json(const char *text, size_t len, struct ledger *ret_ledger, struct err *err)
{
	json_error_t problem;
	_cleanup_json_ json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &problem);
	struct ledger ledger = {0};
	int r = 0;

	if (!json_is_object(object))
		return err_set(err, -EINVAL, "ledger: not a JSON object (byte %d)",
			       object ? 0 : problem.position);
	if (json_object_get(object, "event"))
		r = event_from_json(json_object_get(object, "event"), &ledger, err);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fields); i++) {
		const struct field *field = &fields[i];
		json_t *group = field->group ? json_object_get(object, field->group) : object;
		json_t *value = json_object_get(group, field->name);

		if (value)
			r = field_from_json(value, field, &ledger, err);
	}
	if (r == 0)
		*ret_ledger = ledger;
	return r;
}
