// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Rules that hold for google/pprof, perf_data_converter, Parca and Pyroscope together: ids are 1..n in
 * table order, every line has a function, every text is UTF-8, nothing is there that is not used.
 */
#include "formats/pprof.h"

#include "formats/pprof_order.h"
#include "formats/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct write {
	const struct profile *profile;
	const struct pprof_order *order;
	struct sink *sink;
	struct buf out, message, part;
	uint32_t *string_ids;   /* by clean text: its index in the file, or 0: none yet */
	VEC(uint32_t) strings;  /* clean texts, in the order of the file; the first is "" */
	uint32_t *function_ids; /* by pprof_order function: its id in the file, or 0: none yet */
	VEC(uint32_t) functions;
	VEC(uint64_t) numbers;
	VEC(struct profile_label) labels;
	int error;
};

static void write_cleanup(struct write *write)
{
	buf_free(&write->out);
	buf_free(&write->message);
	buf_free(&write->part);
	free(write->string_ids);
	vec_free(&write->strings);
	free(write->function_ids);
	vec_free(&write->functions);
	vec_free(&write->numbers);
	vec_free(&write->labels);
}

static void fail(struct write *write, int error)
{
	if (!write->error)
		write->error = error;
}

/* The index in the string table of a clean text: the next one when it is new. */
static uint64_t use_text(struct write *write, uint32_t text)
{
	if (!text || write->string_ids[text])
		return write->string_ids[text];
	if (vec_push(&write->strings, text) < 0)
		fail(write, -ENOMEM);
	else
		write->string_ids[text] = (uint32_t)write->strings.len - 1;
	return write->string_ids[text];
}

static uint64_t use_string(struct write *write, uint32_t string)
{
	return use_text(write, write->order->clean[string]);
}

static uint64_t use_function(struct write *write, uint32_t function)
{
	if (write->function_ids[function])
		return write->function_ids[function];
	if (vec_push(&write->functions, function) < 0)
		fail(write, -ENOMEM);
	else
		write->function_ids[function] = (uint32_t)write->functions.len;
	return write->function_ids[function];
}

/* Puts the message just made behind what is there. */
static void put_message(struct write *write, uint32_t field)
{
	if (buf_error(&write->message))
		fail(write, buf_error(&write->message));
	wire_put_bytes(&write->out, field, write->message.data, write->message.len);
	buf_clear(&write->message);
	if (!write->error)
		fail(write, sink_drain(write->sink, &write->out, SINK_CHUNK));
}

static void put_value_type(struct write *write, uint32_t field, struct profile_value_type type)
{
	wire_put_varint(&write->message, PPROF_VALUE_TYPE_TYPE, use_string(write, type.type));
	wire_put_varint(&write->message, PPROF_VALUE_TYPE_UNIT, use_string(write, type.unit));
	put_message(write, field);
}

/* pprof drops a number of 0 without a unit, so ours are given one. */
static uint32_t label_unit(struct write *write, const struct profile_label *label)
{
	const char *key = profile_text(write->profile, label->key);

	if (label->unit || label->str || (strcmp(key, "pid") != 0 && strcmp(key, "tid") != 0))
		return write->order->clean[label->unit];
	return write->order->id_unit;
}

static void put_label(struct write *write, const struct profile_label *label)
{
	buf_clear(&write->part);
	wire_put_varint(&write->part, PPROF_LABEL_KEY, use_string(write, label->key));
	wire_put_varint(&write->part, PPROF_LABEL_STR, use_string(write, label->str));
	wire_put_varint(&write->part, PPROF_LABEL_NUM, (uint64_t)label->num);
	wire_put_varint(&write->part, PPROF_LABEL_NUM_UNIT,
			use_text(write, label_unit(write, label)));
	wire_put_bytes(&write->message, PPROF_SAMPLE_LABEL, write->part.data, write->part.len);
	fail(write, buf_error(&write->part));
}

static void put_labels(struct write *write, uint32_t set)
{
	size_t len;

	profile_labels(write->profile, set, &len);
	if (vec_reserve(&write->labels, len) < 0) {
		fail(write, -ENOMEM);
		return;
	}
	pprof_order_labels(write->order, set, write->labels.items);
	for (size_t i = 0; i < len; i++)
		put_label(write, &write->labels.items[i]);
}

static void put_sample(struct write *write, const struct profile_sample *sample)
{
	const struct pprof_order *order = write->order;

	write->numbers.len = 0;
	for (uint32_t at = sample->stack; at; at = order->stack_callers[at])
		if (vec_push(&write->numbers,
			     order->chain_locations[order->stack_chains[at]] + UINT64_C(1)) < 0)
			fail(write, -ENOMEM);
	wire_put_packed(&write->message, PPROF_SAMPLE_LOCATION_ID, write->numbers.items,
			write->numbers.len);
	write->numbers.len = 0;
	for (uint32_t i = 0; i < write->profile->value_types_len; i++)
		if (vec_push(&write->numbers, (uint64_t)sample->values[i]) < 0)
			fail(write, -ENOMEM);
	wire_put_packed(&write->message, PPROF_SAMPLE_VALUE, write->numbers.items,
			write->numbers.len);
	put_labels(write, sample->labels);
	put_message(write, PPROF_SAMPLE);
}

