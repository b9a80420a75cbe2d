// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/doctor/check.h"

#include "profiler/doctor/host.h"
#include "profiler/sandbox/worker.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void a_result_says_state_and_why(void **state)
{
	struct check_result result = {0};

	(void)state;
	check_works(&result, "%d of them", 2);
	assert_int_equal(result.state, CHECK_WORKS);
	assert_string_equal(result.detail, "2 of them");
	check_fallback(&result, "one at a time", "no %s", "batches");
	assert_int_equal(result.state, CHECK_FALLBACK);
	assert_string_equal(result.detail, "one at a time: no batches");
	check_note(&result, "so it is");
	assert_int_equal(result.state, CHECK_NOTE);
	check_missing(&result, "gone");
	assert_int_equal(result.state, CHECK_MISSING);
	assert_string_equal(result.detail, "gone");
	assert_string_equal(result.advice, "");
}

static void lack_of_privileges_comes_with_advice(void **state)
{
	struct check_result result = {0}, other = {0};

	(void)state;
	check_failed(&result, -EPERM, "cannot make a map");
	assert_int_equal(result.state, CHECK_MISSING);
	assert_string_equal(result.detail, "no permission");
	assert_string_equal(result.advice, check_privileges_advice);
	check_failed(&other, -ENOSYS, "cannot make a map");
	assert_string_equal(other.detail, "cannot make a map: Function not implemented");
	assert_string_equal(other.advice, "");
}

static void long_text_is_cut(void **state)
{
	struct check_result result = {0};

	(void)state;
	check_fallback(&result, "name", "%0600d", 1);
	assert_int_equal(strlen(result.detail), sizeof(result.detail) - 1);
	check_advise(&result, "%0600d", 1);
	assert_int_equal(strlen(result.advice), sizeof(result.advice) - 1);
	assert_true(strlen(check_privileges_advice) < sizeof(result.advice));
}

/* The table's columns, and the lines of its readers' scripts, depend on it. */
static void names_fit_their_column_and_differ(void **state)
{
	VEC(const char *) names = {0};

	(void)state;
	for (const struct check_group *group = check_groups; group->title; group++)
		for (const struct check *check = group->checks; check->name; check++) {
			assert_true(strlen(check->name) < 23);
			assert_non_null(check->run);
			vec_for_each(&names, name)
				assert_string_not_equal(*name, check->name);
			assert_int_equal(vec_push(&names, check->name), 0);
		}
	assert_true(names.len > 20);
	vec_free(&names);
}

/* Whoever runs this, and wherever: each check answers, and what is missing says why. */
static void every_check_answers(void **state)
{
	struct host host;

	(void)state;
	host_open(&host);
	assert_true((host.sampler != NULL) == (host.sampler_errno == 0));
	for (const struct check_group *group = check_groups; group->title; group++)
		for (const struct check *check = group->checks; check->name; check++) {
			struct check_result result = {0};

			check->run(&host, &result);
			if (result.state != CHECK_OMITTED)
				assert_true(strlen(result.detail) > 0);
			assert_null(strchr(result.detail, '\n'));
		}
	host_close(&host);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_result_says_state_and_why),
		cmocka_unit_test(lack_of_privileges_comes_with_advice),
		cmocka_unit_test(long_text_is_cut),
		cmocka_unit_test(names_fit_their_column_and_differ),
		cmocka_unit_test(every_check_answers),
	};

	if (worker_is_wanted(argc, argv)) /* one of the checks asks for one */
		worker_main();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
