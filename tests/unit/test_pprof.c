// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/pprof.h"

#include "formats/folded.h"
#include "formats/wire.h"
#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A message's fields, as a reader that knows nothing of our model sees them. */
struct message {
	struct wire wire;
};

static struct message message_of(const struct buf *buf)
{
	return (struct message){{.at = buf->data, .end = buf->data + buf->len}};
}

/* The n-th field of this number; fails the test when there is none. */
static struct wire_field field_of(struct message message, uint32_t number, size_t n)
{
	struct wire_field field;

	while (wire_next(&message.wire, &field) == 1)
		if (field.number == number && n-- == 0)
			return field;
	fail_msg("no field %u", number);
	return field;
}

static struct message message_in(struct message message, uint32_t number, size_t n)
{
	return (struct message){field_of(message, number, n).bytes};
}

static size_t count_of(struct message message, uint32_t number)
{
	struct wire_field field;
	size_t count = 0;

	while (wire_next(&message.wire, &field) == 1)
		count += field.number == number;
	return count;
}

static uint64_t number_of(struct message message, uint32_t number)
{
	return count_of(message, number) ? field_of(message, number, 0).value : 0;
}

static void assert_string(struct message profile, uint64_t index, const char *text)
{
	struct wire bytes = field_of(profile, PPROF_STRING_TABLE, index).bytes;
	struct buf buf = {0};

	buf_append(&buf, bytes.at, (size_t)(bytes.end - bytes.at));
	support_assert_text(&buf, text);
	buf_free(&buf);
}

/* Packed numbers of a sample. */
static size_t unpack(struct wire_field field, uint64_t *numbers, size_t max)
{
	size_t count = 0;

	while (count < max && wire_next_varint(&field.bytes, &numbers[count]) == 1)
		count++;
	return count;
}

static void test_header(void **state)
{
	struct profile *profile = support_profile(false);
	struct buf out = support_write(pprof_write, profile);
	struct message message = message_of(&out), type;

	(void)state;
	assert_int_equal(count_of(message, PPROF_SAMPLE_TYPE), 2);
	type = message_in(message, PPROF_SAMPLE_TYPE, 0);
	assert_string(message, number_of(type, PPROF_VALUE_TYPE_TYPE), "samples");
	assert_string(message, number_of(type, PPROF_VALUE_TYPE_UNIT), "count");
	type = message_in(message, PPROF_PERIOD_TYPE, 0);
	assert_string(message, number_of(type, PPROF_VALUE_TYPE_TYPE), "cpu");
	assert_string(message, number_of(type, PPROF_VALUE_TYPE_UNIT), "nanoseconds");
	assert_string(message, number_of(message, PPROF_DEFAULT_SAMPLE_TYPE), "cpu");
	assert_string(message, 0, "");
	assert_int_equal(number_of(message, PPROF_PERIOD), 10);
	assert_int_equal(number_of(message, PPROF_TIME_NANOS), 1700000000123456789);
	assert_int_equal(number_of(message, PPROF_DURATION_NANOS), 5000000000);
	assert_int_equal(count_of(message, PPROF_TIME_NANOS), 1);
	buf_free(&out);
	profile_free(profile);
}

static void test_comments(void **state)
{
	static const char *const comments[] = {
		"smolder-ledger: {\"version\":1,\"event\":\"cpu-clock\"",
		"smolder-event: cpu-clock",
		"smolder-frequency-hz: 99",
		"smolder-host: host1",
		"smolder-command: server --now",
	};
	struct profile *profile = support_profile(false);
	struct buf out = support_write(pprof_write, profile);
	uint64_t indices[8];

	(void)state;
	assert_int_equal(unpack(field_of(message_of(&out), PPROF_COMMENT, 0), indices, 8), 5);
	for (size_t i = 0; i < ARRAY_SIZE(comments); i++) {
		struct wire text = field_of(message_of(&out), PPROF_STRING_TABLE, indices[i]).bytes;

		assert_true((size_t)(text.end - text.at) >= strlen(comments[i]));
		assert_memory_equal(text.at, comments[i], strlen(comments[i]));
	}
	buf_free(&out);
	profile_free(profile);
}

