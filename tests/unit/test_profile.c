// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/profile.h"

#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct profile *new_profile(void)
{
	struct profile *profile = NULL;

	assert_int_equal(profile_new(&profile), 0);
	return profile;
}

static void test_new_is_an_empty_cpu_profile(void **state)
{
	struct profile *profile = new_profile();

	(void)state;
	assert_int_equal(profile_check(profile, NULL), 0);
	assert_int_equal(profile_value_type_find(profile, "samples", "count"), 0);
	assert_int_equal(profile_value_type_find(profile, "cpu", "nanoseconds"), 1);
	assert_int_equal(profile_value_type_find(profile, "cpu", "count"), PROFILE_NONE);
	assert_int_equal(profile->default_value_type, 1);
	assert_int_equal(profile_count_type(profile), 0);
	assert_int_equal(profile_total(profile, 0), 0);
	profile_free(profile);
	assert_null(profile_free(NULL));
}

static void test_same_things_have_one_id(void **state)
{
	struct profile *profile = new_profile();
	uint32_t a = support_frame(profile, FRAME_USER, "/bin/a", "main");
	uint32_t b = support_frame(profile, FRAME_USER, "/bin/a", "other");

	(void)state;
	assert_int_equal(support_frame(profile, FRAME_USER, "/bin/a", "main"), a);
	assert_int_not_equal(a, b);
	assert_int_not_equal(support_frame(profile, FRAME_INLINE, "/bin/a", "main"), a);
	assert_int_equal(profile->mappings.len, 1);
	assert_int_equal(profile->functions.len, 2);
	assert_int_equal(profile_stack(profile, 0, a), 1);
	assert_int_equal(profile_stack(profile, 1, b), 2);
	assert_int_equal(profile_stack(profile, 0, b), 3);
	assert_int_equal(profile_stack(profile, 1, b), 2);
	profile_free(profile);
}

static void test_mapping_flags_are_joined(void **state)
{
	struct profile *profile = new_profile();
	struct profile_mapping mapping = {.name = profile_string(profile, "/bin/a"), .limit = 9};
	uint32_t id = profile_mapping(profile, &mapping);

	(void)state;
	mapping.has_filenames = true;
	assert_int_equal(profile_mapping(profile, &mapping), id);
	assert_true(profile->mappings.items[id].has_filenames);
	assert_false(profile->mappings.items[id].has_functions);
	profile_free(profile);
}

static void test_label_sets_have_no_order(void **state)
{
	struct profile *profile = new_profile();
	struct profile_label labels[3];
	uint32_t set;
	size_t len;

	(void)state;
	memset(labels, 0xa5, sizeof(labels)); /* padding must not matter */
	labels[0].key = profile_string(profile, "pid");
	labels[0].str = 0;
	labels[0].num = 7;
	labels[0].unit = profile_string(profile, "id");
	labels[1].key = profile_string(profile, "comm");
	labels[1].str = profile_string(profile, "server");
	labels[1].num = 99; /* counts for nothing beside a string */
	labels[1].unit = 0;
	set = profile_label_set(profile, labels, 2);
	assert_int_equal(set, 1);
	labels[2] = labels[0];
	labels[0] = labels[1];
	labels[1] = labels[2];
	labels[0].num = 0;
	assert_int_equal(profile_label_set(profile, labels, 3), set);
	assert_int_equal(profile_label_set(profile, labels, 0), 0);
	assert_int_equal(profile_label_set(profile, labels, 1), 2);
	profile_labels(profile, set, &len);
	assert_int_equal(len, 2);
	assert_int_equal(profile_label_find(profile, set, "pid")->num, 7);
	assert_null(profile_label_find(profile, set, "tid"));
	assert_null(profile_label_find(profile, 0, "pid"));
	assert_null(profile_label_find(profile, 2, "pid"));
	profile_free(profile);
}

