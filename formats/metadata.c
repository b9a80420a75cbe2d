// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/metadata.h"

#include "formats/utf8.h"
#include "version.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

static void append_string(const struct profile *profile, const char *key, uint32_t string,
			  struct buf *out)
{
	buf_appendf(out, "\"%s\":", key);
	utf8_append_json(out, profile_text(profile, string), strtab_len(&profile->strings, string));
}

static void append_type(const struct profile *profile, const char *key,
			struct profile_value_type type, struct buf *out)
{
	buf_appendf(out, "\"%s\":{", key);
	append_string(profile, "type", type.type, out);
	buf_append_byte(out, ',');
	append_string(profile, "unit", type.unit, out);
	buf_append_str(out, "},");
}

static void append_comments(const struct profile *profile, struct buf *out)
{
	buf_append_str(out, "\"comments\":[");
	vec_for_each(&profile->comments, comment) {
		if (comment != profile->comments.items)
			buf_append_byte(out, ',');
		utf8_append_json(out, profile_text(profile, *comment),
				 strtab_len(&profile->strings, *comment));
	}
	buf_append_byte(out, ']');
}

/* What a browser tab is called: what was profiled, and where. */
static void append_title(const struct profile *profile, struct buf *out)
{
	_cleanup_buf_ struct buf title = {0};

	buf_append_str(&title,
		       profile->command ? profile_text(profile, profile->command) : "CPU profile");
	if (profile->host)
		buf_appendf(&title, " on %s", profile_text(profile, profile->host));
	buf_append_str(out, "\"title\":");
	utf8_append_json(out, (const char *)title.data, title.len);
	buf_append_byte(out, ',');
}

static void append_facts(const struct profile *profile, uint32_t value_type, struct buf *out)
{
	const struct ledger *ledger = &profile->ledger;

	append_title(profile, out);
	buf_appendf(out, "\"version\":\"%s\",\"event\":", SMOLDER_VERSION);
	utf8_append_json(out, ledger->event, strlen(ledger->event));
	buf_appendf(out, ",\"frequency_hz\":%" PRIu32 ",\"period_ns\":%" PRId64,
		    ledger->frequency_hz, profile->period);
	buf_appendf(out, ",\"time_unix_ms\":%" PRId64 ",\"time_unix_ns\":%" PRId64,
		    profile->time_ns / 1000000, profile->time_ns);
	buf_appendf(out, ",\"duration_ns\":%" PRId64 ",", profile->duration_ns);
	append_string(profile, "host", profile->host, out);
	buf_append_byte(out, ',');
	append_string(profile, "command", profile->command, out);
	buf_append_byte(out, ',');
	append_type(profile, "value", profile->value_types[value_type], out);
	append_type(profile, "period_type", profile->period_type, out);
	append_comments(profile, out);
}

void metadata_append_ledger(const struct profile *profile, struct buf *out)
{
	if (profile->ledger.event[0])
		ledger_to_json(&profile->ledger, out);
	else
		buf_append_str(out, "null");
}

void metadata_append_facts(const struct profile *profile, uint32_t value_type, struct buf *out)
{
	buf_append_byte(out, '{');
	append_facts(profile, value_type, out);
	buf_append_byte(out, '}');
}

void metadata_append(const struct profile *profile, uint32_t value_type, struct buf *out)
{
	buf_append_byte(out, '{');
	append_facts(profile, value_type, out);
	buf_append_str(out, ",\"ledger\":");
	metadata_append_ledger(profile, out);
	buf_append_byte(out, '}');
}

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

#define _cleanup_json_ _cleanup_(json_cleanup)

static int bad_value(const char *key, struct err *err)
{
	return err_set(err, -EINVAL, "metadata: bad value of '%s'", key);
}

static int read_string(const json_t *object, const char *key, struct profile *profile,
		       uint32_t *string)
{
	const json_t *value = json_object_get(object, key);
	uint32_t id;

	if (!value)
		return 0;
	if (!json_is_string(value))
		return -EINVAL;
	id = profile_string_len(profile, json_string_value(value), json_string_length(value));
	if (id == PROFILE_NONE)
		return -ENOMEM;
	*string = id;
	return 0;
}

