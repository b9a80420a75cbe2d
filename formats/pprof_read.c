// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tables may come in any order and refer to each other, so the message is gone through several
 * times: strings first, then what refers to strings, and so on up to the samples.
 */
#include "formats/pprof.h"

#include "formats/frametext.h"
#include "formats/pprof_message.h"
#include "formats/utf8.h"

#include <errno.h>
#include <string.h>

/* Caps, against files that unfold into far more than they are. */
#define STACKS_MAX ((size_t)32 << 20)
#define DEPTH_MAX ((size_t)64 << 10)
#define FRAMES_WALKED_MAX ((size_t)1 << 30)

struct location {
	size_t start, end; /* in read.lines: its frames, outermost first */
};

struct read {
	struct pprof_message message;
	struct profile *profile;
	VEC(uint32_t) strings; /* by string index: the profile's string */
	struct pprof_ids mapping_ids, function_ids, location_ids;
	VEC(uint32_t) mappings, functions; /* by place in the table: the profile's id */
	VEC(struct location) locations;
	VEC(uint32_t) lines; /* frames */
	VEC(uint32_t) stack; /* frames of one sample, innermost location first */
	VEC(struct profile_label) labels;
	size_t walked;
	uint32_t default_type; /* string */
	struct err *err;
};

static void read_cleanup(struct read *read)
{
	profile_free(read->profile);
	vec_free(&read->strings);
	pprof_ids_free(&read->mapping_ids);
	pprof_ids_free(&read->function_ids);
	pprof_ids_free(&read->location_ids);
	vec_free(&read->mappings);
	vec_free(&read->functions);
	vec_free(&read->locations);
	vec_free(&read->lines);
	vec_free(&read->stack);
	vec_free(&read->labels);
}

static int bad(const struct read *read, const char *why)
{
	return pprof_message_bad(&read->message, why, read->err);
}

static int out_of_memory(const struct read *read)
{
	return err_errno(read->err, -ENOMEM, "cannot read pprof");
}

/* Every text of the profile is valid UTF-8, as it will be when it is written again. */
static int read_string(struct read *read, const struct wire_field *field)
{
	_cleanup_buf_ struct buf text = {0};
	uint32_t string;

	utf8_append(&text, (const char *)field->bytes.at,
		    (size_t)(field->bytes.end - field->bytes.at));
	string = profile_string_len(read->profile, text.data ? (const char *)text.data : "",
				    text.len);
	if (buf_error(&text) || string == PROFILE_NONE)
		return out_of_memory(read);
	if (!read->strings.len && string)
		return bad(read, "the first string is not empty");
	return vec_push(&read->strings, string) < 0 ? out_of_memory(read) : 0;
}

/* The profile's string for an index of the file's. */
static int find_string(const struct read *read, uint64_t index, uint32_t *ret_string)
{
	if (index >= read->strings.len && index)
		return bad(read, "no such string");
	*ret_string = index ? read->strings.items[index] : 0;
	return 0;
}

static int read_value_type(struct read *read, const struct wire_field *field,
			   struct profile_value_type *ret_type)
{
	uint64_t numbers[3];
	struct profile_value_type type;
	int r = pprof_message_numbers(&read->message, field, numbers, ARRAY_SIZE(numbers),
				      read->err);

	if (r == 0)
		r = find_string(read, numbers[PPROF_VALUE_TYPE_TYPE], &type.type);
	if (r == 0)
		r = find_string(read, numbers[PPROF_VALUE_TYPE_UNIT], &type.unit);
	if (r == 0)
		*ret_type = type;
	return r;
}

static int read_sample_type(struct read *read, const struct wire_field *field)
{
	struct profile *profile = read->profile;

	if (profile->value_types_len == PROFILE_VALUES_MAX)
		return bad(read, "more than 8 sample types");
	return read_value_type(read, field, &profile->value_types[profile->value_types_len++]);
}