static void test_samples_add_up(void **state)
{
	struct profile *profile = new_profile();
	uint32_t stack = profile_stack(profile, 0, support_frame(profile, FRAME_USER, "", "f"));
	uint32_t comm = support_comm(profile, "c");

	(void)state;
	assert_int_equal(profile_sample(profile, stack, 0, (int64_t[]){1, 10}), 0);
	assert_int_equal(profile_sample(profile, stack, comm, (int64_t[]){2, 20}), 1);
	assert_int_equal(profile_sample(profile, stack, 0, (int64_t[]){4, INT64_MAX - 10}), 0);
	assert_int_equal(profile_total(profile, 0), 7);
	assert_int_equal(profile_total(profile, 1), INT64_MAX);
	assert_int_equal(profile_sample(profile, stack, 0, (int64_t[]){1, 1}), PROFILE_NONE);
	assert_int_equal(profile->samples.items[0].values[0], 5);
	profile_free(profile);
}

static void test_stack_frames(void **state)
{
	struct profile *profile = support_profile(false);
	uint32_t frames[4], stack = 0;

	(void)state;
	for (uint32_t i = 0; i < profile->samples.len; i++)
		if (profile_stack_depth(profile, profile->samples.items[i].stack) == 4)
			stack = profile->samples.items[i].stack;
	profile_stack_frames(profile, stack, frames, 4);
	assert_int_equal(frames[3], profile->stacks.items[stack].frame);
	assert_int_equal(frames[0], support_frame(profile, FRAME_USER, "/usr/bin/server", "main"));
	assert_int_equal(profile_stack_depth(profile, 0), 0);
	profile_free(profile);
}

static void test_merge_sums(void **state)
{
	struct profile *a = support_profile(false), *b = support_profile(true),
		       *into = new_profile();
	size_t samples = a->samples.len;
	struct err err;

	(void)state;
	b->time_ns -= 1000;
	b->period = 20;
	b->host = profile_string(b, "host2");
	assert_int_equal(profile_merge(into, a, &err), 0);
	assert_int_equal(profile_total(into, 0), 60);
	assert_int_equal(into->time_ns, a->time_ns);
	assert_string_equal(profile_text(into, into->host), "host1");
	assert_int_equal(into->ledger.samples.recorded, 60);
	assert_int_equal(profile_merge(into, b, &err), 0);
	assert_int_equal(profile_check(into, &err), 0);
	assert_int_equal(into->samples.len, samples);
	assert_int_equal(profile_total(into, 0), 120);
	assert_int_equal(profile_total(into, 1), 1200);
	assert_int_equal(into->time_ns, b->time_ns);
	assert_int_equal(into->duration_ns, 10000000000);
	assert_int_equal(into->period, 20);
	assert_int_equal(into->host, 0);
	assert_string_equal(profile_text(into, into->command), "server --now");
	assert_int_equal(into->ledger.samples.recorded, 120);
	profile_free(a);
	profile_free(b);
	profile_free(into);
}

static void test_merge_without_ledger_has_none(void **state)
{
	struct profile *a = support_profile(false), *b = support_profile(true);

	(void)state;
	memset(&b->ledger, 0, sizeof(b->ledger));
	assert_int_equal(profile_merge(a, b, NULL), 0);
	assert_string_equal(a->ledger.event, "");
	profile_free(a);
	profile_free(b);
}

static void test_merge_refuses_other_types(void **state)
{
	struct profile *a = support_profile(false), *b = support_read_folded("c;f 1\n");
	struct profile *c = support_profile(false);
	struct err err;

	(void)state;
	assert_int_equal(profile_merge(a, b, &err), -EINVAL);
	assert_string_equal(err.text, "cannot merge profiles of different value types");
	c->period_type.unit = profile_string(c, "count");
	assert_int_equal(profile_merge(a, c, &err), -EINVAL);
	assert_string_equal(err.text, "cannot merge profiles of different period types");
	profile_free(a);
	profile_free(b);
	profile_free(c);
}

static void test_merge_refuses_too_much(void **state)
{
	struct profile *a = support_profile(false), *b = support_profile(true);
	struct err err;

	(void)state;
	b->samples.items[0].values[1] = INT64_MAX - 700;
	assert_int_equal(profile_merge(a, b, &err), -ERANGE);
	assert_string_equal(err.text, "the merged profiles' values add up to too much");
	profile_free(a);
	profile_free(b);
	a = support_profile(false);
	b = support_profile(true);
	b->duration_ns = INT64_MAX;
	assert_int_equal(profile_merge(a, b, &err), -ERANGE);
	assert_string_equal(err.text, "the merged profiles' durations add up to too much");
	profile_free(a);
	profile_free(b);
}

