// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/metadata.h"

#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int apply(const char *text, struct profile *profile, struct err *err)
{
	return metadata_apply(text, strlen(text), profile, err);
}

static void test_both_ways(void **state)
{
	struct profile *profile = support_profile(false), *back = support_read_folded("c;f 3\n");
	struct buf out = {0}, again = {0};
	struct err err = {""};

	(void)state;
	assert_int_equal(
		vec_push(&profile->comments, profile_string(profile, "a \"comment\" \xc3\xa9")), 0);
	metadata_append(profile, 0, &out);
	assert_int_equal(metadata_apply((char *)out.data, out.len, back, &err), 0);
	assert_int_equal(profile_check(back, &err), 0);
	metadata_append(back, 0, &again);
	support_assert_same(&out, &again);
	assert_int_equal(back->value_types_len, 2);
	assert_int_equal(back->default_value_type, 1);
	assert_int_equal(profile_total(back, 1), 30);
	buf_free(&out);
	buf_free(&again);
	profile_free(profile);
	profile_free(back);
}

static void test_other_values_have_no_time(void **state)
{
	struct profile *profile = support_read_folded("c;f 3\n");

	(void)state;
	assert_int_equal(apply("{\"value\":{\"type\":\"space\",\"unit\":\"bytes\"},\"period_ns\":5,"
			       "\"period_type\":{\"type\":\"cpu\",\"unit\":\"nanoseconds\"}}",
			       profile, NULL),
			 0);
	assert_int_equal(profile->value_types_len, 1);
	assert_int_equal(profile_value_type_find(profile, "space", "bytes"), 0);
	profile_free(profile);
}

static void test_unknown_and_missing_keys(void **state)
{
	struct profile *profile = support_read_folded("c;f 3\n");

	(void)state;
	assert_int_equal(apply("{\"future\":[{}],\"ledger\":null}", profile, NULL), 0);
	assert_int_equal(profile->value_types_len, 1);
	assert_string_equal(profile->ledger.event, "");
	profile_free(profile);
}

static void test_refuses(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"[]", "metadata: not a JSON object (byte 0)"},
		{"{", "metadata: not a JSON object (byte 1)"},
		{"{\"period_ns\":\"x\"}", "metadata: bad value of 'period_ns'"},
		{"{\"duration_ns\":-1}", "metadata: bad value of 'duration_ns'"},
		{"{\"host\":1}", "metadata: bad value of 'host'"},
		{"{\"value\":1}", "metadata: bad value of 'value'"},
		{"{\"value\":{\"type\":1}}", "metadata: bad value of 'value'"},
		{"{\"comments\":{}}", "metadata: bad value of 'comments'"},
		{"{\"comments\":[1]}", "metadata: bad value of 'comments'"},
		{"{\"ledger\":1}", "ledger: not a JSON object"},
		{"{\"period_ns\":9223372036854775807}", "metadata: the period is too long"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile *profile = support_read_folded("c;f 3\n");
		struct err err = {""};

		assert_true(apply(cases[i].text, profile, &err) < 0);
		if (!strstr(err.text, cases[i].message))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].message);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_both_ways),
		cmocka_unit_test(test_other_values_have_no_time),
		cmocka_unit_test(test_unknown_and_missing_keys),
		cmocka_unit_test(test_refuses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