static int read_mapping(struct read *read, const struct wire_field *field)
{
	uint64_t numbers[PPROF_MAPPING_HAS_INLINE_FRAMES + 1];
	struct profile_mapping mapping = {0};
	uint32_t id;
	int r = pprof_message_numbers(&read->message, field, numbers, ARRAY_SIZE(numbers),
				      read->err);

	if (r == 0)
		r = find_string(read, numbers[PPROF_MAPPING_FILENAME], &mapping.name);
	if (r == 0)
		r = find_string(read, numbers[PPROF_MAPPING_BUILD_ID], &mapping.build_id);
	if (r < 0)
		return r;
	mapping.start = numbers[PPROF_MAPPING_MEMORY_START];
	mapping.limit = numbers[PPROF_MAPPING_MEMORY_LIMIT];
	mapping.file_offset = numbers[PPROF_MAPPING_FILE_OFFSET];
	mapping.has_functions = numbers[PPROF_MAPPING_HAS_FUNCTIONS];
	mapping.has_filenames = numbers[PPROF_MAPPING_HAS_FILENAMES];
	mapping.has_line_numbers = numbers[PPROF_MAPPING_HAS_LINE_NUMBERS];
	mapping.has_inline_frames = numbers[PPROF_MAPPING_HAS_INLINE_FRAMES];
	if (mapping.limit && mapping.start > mapping.limit)
		return bad(read, "a mapping starts behind its limit");
	id = profile_mapping(read->profile, &mapping);
	if (id == PROFILE_NONE || vec_push(&read->mappings, id) < 0)
		return out_of_memory(read);
	return pprof_ids_add(&read->mapping_ids, numbers[PPROF_MAPPING_ID]) < 0 ?
		       bad(read, "a mapping's id is 0 or is there twice") :
		       0;
}

static int read_function(struct read *read, const struct wire_field *field)
{
	uint64_t numbers[PPROF_FUNCTION_START_LINE + 1];
	struct profile_function function = {0};
	uint32_t id;
	int r = pprof_message_numbers(&read->message, field, numbers, ARRAY_SIZE(numbers),
				      read->err);

	if (r == 0)
		r = find_string(read, numbers[PPROF_FUNCTION_NAME], &function.name);
	if (r == 0)
		r = find_string(read, numbers[PPROF_FUNCTION_SYSTEM_NAME], &function.system_name);
	if (r == 0)
		r = find_string(read, numbers[PPROF_FUNCTION_FILENAME], &function.file);
	if (r < 0)
		return r;
	function.start_line = pprof_clamp_line(numbers[PPROF_FUNCTION_START_LINE]);
	id = profile_function(read->profile, &function);
	if (id == PROFILE_NONE || vec_push(&read->functions, id) < 0)
		return out_of_memory(read);
	return pprof_ids_add(&read->function_ids, numbers[PPROF_FUNCTION_ID]) < 0 ?
		       bad(read, "a function's id is 0 or is there twice") :
		       0;
}

static int push_frame(struct read *read, const struct profile_frame *frame)
{
	uint32_t id = profile_frame(read->profile, frame);

	if (id == PROFILE_NONE || vec_push(&read->lines, id) < 0)
		return out_of_memory(read);
	return 0;
}

static int read_line(struct read *read, const struct wire_field *field, struct profile_frame *frame)
{
	uint64_t numbers[PPROF_LINE_COLUMN + 1];
	uint32_t function;
	int r = pprof_message_numbers(&read->message, field, numbers, ARRAY_SIZE(numbers),
				      read->err);

	if (r < 0)
		return r;
	function = pprof_ids_find(&read->function_ids, numbers[PPROF_LINE_FUNCTION_ID]);
	if (function == PROFILE_NONE)
		return bad(read, "a line without its function");
	frame->function = read->functions.items[function];
	frame->line = pprof_clamp_line(numbers[PPROF_LINE_LINE]);
	frame->column = pprof_clamp_line(numbers[PPROF_LINE_COLUMN]);
	frame->kind = FRAME_INLINE;
	return push_frame(read, frame);
}

