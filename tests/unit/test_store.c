// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/store.h"

#include "formats/store_read.h"
#include "tests/unit/formats_support.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void test_round_trip(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state));

	store_fixture_append(store, 0, 1);
	store_fixture_assert_windows(*state, 0, 1);
	store_fixture_append(store, 1, 5);
	store_fixture_assert_windows(*state, 0, 5); /* while it is being written */
	assert_int_equal(store_fixture_count(*state, ".windows", NULL), 1);
	assert_int_equal(store_finish(store, NULL), 0);
	assert_int_equal(store_fixture_count(*state, ".windows", NULL), 0);
	store_fixture_assert_windows(*state, 0, 5);
	store_fixture_append(store, 5, 7); /* in a segment of their own */
	assert_int_equal(store_fixture_count(*state, ".folded.zst", NULL), 2);
	store_free(store);
	store_fixture_assert_windows(*state, 0, 7);
}

static void test_description(void **state)
{
	struct profile *profile;

	store_fixture_write(*state, 0, 3);
	profile = store_fixture_read(*state, NULL);
	assert_string_equal(profile_text(profile, profile->host), "testhost");
	assert_string_equal(profile->ledger.event, "cpu-clock");
	assert_int_equal(profile->ledger.frequency_hz, 20);
	assert_int_equal(profile->time_ns, FIXTURE_BEGIN_S * 1000000000);
	assert_int_equal(profile->period, 50000000);
	assert_int_equal(profile->comments.len, 1);
	assert_string_equal(profile_text(profile, profile->comments.items[0]),
			    "store: 3 windows from 2023-11-14T22:13:20Z to 2023-11-14T22:16:20Z");
	profile_free(profile);
}

static void assert_selected(const char *directory, struct label_term term, int64_t samples)
{
	struct label_filter filter = {.terms = {term}, .len = 1};
	struct profile *profile = store_fixture_read(directory, &filter);

	if (profile_total(profile, 0) != samples)
		fail_msg("%s %s: %lld samples", term.key, term.text,
			 (long long)profile_total(profile, 0));
	profile_free(profile);
}

static void test_labels(void **state)
{
	static const struct {
		struct label_term term;
		int64_t samples;
	} cases[] = {
		{{"comm", "app", LABEL_MATCH_PATTERN, 0}, 8},
		{{"comm", "?b", LABEL_MATCH_PATTERN, 0}, 4},
		{{"comm", "b", LABEL_MATCH_PATTERN, 0}, 0},
		{{"pid", "8", LABEL_MATCH_NUMBER, 8}, 4},
		{{"container_id", "c0ff", LABEL_MATCH_START, 0}, 4},
		{{"container_id", "0ff", LABEL_MATCH_START, 0}, 0},
		{{"cgroup", "/system.slice", LABEL_MATCH_BELOW, 0}, 4},
		{{"cgroup", "/system.slice/app.service/", LABEL_MATCH_BELOW, 0}, 4},
		{{"cgroup", "/system.slice/app", LABEL_MATCH_BELOW, 0}, 0},
		{{"cgroup", "app.*", LABEL_MATCH_COMPONENT, 0}, 4},
		{{"cgroup", "app", LABEL_MATCH_COMPONENT, 0}, 0},
	};

	store_fixture_write(*state, 0, 4);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_selected(*state, cases[i].term, cases[i].samples);
}

static void test_several_terms(void **state)
{
	struct label_filter filter = {.terms = {{"pid", "7", LABEL_MATCH_NUMBER, 7},
						{"pid", "9", LABEL_MATCH_NUMBER, 9},
						{"comm", "app", LABEL_MATCH_PATTERN, 0}},
				      .len = 2};
	struct profile *profile;

	store_fixture_write(*state, 0, 4);
	profile = store_fixture_read(*state, &filter);
	assert_int_equal(profile_total(profile, 0), 8);
	profile_free(profile);
	filter.len = 3;
	profile = store_fixture_read(*state, &filter);
	assert_int_equal(profile_total(profile, 0), 4);
	profile_free(profile);
}

static int64_t samples_between(const char *directory, uint64_t from_ns, uint64_t to_ns)
{
	struct store_query query = {.from_ns = from_ns, .to_ns = to_ns};
	struct profile *profile = NULL;
	int64_t samples;
	int r = store_read(directory, &query, &profile, NULL);

	if (r < 0)
		return r;
	samples = profile_total(profile, 0);
	profile_free(profile);
	return samples;
}

