// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Label sets are written by columns: a key's values in all rows stand together, texts as positions in a
 * table of the window's own.
 */
#include "formats/store_record.h"

#include "formats/metadata.h"
#include "formats/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#define COLUMNS_MAX 32
#define ROWS_MAX ((size_t)1 << 20)

struct column {
	const char *key, *unit;
	bool is_text;
};

struct columns {
	const struct profile *profile;
	const struct folded_parts *parts;
	struct strtab texts;
	struct column items[COLUMNS_MAX];
	size_t len;
};

static bool is_of(const struct column *column, const struct profile *profile,
		  const struct profile_label *label)
{
	return column->is_text == (label->str != 0) &&
	       strcmp(column->key, profile_text(profile, label->key)) == 0 &&
	       strcmp(column->unit, profile_text(profile, label->unit)) == 0;
}

/* Labels of a thirty-third key are left out: our own recordings have six. */
static void add_column(struct columns *columns, const struct profile_label *label)
{
	for (size_t i = 0; i < columns->len; i++)
		if (is_of(&columns->items[i], columns->profile, label))
			return;
	if (columns->len < COLUMNS_MAX)
		columns->items[columns->len++] = (struct column){
			.key = profile_text(columns->profile, label->key),
			.unit = profile_text(columns->profile, label->unit),
			.is_text = label->str != 0,
		};
}

static void find_columns(struct columns *columns)
{
	vec_for_each(columns->parts, part) {
		size_t len;
		const struct profile_label *labels =
			profile_labels(columns->profile, part->labels, &len);

		for (size_t i = 0; i < len; i++)
			add_column(columns, &labels[i]);
	}
}

static const struct profile_label *find_label(const struct columns *columns,
					      const struct column *column, uint32_t set)
{
	size_t len;
	const struct profile_label *labels = profile_labels(columns->profile, set, &len);

	for (size_t i = 0; i < len; i++)
		if (is_of(column, columns->profile, &labels[i]))
			return &labels[i];
	return NULL;
}

static void append_value(struct columns *columns, const struct column *column, uint32_t set,
			 struct buf *out)
{
	const struct profile_label *label = find_label(columns, column, set);
	const struct strtab *strings = &columns->profile->strings;
	uint32_t text;

	if (!label) {
		buf_append_str(out, "null");
		return;
	}
	if (!column->is_text) {
		buf_appendf(out, "%" PRId64, label->num);
		return;
	}
	text = strtab_intern_len(&columns->texts, strtab_get(strings, label->str),
				 strtab_len(strings, label->str));
	if (text == STRTAB_NONE && !out->error)
		out->error = -ENOMEM;
	buf_appendf(out, "%" PRIu32, text);
}

static void append_text(const char *key, const char *text, struct buf *out)
{
	buf_appendf(out, "\"%s\":", key);
	utf8_append_json(out, text, strlen(text));
}

static void append_column(struct columns *columns, const struct column *column, struct buf *out)
{
	buf_append_byte(out, '{');
	append_text("key", column->key, out);
	buf_append_byte(out, ',');
	append_text("unit", column->unit, out);
	buf_appendf(out, ",\"%s\":[", column->is_text ? "texts" : "numbers");
	vec_for_each(columns->parts, part) {
		if (part != columns->parts->items)
			buf_append_byte(out, ',');
		append_value(columns, column, part->labels, out);
	}
	buf_append_str(out, "]}");
}

static void append_texts(const struct strtab *texts, struct buf *out)
{
	buf_append_str(out, "\"texts\":[");
	for (uint32_t i = 0; i < strtab_count(texts); i++) {
		if (i)
			buf_append_byte(out, ',');
		utf8_append_json(out, strtab_get(texts, i), strtab_len(texts, i));
	}
	buf_append_byte(out, ']');
}

static void append_rows(const struct profile *profile, const struct folded_parts *parts,
			struct buf *out)
{
	struct columns columns = {.profile = profile, .parts = parts};

	if (strtab_init(&columns.texts) < 0 && !out->error)
		out->error = -ENOMEM;
	find_columns(&columns);
	buf_append_str(out, "\"rows\":{\"lines\":[");
	vec_for_each(parts, part)
		buf_appendf(out, "%s%" PRIu64, part == parts->items ? "" : ",", part->lines);
	buf_append_str(out, "],\"columns\":[");
	for (size_t i = 0; i < columns.len && !buf_error(out); i++) {
		if (i)
			buf_append_byte(out, ',');
		append_column(&columns, &columns.items[i], out);
	}
	buf_append_str(out, "],");
	append_texts(&columns.texts, out);
	buf_append_byte(out, '}');
	strtab_free(&columns.texts);
}

