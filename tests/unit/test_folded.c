// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/folded.h"

#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_folds_to(const struct profile *profile, const char *text)
{
	struct buf out = support_write(folded_write, profile);

	support_assert_text(&out, text);
	buf_free(&out);
}

static struct profile *new_profile(void)
{
	struct profile *profile = NULL;

	assert_int_equal(profile_new(&profile), 0);
	return profile;
}

static void add(struct profile *profile, uint32_t labels, int64_t count, const char *const *names)
{
	uint32_t stack = 0;

	for (; *names; names++)
		stack = profile_stack(profile, stack,
				      support_frame(profile, FRAME_USER, "", *names));
	assert_int_not_equal(profile_sample(profile, stack, labels, (int64_t[]){count, 0}),
			     PROFILE_NONE);
}

static void test_writes_all_kinds(void **state)
{
	(void)state;
	for (int backwards = 0; backwards < 2; backwards++) {
		struct profile *profile = support_profile(backwards);

		assert_folds_to(profile, support_folded);
		profile_free(profile);
	}
}

static void test_names_are_cleaned(void **state)
{
	struct profile *profile = new_profile();

	(void)state;
	add(profile, support_comm(profile, "a;b\n"), 1,
	    (const char *[]){"x;y", "tab\there\x7f",
			     "\xff"
			     "bad\xe2\x82",
			     "\xc2\x85"
			     "c1",
			     NULL});
	assert_folds_to(profile, "a:b_;x:y;tab_here_;\xef\xbf\xbd"
				 "bad\xef\xbf\xbd\xef\xbf\xbd;_c1 1\n");
	profile_free(profile);
}

static void test_leaf_like_a_count_gets_a_mark(void **state)
{
	struct profile *profile = new_profile();
	uint32_t comm = support_comm(profile, "c 9");

	(void)state;
	add(profile, comm, 1, (const char *[]){"op new 5", NULL});
	add(profile, comm, 2, (const char *[]){"op new 5", "inner", NULL});
	add(profile, comm, 4, (const char *[]){"op new 5_", NULL});
	add(profile, comm, 8, (const char *[]){"v5", NULL});
	add(profile, comm, 16, (const char *[]){NULL});
	assert_folds_to(profile, "c 9;op new 5;inner 2\nc 9;op new 5_ 5\nc 9;v5 8\nc 9_ 16\n");
	profile_free(profile);
}

/* '!' and ' ' sort before ';', so that a name's own line, those below it and its neighbours mix. */
static void test_lines_are_sorted_by_bytes(void **state)
{
	struct profile *profile = new_profile();
	uint32_t comm = support_comm(profile, "c");

	(void)state;
	add(profile, comm, 5, (const char *[]){"a", NULL});
	add(profile, comm, 1, (const char *[]){"a", "y", NULL});
	add(profile, comm, 1, (const char *[]){"a b", "x", NULL});
	add(profile, comm, 1, (const char *[]){"a 4x", NULL});
	add(profile, comm, 1, (const char *[]){"a 6x", NULL});
	add(profile, comm, 1, (const char *[]){"a!", NULL});
	add(profile, comm, 1, (const char *[]){"az", NULL});
	assert_folds_to(profile, "c;a 4x 1\nc;a 5\nc;a 6x 1\nc;a b;x 1\nc;a! 1\nc;a;y 1\nc;az 1\n");
	profile_free(profile);
}

static void test_equal_lines_are_merged(void **state)
{
	struct profile *profile = new_profile();
	uint32_t first = support_frame(profile, FRAME_USER, "/bin/a", "main");
	struct profile_frame other = profile->frames.items[first];
	struct profile_label labels[2] = {
		{.key = profile_string(profile, "comm"), .str = profile_string(profile, "c")},
		{.key = profile_string(profile, "pid"), .num = 3},
	};

	(void)state;
	other.address += 8;
	other.line = 77;
	profile_sample(profile, profile_stack(profile, 0, first), support_comm(profile, "c"),
		       (int64_t[]){1, 1});
	profile_sample(profile, profile_stack(profile, 0, profile_frame(profile, &other)),
		       profile_label_set(profile, labels, 2), (int64_t[]){2, 2});
	assert_folds_to(profile, "c;main 3\n");
	profile_free(profile);
}

static void test_threads_are_apart(void **state)
{
	struct profile *profile = new_profile();
	struct profile_label labels[3] = {
		{.key = profile_string(profile, "comm"), .str = profile_string(profile, "c")},
		{.key = profile_string(profile, "pid"),
		 .num = 3,
		 .unit = profile_string(profile, "id")},
		{.key = profile_string(profile, "tid"),
		 .num = 4,
		 .unit = profile_string(profile, "id")},
	};

	(void)state;
	add(profile, profile_label_set(profile, labels, 3), 1, (const char *[]){"f", NULL});
	labels[2].num = 5;
	add(profile, profile_label_set(profile, labels, 3), 2, (const char *[]){"f", NULL});
	assert_folds_to(profile, "c-3/4;f 1\nc-3/5;f 2\n");
	profile_free(profile);
}

static void test_frame_without_function(void **state)
{
	struct profile *profile = new_profile();
	uint32_t named = support_frame(profile, FRAME_USER, "/opt/lib/libx.so", "f");
	struct profile_frame frame = profile->frames.items[named];

	(void)state;
	frame.function = PROFILE_NONE;
	profile_sample(profile, profile_stack(profile, 0, profile_frame(profile, &frame)), 0,
		       (int64_t[]){1, 1});
	assert_folds_to(profile, "libx.so+0x1f00 1\n");
	profile_free(profile);
}

