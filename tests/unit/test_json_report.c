// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/json_report.h"

#include "tests/unit/formats_support.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

static json_t *report_of(const struct profile *profile)
{
	struct buf out = support_write(json_report_write, profile);
	json_error_t problem;
	json_t *report = json_loadb((char *)out.data, out.len,
				    JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);

	if (!report)
		fail_msg("%s", problem.text);
	buf_free(&out);
	return report;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	assert_non_null(text);
	return text;
}

static json_int_t number_of(const json_t *object, const char *key)
{
	assert_true(json_is_integer(json_object_get(object, key)));
	return json_integer_value(json_object_get(object, key));
}

static void test_head(void **state)
{
	struct profile *profile = support_profile(false);
	json_t *report = report_of(profile), *meta = json_object_get(report, "meta");
	json_t *types = json_object_get(report, "value_types");

	(void)state;
	assert_string_equal(text_of(report, "format"), "smolder-report");
	assert_int_equal(number_of(report, "version"), 1);
	assert_string_equal(text_of(meta, "command"), "server --now");
	assert_int_equal(number_of(meta, "time_unix_ns"), 1700000000123456789);
	assert_int_equal(number_of(json_object_get(json_object_get(report, "ledger"), "samples"),
				   "recorded"),
			 60);
	assert_int_equal(json_array_size(types), 2);
	assert_string_equal(text_of(json_array_get(types, 1), "unit"), "nanoseconds");
	assert_int_equal(number_of(json_array_get(types, 1), "total"), 600);
	json_decref(report);
	profile_free(profile);
}

static void test_functions(void **state)
{
	struct profile *profile = support_profile(false);
	json_t *report = report_of(profile);
	json_t *first = json_array_get(json_object_get(report, "functions"), 0);

	(void)state;
	assert_string_equal(text_of(first, "name"), "parse");
	assert_string_equal(text_of(first, "module"), "server");
	assert_string_equal(text_of(first, "kind"), "user");
	assert_int_equal(number_of(first, "self"), 20);
	assert_int_equal(number_of(first, "total"), 27);
	json_decref(report);
	profile_free(profile);
}

/* From the report alone: the same text as the folded writer makes. */
static void append_sample(const json_t *report, const json_t *sample, struct buf *out)
{
	const json_t *set = json_array_get(json_object_get(report, "label_sets"),
					   (size_t)number_of(sample, "labels"));
	const json_t *stack = json_object_get(sample, "stack");

	assert_string_equal(text_of(json_array_get(set, 0), "key"), "comm");
	buf_append_str(out, text_of(json_array_get(set, 0), "value"));
	for (size_t i = 0; i < json_array_size(stack); i++) {
		size_t id = (size_t)json_integer_value(json_array_get(stack, i));
		const json_t *frame = json_array_get(json_object_get(report, "frames"), id);
		const char *kind = text_of(frame, "kind");

		buf_appendf(out, ";%s%s", text_of(frame, "name"),
			    strcmp(kind, "kernel") == 0  ? "_[k]" :
			    strcmp(kind, "inlined") == 0 ? "_[i]" :
			    strcmp(kind, "jit") == 0     ? "_[j]" :
							   "");
	}
	buf_appendf(out, " %d\n",
		    (int)json_integer_value(json_array_get(json_object_get(sample, "values"), 0)));
}

static void test_samples_hold_everything(void **state)
{
	struct profile *profile = support_profile(false);
	json_t *report = report_of(profile), *samples = json_object_get(report, "samples");
	size_t lines = 0;

	(void)state;
	for (size_t i = 0; i < json_array_size(samples); i++) {
		struct buf line = {0};

		append_sample(report, json_array_get(samples, i), &line);
		buf_append_byte(&line, 0);
		if (!strstr(support_folded, (char *)line.data))
			fail_msg("no line '%s'", (char *)line.data);
		lines++;
		buf_free(&line);
	}
	assert_int_equal(lines, 8);
	json_decref(report);
	profile_free(profile);
}

static void test_hostile_names(void **state)
{
	struct profile *profile = support_read_folded("c\"\\\t;</script>\xff;\xe2\x80\xa8 1\n");
	json_t *report = report_of(profile), *frames = json_object_get(report, "frames");

	(void)state;
	assert_string_equal(text_of(json_array_get(frames, 0), "name"), "</script>\xef\xbf\xbd");
	assert_string_equal(text_of(json_array_get(frames, 1), "name"), "\xe2\x80\xa8");
	assert_true(json_is_null(json_object_get(report, "ledger")));
	json_decref(report);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_functions),
		cmocka_unit_test(test_samples_hold_everything),
		cmocka_unit_test(test_hostile_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