static int read_number(const json_t *object, const char *key, int64_t *number)
{
	const json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EINVAL;
	*number = json_integer_value(value);
	return 0;
}

static int read_type(const json_t *object, const char *key, struct profile *profile,
		     struct profile_value_type *type)
{
	const json_t *value = json_object_get(object, key);
	int r;

	if (!value)
		return 0;
	if (!json_is_object(value))
		return -EINVAL;
	r = read_string(value, "type", profile, &type->type);
	return r < 0 ? r : read_string(value, "unit", profile, &type->unit);
}

static int read_comments(const json_t *object, struct profile *profile)
{
	json_t *comments = json_object_get(object, "comments"), *comment;
	size_t i;

	if (comments && !json_is_array(comments))
		return -EINVAL;
	json_array_foreach(comments, i, comment) {
		uint32_t id;

		if (!json_is_string(comment))
			return -EINVAL;
		id = profile_string_len(profile, json_string_value(comment),
					json_string_length(comment));
		if (id == PROFILE_NONE || vec_push(&profile->comments, id) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_facts(const json_t *object, struct profile *profile, struct err *err)
{
	const struct {
		const char *key;
		int64_t *number;
		uint32_t *string;
		struct profile_value_type *type;
	} facts[] = {
		{"period_ns", &profile->period, NULL, NULL},
		{"time_unix_ns", &profile->time_ns, NULL, NULL},
		{"duration_ns", &profile->duration_ns, NULL, NULL},
		{"host", NULL, &profile->host, NULL},
		{"command", NULL, &profile->command, NULL},
		{"value", NULL, NULL, &profile->value_types[0]},
		{"period_type", NULL, NULL, &profile->period_type},
	};

	for (size_t i = 0; i < ARRAY_SIZE(facts); i++) {
		int r = facts[i].number ?
				read_number(object, facts[i].key, facts[i].number) :
			facts[i].string ?
				read_string(object, facts[i].key, profile, facts[i].string) :
				read_type(object, facts[i].key, profile, facts[i].type);

		if (r < 0)
			return r == -EINVAL ? bad_value(facts[i].key, err) :
					      err_errno(err, r, "cannot read the metadata");
	}
	if (read_comments(object, profile) < 0)
		return bad_value("comments", err);
	return 0;
}

static int read_ledger(const json_t *object, struct profile *profile, struct err *err)
{
	const json_t *ledger = json_object_get(object, "ledger");
	_cleanup_free_ char *text = NULL;

	if (!ledger || json_is_null(ledger))
		return 0;
	text = json_dumps(ledger, JSON_COMPACT | JSON_ENCODE_ANY);
	if (!text)
		return err_errno(err, -ENOMEM, "cannot read the ledger");
	return ledger_from_json(text, strlen(text), &profile->ledger, err);
}

static bool is_type(const struct profile *profile, struct profile_value_type type, const char *name,
		    const char *unit)
{
	return strcmp(profile_text(profile, type.type), name) == 0 &&
	       strcmp(profile_text(profile, type.unit), unit) == 0;
}

/* A count of CPU samples is worth `period` nanoseconds each. */
static int add_cpu_time(struct profile *profile, struct err *err)
{
	if (!is_type(profile, profile->value_types[0], "samples", "count") ||
	    !is_type(profile, profile->period_type, "cpu", "nanoseconds") || profile->period <= 0)
		return 0;
	profile->value_types[1] = profile->period_type;
	profile->value_types_len = 2;
	profile->default_value_type = 1;
	vec_for_each(&profile->samples, sample)
		if (__builtin_mul_overflow(sample->values[0], profile->period, &sample->values[1]))
			return err_set(err, -ERANGE, "metadata: the period is too long");
	return 0;
}

int metadata_apply(const char *text, size_t len, struct profile *profile, struct err *err)
{
	json_error_t problem;
	_cleanup_json_ json_t *object = json_loadb(text, len, JSON_ALLOW_NUL, &problem);
	int r;

	if (!json_is_object(object))
		return err_set(err, -EINVAL, "metadata: not a JSON object (byte %d)",
			       object ? 0 : problem.position);
	r = read_facts(object, profile, err);
	if (r == 0)
		r = read_ledger(object, profile, err);
	return r < 0 ? r : add_cpu_time(profile, err);
}