static void test_no_line_for_nothing(void **state)
{
	struct profile *profile = new_profile();

	(void)state;
	add(profile, support_comm(profile, "c"), 0, (const char *[]){"f", NULL});
	assert_folds_to(profile, "");
	profile_free(profile);
}

static void test_refuses_negative(void **state)
{
	struct profile *profile = new_profile();
	struct buf out = {0};
	struct sink *sink = NULL;
	struct err err;

	(void)state;
	add(profile, support_comm(profile, "c"), -1, (const char *[]){"f", NULL});
	assert_int_equal(sink_buf_new(&out, &sink), 0);
	assert_int_equal(folded_write(profile, sink, &err), -EINVAL);
	assert_string_equal(err.text, "folded text cannot hold negative counts");
	sink_free(sink);
	buf_free(&out);
	profile_free(profile);
}

static void test_round_trips(void **state)
{
	static const char *const texts[] = {
		"",
		support_folded,
		"c 1\n",
		"c-12/34;main 1\n",
		"c-012/34;main 1\n",
		"c--1/2;f 1\nc-1/2x;f 1\nc-99999999999999999999/1;f 1\n",
		"c;_[k] 1\nc;a_[k]_[k] 1\nc;x_[q] 1\n",
		"c;[incomplete: x] 2\nc;[incomplete: x];f 1\nc;f;[incomplete: x] 3\n",
		"c;f_[i] 1\nc;g_[k];f_[i] 1\nc;g_[k];f_[i];f_[i] 2\nc;h_[j];f_[i] 3\n",
		"c;with space 5x 1\n",
		"-1/2 1\n",
		"c;f 9223372036854775807\n",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct profile *profile = support_read_folded(texts[i]);

		assert_folds_to(profile, texts[i]);
		profile_free(profile);
	}
}

static void test_reads_kinds_and_labels(void **state)
{
	struct profile *profile = support_read_folded("c-1/2;a;k_[k];in_[i];j_[j] 3");
	uint32_t frames[4];

	(void)state;
	assert_int_equal(profile->value_types_len, 1);
	assert_int_equal(profile_total(profile, 0), 3);
	profile_stack_frames(profile, profile->samples.items[0].stack, frames, 4);
	assert_int_equal(profile->frames.items[frames[0]].kind, FRAME_USER);
	assert_int_equal(profile->frames.items[frames[1]].kind, FRAME_KERNEL);
	assert_int_equal(profile->frames.items[frames[2]].kind, FRAME_INLINE);
	assert_int_equal(profile->frames.items[frames[2]].mapping,
			 profile->frames.items[frames[1]].mapping);
	assert_int_equal(profile->frames.items[frames[3]].kind, FRAME_JIT);
	assert_int_equal(profile_label_find(profile, 1, "pid")->num, 1);
	assert_int_equal(profile_label_find(profile, 1, "tid")->num, 2);
	assert_string_equal(profile_text(profile, profile_label_find(profile, 1, "comm")->str),
			    "c");
	profile_free(profile);
}

static void test_equal_lines_are_read_as_one(void **state)
{
	struct profile *profile = support_read_folded("c;b 1\nc;a 2\nc;b 3");

	(void)state;
	assert_folds_to(profile, "c;a 2\nc;b 4\n");
	profile_free(profile);
}

static void test_refuses_bad_lines(void **state)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"c;f 1\nnothing\n", "line 2: not 'STACK COUNT'"},
		{"c;f 1\n\nc;f 1\n", "line 2: not 'STACK COUNT'"},
		{"c;f x\n", "line 1: does not end in a count"},
		{"c;f 1.5\n", "line 1: does not end in a count"},
		{"c;f -1\n", "line 1: does not end in a count"},
		{"c;f 1\r\n", "line 1: does not end in a count"},
		{"c;f 9223372036854775808\n", "line 1: does not end in a count"},
		{";f 1\n", "line 1: no process name"},
		{" 1\n", "line 1: no process name"},
		{"c;;f 1\n", "line 1: a frame without a name"},
		{"c; 1\n", "line 1: a frame without a name"},
		{"c;f 9223372036854775807\nc;f 1\n",
		 "line 2: the counts of this stack add up to too much"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile *profile = NULL;
		struct err err = {""};

		assert_int_equal(folded_read(cases[i].text, strlen(cases[i].text), &profile, &err),
				 -EINVAL);
		assert_string_equal(err.text, cases[i].message);
		assert_null(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_writes_all_kinds),
		cmocka_unit_test(test_names_are_cleaned),
		cmocka_unit_test(test_leaf_like_a_count_gets_a_mark),
		cmocka_unit_test(test_lines_are_sorted_by_bytes),
		cmocka_unit_test(test_equal_lines_are_merged),
		cmocka_unit_test(test_threads_are_apart),
		cmocka_unit_test(test_frame_without_function),
		cmocka_unit_test(test_no_line_for_nothing),
		cmocka_unit_test(test_refuses_negative),
		cmocka_unit_test(test_round_trips),
		cmocka_unit_test(test_reads_kinds_and_labels),
		cmocka_unit_test(test_equal_lines_are_read_as_one),
		cmocka_unit_test(test_refuses_bad_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