/* The last line is the physical function; it goes to the front and is given its kind. */
static int end_location(struct read *read, size_t start, const struct profile_frame *place)
{
	const struct profile *profile = read->profile;
	uint32_t *lines = read->lines.items;
	struct profile_frame frame = *place;
	const char *mapping = "", *name = "";

	if (read->lines.len == start) {
		frame.function = PROFILE_NONE;
		if (push_frame(read, &frame) < 0)
			return -ENOMEM;
		lines = read->lines.items;
	}
	for (size_t i = start, j = read->lines.len - 1; i < j; i++, j--) {
		uint32_t outer = lines[j];

		lines[j] = lines[i];
		lines[i] = outer;
	}
	frame = profile->frames.items[lines[start]];
	if (frame.mapping != PROFILE_NONE)
		mapping = profile_text(profile, profile->mappings.items[frame.mapping].name);
	if (frame.function != PROFILE_NONE)
		name = profile_text(profile, profile->functions.items[frame.function].name);
	frame.kind = frametext_guess_kind(mapping, name);
	lines[start] = profile_frame(read->profile, &frame);
	return lines[start] == PROFILE_NONE ? out_of_memory(read) : 0;
}

static int read_location_lines(struct read *read, const struct wire_field *field,
			       struct profile_frame *place)
{
	struct wire wire = field->bytes;
	struct profile_frame frame = *place;
	struct wire_field line;
	int r;

	while ((r = wire_next(&wire, &line)) == 1) {
		if (line.number != PPROF_LOCATION_LINE || line.type != WIRE_BYTES)
			continue;
		r = read_line(read, &line, &frame);
		if (r < 0)
			return r;
	}
	return r < 0 ? bad(read, "broken location") : 0;
}

static int read_location(struct read *read, const struct wire_field *field)
{
	uint64_t numbers[PPROF_LOCATION_IS_FOLDED + 1];
	struct profile_frame frame = {.mapping = PROFILE_NONE};
	struct location location = {.start = read->lines.len};
	uint32_t mapping;
	int r = pprof_message_numbers(&read->message, field, numbers, ARRAY_SIZE(numbers),
				      read->err);

	if (r < 0)
		return r;
	mapping = pprof_ids_find(&read->mapping_ids, numbers[PPROF_LOCATION_MAPPING_ID]);
	if (mapping != PROFILE_NONE)
		frame.mapping = read->mappings.items[mapping];
	else if (numbers[PPROF_LOCATION_MAPPING_ID])
		return bad(read, "a location without its mapping");
	frame.address = numbers[PPROF_LOCATION_ADDRESS];
	frame.is_folded = numbers[PPROF_LOCATION_IS_FOLDED] != 0;
	r = read_location_lines(read, field, &frame);
	if (r == 0)
		r = end_location(read, location.start, &frame);
	if (r < 0)
		return r;
	location.end = read->lines.len;
	if (vec_push(&read->locations, location) < 0)
		return out_of_memory(read);
	return pprof_ids_add(&read->location_ids, numbers[PPROF_LOCATION_ID]) < 0 ?
		       bad(read, "a location's id is 0 or is there twice") :
		       0;
}

static int add_location(void *ctx, uint64_t id)
{
	struct read *read = ctx;
	uint32_t location = pprof_ids_find(&read->location_ids, id);

	if (location == PROFILE_NONE)
		return bad(read, "a sample without its location");
	if (read->stack.len >= DEPTH_MAX)
		return bad(read, "a stack of more than 65536 locations");
	return vec_push(&read->stack, location) < 0 ? out_of_memory(read) : 0;
}

struct sample_values {
	struct read *read;
	int64_t values[PROFILE_VALUES_MAX];
	uint32_t len;
};

static int add_value(void *ctx, uint64_t value)
{
	struct sample_values *values = ctx;

	if (values->len == values->read->profile->value_types_len)
		return bad(values->read, "a sample with too many values");
	values->values[values->len++] = (int64_t)value;
	return 0;
}

static int read_label(struct read *read, const struct wire_field *field)
{
	uint64_t numbers[PPROF_LABEL_NUM_UNIT + 1];
	struct profile_label label = {0};
	int r = pprof_message_numbers(&read->message, field, numbers, ARRAY_SIZE(numbers),
				      read->err);

	if (r == 0)
		r = find_string(read, numbers[PPROF_LABEL_KEY], &label.key);
	if (r == 0)
		r = find_string(read, numbers[PPROF_LABEL_STR], &label.str);
	if (r == 0)
		r = find_string(read, numbers[PPROF_LABEL_NUM_UNIT], &label.unit);
	if (r < 0)
		return r;
	label.num = (int64_t)numbers[PPROF_LABEL_NUM];
	return vec_push(&read->labels, label) < 0 ? out_of_memory(read) : 0;
}