static void put_mapping(struct write *write, uint64_t id, const struct profile_mapping *mapping)
{
	struct buf *out = &write->message;

	wire_put_varint(out, PPROF_MAPPING_ID, id);
	wire_put_varint(out, PPROF_MAPPING_MEMORY_START, mapping->start);
	wire_put_varint(out, PPROF_MAPPING_MEMORY_LIMIT, mapping->limit);
	wire_put_varint(out, PPROF_MAPPING_FILE_OFFSET, mapping->file_offset);
	wire_put_varint(out, PPROF_MAPPING_FILENAME, use_string(write, mapping->name));
	wire_put_varint(out, PPROF_MAPPING_BUILD_ID, use_string(write, mapping->build_id));
	wire_put_varint(out, PPROF_MAPPING_HAS_FUNCTIONS, mapping->has_functions);
	wire_put_varint(out, PPROF_MAPPING_HAS_FILENAMES, mapping->has_filenames);
	wire_put_varint(out, PPROF_MAPPING_HAS_LINE_NUMBERS, mapping->has_line_numbers);
	wire_put_varint(out, PPROF_MAPPING_HAS_INLINE_FRAMES, mapping->has_inline_frames);
	put_message(write, PPROF_MAPPING);
}

static void put_line(struct write *write, uint32_t frame)
{
	const struct profile_frame *from = &write->profile->frames.items[frame];

	buf_clear(&write->part);
	wire_put_varint(&write->part, PPROF_LINE_FUNCTION_ID,
			use_function(write, write->order->frame_functions[frame]));
	wire_put_varint(&write->part, PPROF_LINE_LINE, from->line);
	wire_put_varint(&write->part, PPROF_LINE_COLUMN, from->column);
	wire_put_bytes(&write->message, PPROF_LOCATION_LINE, write->part.data, write->part.len);
	fail(write, buf_error(&write->part));
}

/* A chain is followed from the innermost frame outwards, which is the order of a location's lines. */
static void put_location(struct write *write, uint64_t id, uint32_t chain)
{
	const struct pprof_chain *chains = write->order->chains.items;
	const struct profile_frame *frame = &write->profile->frames.items[chains[chain].frame];
	struct buf *out = &write->message;

	wire_put_varint(out, PPROF_LOCATION_ID, id);
	if (frame->mapping != PROFILE_NONE)
		wire_put_varint(out, PPROF_LOCATION_MAPPING_ID,
				write->order->mapping_ranks[frame->mapping] + UINT64_C(1));
	wire_put_varint(out, PPROF_LOCATION_ADDRESS, frame->address);
	for (; chain != PPROF_NO_LOCATION; chain = chains[chain].before)
		put_line(write, chains[chain].frame);
	wire_put_varint(out, PPROF_LOCATION_IS_FOLDED, frame->is_folded);
	put_message(write, PPROF_LOCATION);
}

static void put_function(struct write *write, uint64_t id, const struct pprof_function *function)
{
	wire_put_varint(&write->message, PPROF_FUNCTION_ID, id);
	wire_put_varint(&write->message, PPROF_FUNCTION_NAME, use_text(write, function->name));
	wire_put_varint(&write->message, PPROF_FUNCTION_SYSTEM_NAME,
			use_text(write, function->system_name));
	wire_put_varint(&write->message, PPROF_FUNCTION_FILENAME, use_text(write, function->file));
	wire_put_varint(&write->message, PPROF_FUNCTION_START_LINE, function->start_line);
	put_message(write, PPROF_FUNCTION);
}

static void put_tables(struct write *write)
{
	const struct profile *profile = write->profile;
	const struct pprof_order *order = write->order;

	for (uint32_t i = 0; i < profile->value_types_len; i++)
		put_value_type(write, PPROF_SAMPLE_TYPE, profile->value_types[i]);
	for (size_t i = 0; !write->error && i < profile->samples.len; i++)
		put_sample(write, &profile->samples.items[order->samples[i]]);
	for (size_t i = 0; !write->error && i < profile->mappings.len; i++)
		put_mapping(write, i + 1, &profile->mappings.items[order->mappings[i]]);
	for (uint32_t i = 0; !write->error && i < order->locations_len; i++)
		put_location(write, i + UINT64_C(1), order->locations[i]);
	for (size_t i = 0; !write->error && i < write->functions.len; i++)
		put_function(write, i + 1, &order->functions.items[write->functions.items[i]]);
}

/*
 * Comments' texts stand at the end of the string table and are never shared with a name, so their
 * indices follow from their order.
 */
struct comments {
	struct buf text;
	VEC(size_t) ends;
};

static void comments_cleanup(struct comments *comments)
{
	buf_free(&comments->text);
	vec_free(&comments->ends);
}