static void append_clocks(const char *key, const struct store_clocks *clocks, struct buf *out)
{
	buf_appendf(out,
		    "\"%s\":{\"realtime_ns\":%" PRIu64 ",\"boottime_ns\":%" PRIu64
		    ",\"monotonic_ns\":%" PRIu64 "},",
		    key, clocks->realtime_ns, clocks->boottime_ns, clocks->monotonic_ns);
}

void store_record_append(const struct store_record *record, const struct profile *profile,
			 const struct folded_parts *parts, struct buf *out)
{
	buf_append_byte(out, '{');
	append_clocks("begin", &record->window.begin, out);
	append_clocks("end", &record->window.end, out);
	append_text("boot_id", record->boot_id, out);
	buf_appendf(out, ",\"sample_ns\":%" PRIu64 ",\"windows_lost\":%" PRIu64,
		    record->window.sample_ns, record->windows_lost);
	buf_appendf(out,
		    ",\"text_end\":%" PRIu64 ",\"text_checksum\":%" PRIu32
		    ",\"frame_end\":%" PRIu64,
		    record->text.bytes, record->text.checksum, record->frame_end);
	buf_append_str(out, ",\"profile\":");
	metadata_append(profile, profile_count_type(profile), out);
	buf_append_byte(out, ',');
	append_rows(profile, parts, out);
	buf_append_byte(out, '}');
}

static void json_cleanup(json_t **json)
{
	json_decref(*json);
}

#define _cleanup_json_ _cleanup_(json_cleanup)

static int bad_value(const char *key, struct err *err)
{
	return err_set(err, -EINVAL, "window: bad value of '%s'", key);
}

/* All of a record's numbers must be there. */
static int read_number(const json_t *object, const char *key, uint64_t *ret_number)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value) || json_integer_value(value) < 0)
		return -EINVAL;
	*ret_number = (uint64_t)json_integer_value(value);
	return 0;
}

static int read_clocks(const json_t *object, const char *key, struct store_clocks *ret_clocks)
{
	const json_t *clocks = json_object_get(object, key);
	int r = read_number(clocks, "realtime_ns", &ret_clocks->realtime_ns);

	if (r == 0)
		r = read_number(clocks, "boottime_ns", &ret_clocks->boottime_ns);
	return r < 0 ? r : read_number(clocks, "monotonic_ns", &ret_clocks->monotonic_ns);
}