static void test_spans(void **state)
{
	uint64_t begin = FIXTURE_BEGIN_S * 1000000000, end = begin + 6 * FIXTURE_MINUTE;

	store_fixture_write(*state, 0, 2);
	store_fixture_write(*state, 2, 6);
	assert_int_equal(samples_between(*state, begin, end), 18);
	assert_int_equal(samples_between(*state, begin + 1, end), 18);
	assert_int_equal(samples_between(*state, begin + FIXTURE_MINUTE, end), 15);
	assert_int_equal(samples_between(*state, begin, begin + 1), 3);
	assert_int_equal(samples_between(*state, end - 1, UINT64_MAX), 3);
	assert_int_equal(samples_between(*state, end, UINT64_MAX), -ENODATA);
	assert_int_equal(samples_between(*state, 0, begin), -ENODATA);
}

static void test_rates_differ(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state));
	static const uint64_t sample_ns[] = {50000000, 200000000};
	struct profile *profile;

	for (uint32_t i = 0; i < 2; i++) {
		struct store_window window = store_fixture_window(i);

		window.sample_ns = sample_ns[i];
		profile = store_fixture_profile(i, 10);
		assert_int_equal(store_append(store, profile, &window, NULL), 0);
		profile_free(profile);
	}
	store_free(store);
	profile = store_fixture_read(*state, NULL);
	assert_int_equal(profile_total(profile, 0), 60);
	assert_int_equal(profile_total(profile, 1), 30 * INT64_C(250000000));
	assert_int_equal(profile->period, 125000000);
	profile_free(profile);
}

/* An idle host's windows have no text, and a segment of them no frame. */
static void test_windows_without_samples(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state));
	struct profile *profile;

	for (uint32_t i = 0; i < 3; i++) {
		struct store_window window = store_fixture_window(i);

		profile = store_fixture_profile(i, 0);
		assert_int_equal(store_append(store, profile, &window, NULL), 0);
		profile_free(profile);
		assert_int_equal(store_finish(store, NULL), 0);
	}
	store_fixture_append(store, 3, 4);
	store_free(store);
	profile = store_fixture_read(*state, NULL);
	assert_int_equal(profile_total(profile, 0), 3);
	assert_int_equal(profile->duration_ns, 4 * FIXTURE_MINUTE);
	profile_free(profile);
}

static void test_no_store(void **state)
{
	struct store_query query = {.to_ns = UINT64_MAX};
	struct profile *profile = NULL;
	struct err err;

	assert_int_equal(store_read(*state, &query, &profile, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no store"));
	assert_int_equal(store_read("/nonexistent/store", &query, &profile, &err), -ENOENT);
	store_free(store_fixture_open(STORE_OPTIONS(*state)));
	assert_int_equal(store_read(*state, &query, &profile, &err), -ENODATA);
	assert_non_null(strstr(err.text, "no windows yet"));
}

static void test_one_writer(void **state)
{
	struct store *first = store_fixture_open(STORE_OPTIONS(*state)), *second = NULL;
	struct err err;
	char pid[32];

	assert_int_equal(store_open(STORE_OPTIONS(*state), &second, &err), -EBUSY);
	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	assert_non_null(strstr(err.text, pid));
	store_fixture_append(first, 0, 2);
	store_free(first);
	second = store_fixture_open(STORE_OPTIONS(*state));
	store_fixture_append(second, 2, 3);
	store_free(second);
	store_fixture_assert_windows(*state, 0, 3);
}

/* What a writer leaves when it is killed is a segment without end; the next one ends it. */
static void test_next_writer_seals(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state));
	struct store_stats stats;

	store_fixture_append(store, 0, 3);
	store_free(store);
	assert_int_equal(store_fixture_count(*state, ".windows", NULL), 1);
	store = store_fixture_open(STORE_OPTIONS(*state));
	store_stats(store, &stats);
	assert_int_equal(stats.segments_sealed, 1);
	assert_int_equal(store_fixture_count(*state, ".windows", NULL), 0);
	store_fixture_append(store, 3, 4);
	store_free(store);
	store_fixture_assert_windows(*state, 0, 4);
}