/* Parca's rule, and the reason that stacks stay readable by index: ids are 1..n in table order. */
static void test_ids_are_in_order(void **state)
{
	static const uint32_t tables[] = {PPROF_MAPPING, PPROF_LOCATION, PPROF_FUNCTION};
	struct profile *profile = support_profile(false);
	struct buf out = support_write(pprof_write, profile);
	struct message message = message_of(&out);

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(tables); t++) {
		size_t count = count_of(message, tables[t]);

		assert_true(count > 1);
		for (size_t i = 0; i < count; i++)
			assert_int_equal(number_of(message_in(message, tables[t], i), 1), i + 1);
	}
	buf_free(&out);
	profile_free(profile);
}

static void test_main_mapping_is_the_heaviest_executable(void **state)
{
	struct profile *profile = support_profile(true);
	struct buf out = support_write(pprof_write, profile);
	struct message mapping = message_in(message_of(&out), PPROF_MAPPING, 0);

	(void)state;
	assert_string(message_of(&out), number_of(mapping, PPROF_MAPPING_FILENAME),
		      "/usr/bin/server");
	assert_int_equal(number_of(mapping, PPROF_MAPPING_MEMORY_START), 0x1000);
	assert_int_equal(number_of(mapping, PPROF_MAPPING_HAS_FUNCTIONS), 1);
	assert_int_equal(count_of(mapping, PPROF_MAPPING_HAS_FILENAMES), 0);
	buf_free(&out);
	profile_free(profile);
}

static void assert_function(struct message profile, struct message line, const char *name)
{
	uint64_t id = number_of(line, PPROF_LINE_FUNCTION_ID);
	struct message function = message_in(profile, PPROF_FUNCTION, id - 1);

	assert_string(profile, number_of(function, PPROF_FUNCTION_NAME), name);
	assert_int_equal(number_of(function, PPROF_FUNCTION_SYSTEM_NAME),
			 number_of(function, PPROF_FUNCTION_NAME));
}

/* One location for a function and what is inlined into it: the innermost line comes first. */
static void test_inlined_frames_share_a_location(void **state)
{
	struct profile *profile = support_read_folded("c;main;outer;middle_[i];inner_[i] 4\n");
	struct buf out = support_write(pprof_write, profile);
	struct message message = message_of(&out), sample, location;
	uint64_t ids[8];

	(void)state;
	sample = message_in(message, PPROF_SAMPLE, 0);
	assert_int_equal(unpack(field_of(sample, PPROF_SAMPLE_LOCATION_ID, 0), ids, 8), 2);
	location = message_in(message, PPROF_LOCATION, ids[0] - 1);
	assert_int_equal(count_of(location, PPROF_LOCATION_LINE), 3);
	assert_function(message, message_in(location, PPROF_LOCATION_LINE, 0), "inner");
	assert_function(message, message_in(location, PPROF_LOCATION_LINE, 1), "middle");
	assert_function(message, message_in(location, PPROF_LOCATION_LINE, 2), "outer");
	location = message_in(message, PPROF_LOCATION, ids[1] - 1);
	assert_function(message, message_in(location, PPROF_LOCATION_LINE, 0), "main");
	buf_free(&out);
	profile_free(profile);
}