static int read_numbers(const json_t *object, struct store_record *record, struct err *err)
{
	uint64_t checksum = 0;
	const struct {
		const char *key;
		uint64_t *number;
	} numbers[] = {
		{"sample_ns", &record->window.sample_ns}, {"windows_lost", &record->windows_lost},
		{"text_end", &record->text.bytes},        {"text_checksum", &checksum},
		{"frame_end", &record->frame_end},
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		if (read_number(object, numbers[i].key, numbers[i].number) < 0)
			return bad_value(numbers[i].key, err);
	if (checksum > UINT32_MAX)
		return bad_value("text_checksum", err);
	record->text.checksum = (uint32_t)checksum;
	if (read_clocks(object, "begin", &record->window.begin) < 0)
		return bad_value("begin", err);
	return read_clocks(object, "end", &record->window.end) < 0 ? bad_value("end", err) : 0;
}

static int read_boot_id(const json_t *object, struct store_record *record, struct err *err)
{
	const char *text = json_string_value(json_object_get(object, "boot_id"));

	if (!text || strlen(text) >= sizeof(record->boot_id))
		return bad_value("boot_id", err);
	strcpy(record->boot_id, text);
	return 0;
}

/* Whatever the metadata says, a store's windows are of the two value types that a new profile has. */
static int apply_metadata(const char *text, struct profile *facts, struct err *err)
{
	struct profile_value_type types[2] = {facts->value_types[0], facts->value_types[1]};
	int r;

	facts->value_types_len = 1;
	facts->default_value_type = 0;
	r = metadata_apply(text, strlen(text), facts, err);
	memcpy(facts->value_types, types, sizeof(types));
	facts->value_types_len = 2;
	facts->default_value_type = 1;
	facts->period_type = types[1];
	return r;
}

static int read_facts(const json_t *object, struct store_record *record, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = profile_new(&record->facts);

	if (r < 0)
		return err_errno(err, r, "window");
	text = json_dumps(json_object_get(object, "profile"), JSON_COMPACT);
	return text ? apply_metadata(text, record->facts, err) : bad_value("profile", err);
}

/* The strings of the record's table, as strings of its facts. */
static int read_texts(const json_t *rows, struct profile *facts, uint32_t **ret_texts,
		      size_t *ret_len)
{
	const json_t *array = json_object_get(rows, "texts");
	size_t len = json_array_size(array);
	_cleanup_free_ uint32_t *texts = calloc(len + 1, sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		const json_t *text = json_array_get(array, i);

		if (!json_is_string(text))
			return -EINVAL;
		texts[i] = profile_string_len(facts, json_string_value(text),
					      json_string_length(text));
		if (texts[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	*ret_texts = TAKE_PTR(texts);
	*ret_len = len;
	return 0;
}

struct read_rows {
	struct profile *facts;
	const json_t *lines, *columns;
	uint32_t *texts;
	size_t texts_len;
	struct {
		const json_t *values;
		uint32_t key, unit;
		bool is_text;
	} items[COLUMNS_MAX];
};

static int read_column(struct read_rows *read, size_t i)
{
	const json_t *column = json_array_get(read->columns, i);
	const json_t *texts = json_object_get(column, "texts");
	const json_t *key = json_object_get(column, "key"), *unit = json_object_get(column, "unit");

	if (!json_is_string(key) || !json_is_string(unit))
		return -EINVAL;
	read->items[i].is_text = texts != NULL;
	read->items[i].values = texts ? texts : json_object_get(column, "numbers");
	read->items[i].key =
		profile_string_len(read->facts, json_string_value(key), json_string_length(key));
	read->items[i].unit =
		profile_string_len(read->facts, json_string_value(unit), json_string_length(unit));
	if (read->items[i].key == PROFILE_NONE || read->items[i].unit == PROFILE_NONE)
		return -ENOMEM;
	return json_array_size(read->items[i].values) == json_array_size(read->lines) ? 0 : -EINVAL;
}

/* 1 and the label, 0 when the row has none of this column. */
static int read_label(const struct read_rows *read, size_t column, size_t row,
		      struct profile_label *ret_label)
{
	const json_t *value = json_array_get(read->items[column].values, row);
	struct profile_label label = {.key = read->items[column].key,
				      .unit = read->items[column].unit};

	if (json_is_null(value))
		return 0;
	if (!json_is_integer(value))
		return -EINVAL;
	label.num = json_integer_value(value);
	if (read->items[column].is_text) {
		if (label.num < 0 || (uint64_t)label.num >= read->texts_len)
			return -EINVAL;
		label.str = read->texts[label.num];
		label.num = 0;
	}
	*ret_label = label;
	return 1;
}

static int read_row(const struct read_rows *read, size_t row, struct store_record *record)
{
	struct profile_label labels[COLUMNS_MAX];
	const json_t *lines = json_array_get(read->lines, row);
	struct folded_part part = {0};
	size_t len = 0;

	if (!json_is_integer(lines) || json_integer_value(lines) <= 0)
		return -EINVAL;
	part.lines = (uint64_t)json_integer_value(lines);
	for (size_t i = 0; i < json_array_size(read->columns); i++) {
		int r = read_label(read, i, row, &labels[len]);

		if (r < 0)
			return r;
		len += (size_t)r;
	}
	part.labels = profile_label_set(record->facts, labels, len);
	return part.labels == PROFILE_NONE ? -ENOMEM : vec_push(&record->rows, part);
}

static void read_rows_cleanup(struct read_rows *read)
{
	free(read->texts);
}

static int read_rows(const json_t *object, struct store_record *record)
{
	const json_t *rows = json_object_get(object, "rows");
	_cleanup_(read_rows_cleanup) struct read_rows read = {
		.facts = record->facts,
		.lines = json_object_get(rows, "lines"),
		.columns = json_object_get(rows, "columns"),
	};
	int r = 0;

	if (!json_is_array(read.lines) || !json_is_array(read.columns) ||
	    json_array_size(read.columns) > COLUMNS_MAX || json_array_size(read.lines) > ROWS_MAX)
		return -EINVAL;
	r = read_texts(rows, record->facts, &read.texts, &read.texts_len);
	for (size_t i = 0; r == 0 && i < json_array_size(read.columns); i++)
		r = read_column(&read, i);
	for (size_t i = 0; r == 0 && i < json_array_size(read.lines); i++)
		r = read_row(&read, i, record);
	return r;
}

int store_record_parse(const char *text, size_t len, struct store_record *ret_record,
		       struct err *err)
{
	json_error_t problem;
	_cleanup_json_ json_t *object = json_loadb(text, len, JSON_ALLOW_NUL, &problem);
	_cleanup_store_record_ struct store_record record = {0};
	int r;

	if (!json_is_object(object))
		return err_set(err, -EINVAL, "window: not a JSON object");
	r = read_numbers(object, &record, err);
	if (r == 0)
		r = read_boot_id(object, &record, err);
	if (r == 0)
		r = read_facts(object, &record, err);
	if (r < 0)
		return r;
	r = read_rows(object, &record);
	if (r < 0)
		return r == -EINVAL ? bad_value("rows", err) : err_errno(err, r, "window");
	*ret_record = TAKE(record, (struct store_record){0});
	return 0;
}

void store_record_free(struct store_record *record)
{
	profile_free(record->facts);
	vec_free(&record->rows);
	*record = (struct store_record){0};
}