static void test_segments_are_cut(void **state)
{
	struct store *store =
		store_fixture_open(STORE_OPTIONS(*state, .segment_ns = 2 * FIXTURE_MINUTE));

	store_fixture_append(store, 0, 7);
	store_free(store);
	assert_int_equal(store_fixture_count(*state, ".folded.zst", NULL), 4);
	store_fixture_assert_windows(*state, 0, 7);
}

static void test_retention_by_age(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(
		*state, .segment_ns = 2 * FIXTURE_MINUTE, .retain_ns = 5 * FIXTURE_MINUTE));
	struct store_stats stats;

	store_fixture_append(store, 0, 20);
	store_stats(store, &stats);
	assert_int_equal(stats.segments_removed, 7); /* the eighth's end is five minutes ago */
	store_free(store);
	store_fixture_assert_windows(*state, 14, 6);
}

static uint64_t bytes_in(const char *directory)
{
	static const char *const endings[] = {".folded.zst", ".windows"};
	uint64_t sum = 0;

	for (size_t i = 0; i < ARRAY_SIZE(endings); i++) {
		char name[256];

		while (store_fixture_count(directory, endings[i], name)) {
			const char *path = store_fixture_path(directory, name);

			sum += (uint64_t)store_fixture_len(path);
			assert_int_equal(unlink(path), 0);
		}
	}
	return sum;
}

static void test_retention_by_bytes(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state, .bytes_max = 40000));
	struct store_stats stats;
	struct profile *profile;
	int64_t windows;

	store_fixture_append(store, 0, 200);
	store_stats(store, &stats);
	assert_true(stats.segments_removed > 0);
	assert_int_equal(stats.windows, 200);
	store_free(store);
	profile = store_fixture_read(*state, NULL);
	windows = profile_total(profile, 0) / 3;
	profile_free(profile);
	store_fixture_assert_windows(*state, 200 - (uint32_t)windows, (uint32_t)windows);
	assert_true(windows > 20);
	assert_in_range(bytes_in(*state), 20000, 40000);
}

static bool has_comment(const struct profile *profile, const char *text)
{
	vec_for_each(&profile->comments, comment)
		if (strcmp(profile_text(profile, *comment), text) == 0)
			return true;
	return false;
}

static void append_at(struct store *store, uint32_t i, struct store_window window)
{
	struct profile *profile = store_fixture_profile(i, 1);

	assert_int_equal(store_append(store, profile, &window, NULL), 0);
	profile_free(profile);
}

/* The clock is set back by an hour in window 1; the host sleeps for ten seconds behind it. */
static void test_clocks(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state));
	uint64_t hour = 60 * FIXTURE_MINUTE, nap = FIXTURE_MINUTE / 6;
	struct store_window window = store_fixture_window(1);
	struct profile *profile;

	append_at(store, 0, store_fixture_window(0));
	window.end.realtime_ns -= hour;
	append_at(store, 1, window);
	window = store_fixture_window(2);
	window.begin.realtime_ns += nap - hour;
	window.end.realtime_ns += nap - hour;
	window.begin.boottime_ns += nap;
	window.end.boottime_ns += nap;
	append_at(store, 2, window);
	store_free(store);
	profile = store_fixture_read(*state, NULL);
	assert_int_equal(profile_total(profile, 0), 9);
	assert_true(has_comment(profile, "store: the clock was set by -3600.000 s before "
					 "2023-11-14T21:15:20Z"));
	assert_true(has_comment(profile, "store: the host was suspended for 10.0 s"));
	assert_true(has_comment(profile, "store: 10.0 s between them are in no window"));
	assert_int_equal(profile->comments.len, 4);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_round_trip),
		STORE_TEST(test_description),
		STORE_TEST(test_labels),
		STORE_TEST(test_several_terms),
		STORE_TEST(test_spans),
		STORE_TEST(test_rates_differ),
		STORE_TEST(test_windows_without_samples),
		STORE_TEST(test_no_store),
		STORE_TEST(test_one_writer),
		STORE_TEST(test_next_writer_seals),
		STORE_TEST(test_segments_are_cut),
		STORE_TEST(test_retention_by_age),
		STORE_TEST(test_retention_by_bytes),
		STORE_TEST(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