/* pprof drops a number that is 0 and has no unit. */
static void test_numeric_labels_have_units(void **state)
{
	struct profile *profile = NULL;
	struct profile_label labels[2] = {{0}};
	struct buf out;
	struct message sample, label;

	(void)state;
	assert_int_equal(profile_new(&profile), 0);
	labels[0].key = profile_string(profile, "pid");
	labels[1].key = profile_string(profile, "comm");
	labels[1].str = profile_string(profile, "swapper");
	profile_sample(profile, 0, profile_label_set(profile, labels, 2), (int64_t[]){1, 10});
	out = support_write(pprof_write, profile);
	sample = message_in(message_of(&out), PPROF_SAMPLE, 0);
	assert_int_equal(count_of(sample, PPROF_SAMPLE_LABEL), 2);
	label = message_in(sample, PPROF_SAMPLE_LABEL, 1);
	assert_string(message_of(&out), number_of(label, PPROF_LABEL_KEY), "pid");
	assert_int_equal(number_of(label, PPROF_LABEL_STR), 0);
	assert_string(message_of(&out), number_of(label, PPROF_LABEL_NUM_UNIT), "id");
	label = message_in(sample, PPROF_SAMPLE_LABEL, 0);
	assert_string(message_of(&out), number_of(label, PPROF_LABEL_STR), "swapper");
	assert_int_equal(number_of(label, PPROF_LABEL_NUM_UNIT), 0);
	buf_free(&out);
	profile_free(profile);
}

static void test_place_without_a_function_gets_a_line(void **state)
{
	struct profile *profile = NULL;
	struct profile_frame frame;
	struct buf out;
	struct message location;

	(void)state;
	assert_int_equal(profile_new(&profile), 0);
	support_frame(profile, FRAME_USER, "/lib/libx.so", "unused");
	frame = profile->frames.items[0];
	frame.function = PROFILE_NONE;
	profile_sample(profile, profile_stack(profile, 0, profile_frame(profile, &frame)), 0,
		       (int64_t[]){1, 10});
	out = support_write(pprof_write, profile);
	location = message_in(message_of(&out), PPROF_LOCATION, 0);
	assert_function(message_of(&out), message_in(location, PPROF_LOCATION_LINE, 0),
			"libx.so+0x1f00");
	assert_int_equal(count_of(message_of(&out), PPROF_FUNCTION), 1);
	buf_free(&out);
	profile_free(profile);
}

static void test_bytes_do_not_depend_on_ids(void **state)
{
	struct profile *a = support_profile(false), *b = support_profile(true);
	struct buf first = support_write(pprof_write, a), second = support_write(pprof_write, b);

	(void)state;
	support_assert_same(&first, &second);
	buf_free(&first);
	buf_free(&second);
	profile_free(a);
	profile_free(b);
}

static struct profile *read_pprof(const struct buf *data)
{
	struct profile *profile = NULL;
	struct err err = {""};