static int end_comment(struct comments *comments)
{
	int r = buf_error(&comments->text);

	return r < 0 ? r : vec_push(&comments->ends, comments->text.len);
}

static int add_comment(const struct write *write, struct comments *comments, const char *prefix,
		       uint32_t string)
{
	const struct strtab *strings = &write->order->strings;
	uint32_t text = write->order->clean[string];

	buf_append_str(&comments->text, prefix);
	buf_append(&comments->text, strtab_get(strings, text), strtab_len(strings, text));
	return end_comment(comments);
}

static int add_ledger(const struct ledger *ledger, struct comments *comments)
{
	int r;

	buf_append_str(&comments->text, PPROF_COMMENT_LEDGER);
	ledger_to_json(ledger, &comments->text);
	r = end_comment(comments);
	if (r < 0)
		return r;
	buf_appendf(&comments->text, PPROF_COMMENT_EVENT "%s", ledger->event);
	r = end_comment(comments);
	if (r < 0)
		return r;
	buf_appendf(&comments->text, PPROF_COMMENT_FREQUENCY "%" PRIu32, ledger->frequency_hz);
	return end_comment(comments);
}

static int gather_comments(const struct write *write, struct comments *comments)
{
	const struct profile *profile = write->profile;
	int r = 0;

	if (profile->ledger.event[0])
		r = add_ledger(&profile->ledger, comments);
	if (r == 0 && profile->host)
		r = add_comment(write, comments, PPROF_COMMENT_HOST, profile->host);
	if (r == 0 && profile->command)
		r = add_comment(write, comments, PPROF_COMMENT_COMMAND, profile->command);
	for (size_t i = 0; r == 0 && i < profile->comments.len; i++)
		r = add_comment(write, comments, "", profile->comments.items[i]);
	return r;
}

static void put_strings(struct write *write, const struct comments *comments)
{
	const struct strtab *strings = &write->order->strings;
	size_t start = 0;

	for (size_t i = 0; i < write->strings.len; i++) {
		uint32_t text = write->strings.items[i];

		buf_append(&write->message, strtab_get(strings, text), strtab_len(strings, text));
		put_message(write, PPROF_STRING_TABLE);
	}
	for (size_t i = 0; i < comments->ends.len; i++) {
		buf_append(&write->message, comments->text.data + start,
			   comments->ends.items[i] - start);
		put_message(write, PPROF_STRING_TABLE);
		start = comments->ends.items[i];
	}
}

/* By its type's name; of several types of that name readers take the first, without any the last. */
static uint32_t default_type_name(const struct profile *profile)
{
	uint32_t first = 0;

	while (profile->value_types[first].type !=
	       profile->value_types[profile->default_value_type].type)
		first++;
	return first == profile->default_value_type ? profile->value_types[first].type : 0;
}

static void put_scalars(struct write *write, size_t comments)
{
	const struct profile *profile = write->profile;
	struct buf *out = &write->out;

	put_value_type(write, PPROF_PERIOD_TYPE, profile->period_type);
	wire_put_varint(out, PPROF_DROP_FRAMES, use_string(write, profile->drop_frames));
	wire_put_varint(out, PPROF_KEEP_FRAMES, use_string(write, profile->keep_frames));
	wire_put_varint(out, PPROF_TIME_NANOS, (uint64_t)profile->time_ns);
	wire_put_varint(out, PPROF_DURATION_NANOS, (uint64_t)profile->duration_ns);
	wire_put_varint(out, PPROF_PERIOD, (uint64_t)profile->period);
	wire_put_varint(out, PPROF_DEFAULT_SAMPLE_TYPE,
			use_string(write, default_type_name(profile)));
	wire_put_varint(out, PPROF_DOC_URL, use_string(write, profile->doc_url));
	write->numbers.len = 0;
	for (size_t i = 0; i < comments; i++)
		if (vec_push(&write->numbers, write->strings.len + i) < 0)
			fail(write, -ENOMEM);
	wire_put_packed(out, PPROF_COMMENT, write->numbers.items, write->numbers.len);
}

static int write_profile(struct write *write)
{
	_cleanup_(comments_cleanup) struct comments comments = {0};
	int r = gather_comments(write, &comments);

	write->string_ids = calloc(strtab_count(&write->order->strings), sizeof(uint32_t));
	write->function_ids = calloc(write->order->functions.len + 1, sizeof(uint32_t));
	if (r < 0 || !write->string_ids || !write->function_ids || vec_push(&write->strings, 0) < 0)
		return r < 0 ? r : -ENOMEM;
	put_tables(write);
	put_scalars(write, comments.ends.len);
	put_strings(write, &comments);
	return write->error ? write->error : sink_drain(write->sink, &write->out, 0);
}

int pprof_write(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_(pprof_order_free) struct pprof_order order = {0};
	_cleanup_(write_cleanup) struct write write = {
		.profile = profile, .order = &order, .sink = sink};
	int r = pprof_order_init(profile, &order);

	if (r == 0)
		r = write_profile(&write);
	return r < 0 ? err_errno(err, r, "cannot write pprof") : 0;
}