/* Each breaks one invariant of a sound profile. */
static void break_value_types(struct profile *p)
{
	p->value_types_len = 0;
}
static void break_default(struct profile *p)
{
	p->default_value_type = 2;
}
static void break_host(struct profile *p)
{
	p->host = 1u << 30;
}
static void break_mapping(struct profile *p)
{
	p->mappings.items[0].name = 1u << 30;
}
static void break_range(struct profile *p)
{
	p->mappings.items[0].start = UINT64_MAX;
}
static void break_function(struct profile *p)
{
	p->functions.items[0].file = 1u << 30;
}
static void break_frame_function(struct profile *p)
{
	p->frames.items[0].function = 1000;
}
static void break_frame_mapping(struct profile *p)
{
	p->frames.items[0].mapping = 1000;
}
static void break_frame_kind(struct profile *p)
{
	p->frames.items[0].kind = 9;
}
static void break_parent(struct profile *p)
{
	p->stacks.items[2].parent = 2;
}
static void break_stack_frame(struct profile *p)
{
	p->stacks.items[1].frame = 1000;
}
static void break_label_end(struct profile *p)
{
	p->label_set_ends.items[1] = 1000;
}
static void break_label(struct profile *p)
{
	p->labels.items[0].key = 1u << 30;
}
static void break_sample_stack(struct profile *p)
{
	p->samples.items[0].stack = 1000;
}
static void break_sample_labels(struct profile *p)
{
	p->samples.items[0].labels = 1000;
}
static void break_unique(struct profile *p)
{
	p->samples.items[1] = p->samples.items[0];
}

static void break_inlined(struct profile *p)
{
	for (size_t i = 0; i < p->frames.len; i++)
		if (p->frames.items[i].kind == FRAME_INLINE)
			p->frames.items[i].address++;
}

static void test_check_finds_what_is_broken(void **state)
{
	static const struct {
		void (*harm)(struct profile *profile);
		const char *message;
	} cases[] = {
		{break_value_types, "value types 0: bad count"},
		{break_default, "value type 2: not there"},
		{break_host, "description 0: no such string"},
		{break_mapping, "mapping 0: no such string"},
		{break_range, "mapping 0: starts behind its limit"},
		{break_function, "function 0: no such string"},
		{break_frame_function, "frame 0: no such function"},
		{break_frame_mapping, "frame 0: no such mapping"},
		{break_frame_kind, "frame 0: bad kind"},
		{break_parent, "stack 2: comes before its parent"},
		{break_stack_frame, "stack 1: no such frame"},
		{break_inlined, "inlined away from its caller"},
		{break_label_end, "label set 1: bad end"},
		{break_label, "label 0: no such string"},
		{break_sample_stack, "sample 0: no such stack"},
		{break_sample_labels, "sample 0: no such label set"},
		{break_unique, "sample 1: is there twice"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile *profile = support_profile(false);
		struct err err = {""};

		cases[i].harm(profile);
		assert_int_equal(profile_check(profile, &err), -EINVAL);
		if (!strstr(err.text, cases[i].message))
			fail_msg("'%s' does not say '%s'", err.text, cases[i].message);
		profile_free(profile);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_is_an_empty_cpu_profile),
		cmocka_unit_test(test_same_things_have_one_id),
		cmocka_unit_test(test_mapping_flags_are_joined),
		cmocka_unit_test(test_label_sets_have_no_order),
		cmocka_unit_test(test_samples_add_up),
		cmocka_unit_test(test_stack_frames),
		cmocka_unit_test(test_merge_sums),
		cmocka_unit_test(test_merge_without_ledger_has_none),
		cmocka_unit_test(test_merge_refuses_other_types),
		cmocka_unit_test(test_merge_refuses_too_much),
		cmocka_unit_test(test_check_finds_what_is_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