	if (pprof_read(data->data, data->len, &profile, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(profile_check(profile, &err), 0);
	return profile;
}

static void test_there_and_back(void **state)
{
	struct profile *profile = support_profile(false), *back;
	struct buf out = support_write(pprof_write, profile), again, folded;

	(void)state;
	back = read_pprof(&out);
	again = support_write(pprof_write, back);
	support_assert_same(&out, &again);
	folded = support_write(folded_write, back);
	support_assert_text(&folded, support_folded);
	assert_string_equal(profile_text(back, back->host), "host1");
	assert_string_equal(profile_text(back, back->command), "server --now");
	assert_memory_equal(&back->ledger, &profile->ledger, sizeof(back->ledger));
	assert_int_equal(back->comments.len, 0);
	buf_free(&out);
	buf_free(&again);
	buf_free(&folded);
	profile_free(profile);
	profile_free(back);
}

/* A file by hand, as other people's programs make them. */
struct made {
	struct buf out, message, part;
};

static void put_message(struct made *made, uint32_t field)
{
	wire_put_bytes(&made->out, field, made->message.data, made->message.len);
	buf_clear(&made->message);
}

static void put_strings(struct made *made, const char *const *strings)
{
	for (; *strings; strings++)
		wire_put_bytes(&made->out, PPROF_STRING_TABLE, *strings, strlen(*strings));
}

static void put_pair(struct made *made, uint32_t field, uint64_t first, uint64_t second)
{
	wire_put_varint(&made->message, 1, first);
	wire_put_varint(&made->message, 2, second);
	put_message(made, field);
}

static void put_location(struct made *made, uint64_t id, const uint64_t *functions)
{
	wire_put_varint(&made->message, PPROF_LOCATION_ID, id);
	wire_put_varint(&made->message, PPROF_LOCATION_ADDRESS, id * 16);
	for (; *functions; functions++) {
		buf_clear(&made->part);
		wire_put_varint(&made->part, PPROF_LINE_FUNCTION_ID, *functions);
		wire_put_varint(&made->part, PPROF_LINE_LINE, 7);
		wire_put_bytes(&made->message, PPROF_LOCATION_LINE, made->part.data,
			       made->part.len);
	}
	put_message(made, PPROF_LOCATION);
}

/*
 * Heap-like: four value types, no default, ids out of order, tables in odd order, unknown fields, a
 * location without lines, a label key twice, samples that are equal, unpacked numbers.
 */
static void make_foreign(struct made *made)
{
	static const char *const strings[] = {"",      "alloc",  "count", "space", "bytes",
					      "inuse", "main",   "leaf",  "tag",   "x",
					      "y",     "^drop$", NULL};

	wire_put_varint(&made->message, PPROF_SAMPLE_LOCATION_ID, 900);
	wire_put_varint(&made->message, PPROF_SAMPLE_LOCATION_ID, 5);
	for (uint64_t value = 1; value <= 4; value++)
		wire_put_varint(&made->message, PPROF_SAMPLE_VALUE, value);
	for (uint64_t tag = 9; tag <= 10; tag++) {
		buf_clear(&made->part);
		wire_put_varint(&made->part, PPROF_LABEL_KEY, 8);
		wire_put_varint(&made->part, PPROF_LABEL_STR, tag);
		wire_put_bytes(&made->message, PPROF_SAMPLE_LABEL, made->part.data, made->part.len);
	}
	wire_put_bytes(&made->out, PPROF_SAMPLE, made->message.data, made->message.len);
	put_message(made, PPROF_SAMPLE);
	wire_put_varint(&made->out, 77, 1);
	wire_put_bytes(&made->out, 78, "?", 1);
	put_location(made, 900, (uint64_t[]){30, 20, 0});
	put_location(made, 5, (uint64_t[]){0});
	put_pair(made, PPROF_FUNCTION, 30, 7);
	put_pair(made, PPROF_FUNCTION, 20, 6);
	put_strings(made, strings);
	put_pair(made, PPROF_SAMPLE_TYPE, 1, 2);
	put_pair(made, PPROF_SAMPLE_TYPE, 3, 4);
	put_pair(made, PPROF_SAMPLE_TYPE, 5, 2);
	put_pair(made, PPROF_SAMPLE_TYPE, 5, 4);
	wire_put_varint(&made->out, PPROF_DROP_FRAMES, 11);
}

static void made_free(struct made *made)
{
	buf_free(&made->out);
	buf_free(&made->message);
	buf_free(&made->part);
}

static void test_reads_foreign_files(void **state)
{
	struct made made = {0};
	struct profile *profile, *back;
	struct buf out, again, folded;
	size_t labels_len;

	(void)state;
	make_foreign(&made);
	profile = read_pprof(&made.out);
	assert_int_equal(profile->value_types_len, 4);
	assert_int_equal(profile->default_value_type, 3);
	assert_int_equal(profile->samples.len, 1);
	assert_int_equal(profile->samples.items[0].values[3], 8);
	profile_labels(profile, profile->samples.items[0].labels, &labels_len);
	assert_int_equal(labels_len, 2);
	assert_string_equal(profile_text(profile, profile->drop_frames), "^drop$");
	folded = support_write(folded_write, profile);
	support_assert_text(&folded, "[unknown]+0x50;main;leaf_[i] 8\n");
	out = support_write(pprof_write, profile);
	back = read_pprof(&out);
	again = support_write(pprof_write, back);
	support_assert_same(&out, &again);
	assert_int_equal(back->default_value_type, 3);
	buf_free(&folded);
	buf_free(&out);
	buf_free(&again);
	profile_free(profile);
	profile_free(back);
	made_free(&made);
}

static void assert_refused(struct made *made, int code, const char *message)
{
	struct profile *profile = NULL;
	struct err err = {""};

	assert_int_equal(pprof_read(made->out.data, made->out.len, &profile, &err), code);
	if (!strstr(err.text, message))
		fail_msg("'%s' does not say '%s'", err.text, message);
	assert_null(profile);
	made_free(made);
	*made = (struct made){0};
}

static void test_refuses_what_is_not_valid(void **state)
{
	struct made made = {0};

	(void)state;
	assert_refused(&made, -EINVAL, "without sample types");
	buf_append(&made.out, "\x0a\x7f", 2);
	assert_refused(&made, -EINVAL, "byte 0: not a pprof profile");
	make_foreign(&made);
	made.out.len--;
	assert_refused(&made, -EINVAL, "not a pprof profile, or a broken one");
	make_foreign(&made);
	put_pair(&made, PPROF_FUNCTION, 30, 7);
	assert_refused(&made, -EINVAL, "a function's id is 0 or is there twice");
	make_foreign(&made);
	put_location(&made, 0, (uint64_t[]){30, 0});
	assert_refused(&made, -EINVAL, "a location's id is 0 or is there twice");
	make_foreign(&made);
	put_location(&made, 6, (uint64_t[]){31, 0});
	assert_refused(&made, -EINVAL, "a line without its function");
	make_foreign(&made);
	put_pair(&made, PPROF_FUNCTION, 31, 12);
	assert_refused(&made, -EINVAL, "no such string");
	make_foreign(&made);
	put_pair(&made, PPROF_SAMPLE, 5, 1);
	assert_refused(&made, -EINVAL, "a sample with too few values");
	make_foreign(&made);
	put_pair(&made, PPROF_SAMPLE, 6, 1);
	assert_refused(&made, -EINVAL, "a sample without its location");
	make_foreign(&made);
	for (int i = 0; i < 5; i++)
		put_pair(&made, PPROF_SAMPLE_TYPE, 1, 2);
	assert_refused(&made, -EINVAL, "more than 8 sample types");
	make_foreign(&made);
	wire_put_varint(&made.out, PPROF_TIME_NANOS, 5);
	wire_put_varint(&made.out, PPROF_TIME_NANOS, 6);
	assert_refused(&made, -EINVAL, "several profiles in a row");
	put_strings(&made, (const char *const[]){"x", NULL});
	assert_refused(&made, -EINVAL, "the first string is not empty");
}

/* A few bytes that would unfold to more than 2^40 frames. */
static void test_caps_what_unfolds(void **state)
{
	struct made made = {0};

	(void)state;
	put_strings(&made, (const char *const[]){"", "f", NULL});
	put_pair(&made, PPROF_SAMPLE_TYPE, 1, 1);
	put_pair(&made, PPROF_FUNCTION, 1, 1);
	put_location(&made, 1, (uint64_t[]){1, 0});
	for (int i = 0; i < 65537; i++)
		wire_put_varint(&made.message, PPROF_SAMPLE_LOCATION_ID, 1);
	wire_put_varint(&made.message, PPROF_SAMPLE_VALUE, 1);
	put_message(&made, PPROF_SAMPLE);
	assert_refused(&made, -EINVAL, "a stack of more than 65536 locations");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_comments),
		cmocka_unit_test(test_ids_are_in_order),
		cmocka_unit_test(test_main_mapping_is_the_heaviest_executable),
		cmocka_unit_test(test_inlined_frames_share_a_location),
		cmocka_unit_test(test_numeric_labels_have_units),
		cmocka_unit_test(test_place_without_a_function_gets_a_line),
		cmocka_unit_test(test_bytes_do_not_depend_on_ids),
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_reads_foreign_files),
		cmocka_unit_test(test_refuses_what_is_not_valid),
		cmocka_unit_test(test_caps_what_unfolds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