/* From the outermost location to the innermost, and so within each. */
static int build_stack(struct read *read, uint32_t *ret_stack)
{
	uint32_t stack = 0;

	for (size_t i = read->stack.len; i-- > 0;) {
		struct location location = read->locations.items[read->stack.items[i]];

		read->walked += location.end - location.start;
		if (read->walked > FRAMES_WALKED_MAX || read->profile->stacks.len > STACKS_MAX)
			return err_set(read->err, -EFBIG, "the stacks unfold to too many frames");
		for (size_t j = location.start; j < location.end; j++) {
			stack = profile_stack(read->profile, stack, read->lines.items[j]);
			if (stack == PROFILE_NONE)
				return out_of_memory(read);
		}
	}
	*ret_stack = stack;
	return 0;
}

static int add_sample(struct read *read, const struct sample_values *values)
{
	struct profile *profile = read->profile;
	uint32_t stack = 0, labels = 0;
	int r;

	if (values->len != profile->value_types_len)
		return bad(read, "a sample with too few values");
	r = build_stack(read, &stack);
	if (r < 0)
		return r;
	labels = profile_label_set(profile, read->labels.items, read->labels.len);
	if (labels == PROFILE_NONE)
		return out_of_memory(read);
	if (profile_sample(profile, stack, labels, values->values) == PROFILE_NONE)
		return bad(read, "the values of equal samples add up to too much");
	return 0;
}

static int read_sample(struct read *read, const struct wire_field *field)
{
	struct sample_values values = {.read = read};
	struct wire wire = field->bytes;
	struct wire_field part;
	int r;

	read->stack.len = read->labels.len = 0;
	while ((r = wire_next(&wire, &part)) == 1) {
		if (part.number == PPROF_SAMPLE_LOCATION_ID)
			r = pprof_each_number(&part, add_location, read);
		else if (part.number == PPROF_SAMPLE_VALUE)
			r = pprof_each_number(&part, add_value, &values);
		else if (part.number == PPROF_SAMPLE_LABEL && part.type == WIRE_BYTES)
			r = read_label(read, &part);
		else
			r = 0;
		if (r < 0)
			return r == -EBADMSG ? bad(read, "broken sample") : r;
	}
	return r < 0 ? bad(read, "broken sample") : add_sample(read, &values);
}

/* The text behind the prefix, when the comment has it. */
static const char *behind(const char *comment, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(comment, prefix, len) == 0 ? comment + len : NULL;
}

static int keep_string(struct read *read, const char *text, uint32_t *string)
{
	/* The text lies in the table that it is about to be added to. */
	_cleanup_free_ char *copy = strdup(text);

	*string = copy ? profile_string(read->profile, copy) : PROFILE_NONE;
	if (*string != PROFILE_NONE)
		return 0;
	*string = 0;
	return out_of_memory(read);
}

/* Our own comments go back to where they came from; event and rate are in the ledger. */
static int add_comment(void *ctx, uint64_t index)
{
	struct read *read = ctx;
	struct profile *profile = read->profile;
	const char *text, *rest;
	uint32_t string = 0;
	int r = find_string(read, index, &string);

	if (r < 0)
		return r;
	text = profile_text(profile, string);
	if (!profile->ledger.event[0] && (rest = behind(text, PPROF_COMMENT_LEDGER)) &&
	    ledger_from_json(rest, strlen(rest), &profile->ledger, NULL) == 0)
		return 0;
	if (profile->ledger.event[0] &&
	    (behind(text, PPROF_COMMENT_EVENT) || behind(text, PPROF_COMMENT_FREQUENCY)))
		return 0;
	if (!profile->host && (rest = behind(text, PPROF_COMMENT_HOST)))
		return keep_string(read, rest, &profile->host);
	if (!profile->command && (rest = behind(text, PPROF_COMMENT_COMMAND)))
		return keep_string(read, rest, &profile->command);
	return vec_push(&profile->comments, string) < 0 ? out_of_memory(read) : 0;
}

static int read_comment(struct read *read, const struct wire_field *field)
{
	int r = pprof_each_number(field, add_comment, read);

	return r == -EBADMSG ? bad(read, "broken comments") : r;
}

static int read_period_type(struct read *read, const struct wire_field *field)
{
	return read_value_type(read, field, &read->profile->period_type);
}

static int read_scalar(struct read *read, const struct wire_field *field)
{
	struct profile *profile = read->profile;

	switch (field->number) {
	case PPROF_DROP_FRAMES:
		return find_string(read, field->value, &profile->drop_frames);
	case PPROF_KEEP_FRAMES:
		return find_string(read, field->value, &profile->keep_frames);
	case PPROF_DOC_URL:
		return find_string(read, field->value, &profile->doc_url);
	case PPROF_DEFAULT_SAMPLE_TYPE:
		return find_string(read, field->value, &read->default_type);
	case PPROF_TIME_NANOS:
		if (profile->time_ns)
			return bad(read, "several profiles in a row: smolder merge joins files");
		profile->time_ns = (int64_t)field->value;
		return 0;
	case PPROF_DURATION_NANOS:
		profile->duration_ns = (int64_t)field->value;
		return 0;
	case PPROF_PERIOD:
		profile->period = (int64_t)field->value;
		return 0;
	}
	return 0;
}

struct pass {
	uint32_t field;
	enum wire_type type;
	int (*read)(struct read *read, const struct wire_field *field);
};

/* In the order in which they need each other; comments' ledger comes before what it explains. */
static const struct pass passes[] = {
	{PPROF_STRING_TABLE, WIRE_BYTES, read_string},
	{PPROF_SAMPLE_TYPE, WIRE_BYTES, read_sample_type},
	{PPROF_PERIOD_TYPE, WIRE_BYTES, read_period_type},
	{PPROF_MAPPING, WIRE_BYTES, read_mapping},
	{PPROF_FUNCTION, WIRE_BYTES, read_function},
	{PPROF_LOCATION, WIRE_BYTES, read_location},
	{PPROF_SAMPLE, WIRE_BYTES, read_sample},
	{PPROF_COMMENT, WIRE_BYTES, read_comment},
	{PPROF_COMMENT, WIRE_VARINT, read_comment},
	{0, WIRE_VARINT, read_scalar},
};

static int run_pass(struct read *read, const struct pass *pass)
{
	struct wire_field field;
	int r;

	pprof_message_rewind(&read->message);
	while ((r = pprof_message_next(&read->message, &field, read->err)) == 1) {
		if (field.type != pass->type || (pass->field && field.number != pass->field))
			continue;
		r = pass->read(read, &field);
		if (r < 0)
			return r;
	}
	return r;
}

/* Without a default, pprof takes the last. */
static int choose_default(struct read *read)
{
	struct profile *profile = read->profile;

	if (!profile->value_types_len)
		return err_set(read->err, -EINVAL, "a pprof profile without sample types");
	profile->default_value_type = profile->value_types_len - 1;
	for (uint32_t i = profile->value_types_len; i-- > 0 && read->default_type;)
		if (profile->value_types[i].type == read->default_type)
			profile->default_value_type = i;
	return 0;
}

int pprof_read(const void *data, size_t len, struct profile **ret_profile, struct err *err)
{
	_cleanup_(read_cleanup) struct read read = {.err = err};
	int r = profile_new(&read.profile);

	if (r < 0)
		return err_errno(err, r, "cannot read pprof");
	pprof_message_init(&read.message, data, len);
	read.profile->value_types_len = 0;
	read.profile->period_type = (struct profile_value_type){0};
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(passes); i++)
		r = run_pass(&read, &passes[i]);
	if (r == 0)
		r = choose_default(&read);
	if (r == 0)
		*ret_profile = TAKE_PTR(read.profile);
	return r;
}
