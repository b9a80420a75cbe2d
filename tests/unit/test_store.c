// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/store.h"

#include "base/fs.h"
#include "formats/store_read.h"
#include "tests/unit/formats_support.h"
#include "tests/unit/store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cmocka.h>

#define OPTIONS(directory, ...) (&(struct store_options){.path = (directory), ##__VA_ARGS__})

static void write_windows(const char *directory, uint32_t from, uint32_t to)
{
	struct store *store = store_fixture_open(OPTIONS(directory, .no_sync = true));
	struct err err = {""};

	store_fixture_append(store, from, to);
	if (store_finish(store, &err) < 0)
		fail_msg("%s", err.text);
	store_free(store);
}

static void test_round_trip(void **state)
{
	struct store *store = store_fixture_open(OPTIONS(*state));

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

	write_windows(*state, 0, 3);
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

	write_windows(*state, 0, 4);
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

	write_windows(*state, 0, 4);
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

	write_windows(*state, 0, 2);
	write_windows(*state, 2, 6);
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
	struct store *store = store_fixture_open(OPTIONS(*state));
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
	struct store *store = store_fixture_open(OPTIONS(*state));
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
	store_free(store_fixture_open(OPTIONS(*state)));
	assert_int_equal(store_read(*state, &query, &profile, &err), -ENODATA);
	assert_non_null(strstr(err.text, "no windows yet"));
}

static void test_one_writer(void **state)
{
	struct store *first = store_fixture_open(OPTIONS(*state)), *second = NULL;
	struct err err;
	char pid[32];

	assert_int_equal(store_open(OPTIONS(*state), &second, &err), -EBUSY);
	snprintf(pid, sizeof(pid), "(pid %d)", (int)getpid());
	assert_non_null(strstr(err.text, pid));
	store_fixture_append(first, 0, 2);
	store_free(first);
	second = store_fixture_open(OPTIONS(*state));
	store_fixture_append(second, 2, 3);
	store_free(second);
	store_fixture_assert_windows(*state, 0, 3);
}

/* What a writer leaves when it is killed is a segment without end; the next one ends it. */
static void test_next_writer_seals(void **state)
{
	struct store *store = store_fixture_open(OPTIONS(*state));
	struct store_stats stats;

	store_fixture_append(store, 0, 3);
	store_free(store);
	assert_int_equal(store_fixture_count(*state, ".windows", NULL), 1);
	store = store_fixture_open(OPTIONS(*state));
	store_stats(store, &stats);
	assert_int_equal(stats.segments_sealed, 1);
	assert_int_equal(store_fixture_count(*state, ".windows", NULL), 0);
	store_fixture_append(store, 3, 4);
	store_free(store);
	store_fixture_assert_windows(*state, 0, 4);
}

/* A writer that was stopped between its last two steps leaves a table that is of no use any more. */
static void test_sealed_twice(void **state)
{
	struct store *store = store_fixture_open(OPTIONS(*state));
	char name[256], copy[512];

	store_fixture_append(store, 0, 3);
	store_free(store);
	store_fixture_count(*state, ".windows", name);
	snprintf(copy, sizeof(copy), "%s/%s", (char *)*state, name);
	store_fixture_copy(copy, store_fixture_path(*state, "kept"));
	store_free(store_fixture_open(OPTIONS(*state)));
	store_fixture_copy(store_fixture_path(*state, "kept"), copy);
	store_fixture_assert_windows(*state, 0, 3);
	write_windows(*state, 3, 4);
	store_fixture_assert_windows(*state, 0, 4);
	assert_int_equal(store_fixture_count(*state, ".torn", NULL), 0);
	assert_int_equal(store_fixture_count(*state, ".windows", NULL), 0);
}

static void truncate_to(const char *path, off_t len)
{
	assert_int_equal(truncate(path, len), 0);
}

/* A store whose one segment is being written: the two files, and their lengths after each window. */
struct unfinished {
	const char *directory;
	char data[512], table[512];
	off_t data_ends[3], table_ends[3];
};

static off_t length_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

static void make_unfinished(const char *directory, struct unfinished *unfinished)
{
	struct store *store = store_fixture_open(OPTIONS(directory, .no_sync = true));
	char name[256];

	unfinished->directory = directory;
	for (uint32_t i = 0; i < 3; i++) {
		store_fixture_append(store, i, i + 1);
		store_fixture_count(directory, ".folded.zst", name);
		snprintf(unfinished->data, sizeof(unfinished->data), "%s/%s", directory, name);
		store_fixture_count(directory, ".windows", name);
		snprintf(unfinished->table, sizeof(unfinished->table), "%s/%s", directory, name);
		unfinished->data_ends[i] = length_of(unfinished->data);
		unfinished->table_ends[i] = length_of(unfinished->table);
	}
	store_free(store);
}

/* Of windows whose both files have these lengths. */
static uint32_t finished(const struct unfinished *unfinished, off_t data_len, off_t table_len)
{
	uint32_t count = 0;

	while (count < 3 && table_len >= unfinished->table_ends[count] &&
	       data_len >= unfinished->data_ends[count])
		count++;
	return count;
}

/* Cut there, it reads back; then a writer goes on, and it still does. */
static void check_cut(const struct unfinished *from, const char *directory, off_t data_len,
		      off_t table_len)
{
	uint32_t count = finished(from, data_len, table_len);
	char data[512], table[512];

	assert_int_equal(mkdir(directory, 0755), 0);
	snprintf(data, sizeof(data), "%s%s", directory, strrchr(from->data, '/'));
	snprintf(table, sizeof(table), "%s%s", directory, strrchr(from->table, '/'));
	store_fixture_copy(from->data, data);
	store_fixture_copy(from->table, table);
	truncate_to(data, data_len);
	truncate_to(table, table_len);
	if (data_len >= from->data_ends[0] && count)
		store_fixture_assert_windows(directory, 0, count);
	write_windows(directory, 3, 4);
	if (count) {
		struct profile *profile = store_fixture_read(directory, NULL);

		assert_int_equal(profile_total(profile, 0), 3 * (count + 1));
		profile_free(profile);
	} else {
		store_fixture_assert_windows(directory, 3, 1);
	}
	assert_int_equal(store_fixture_count(directory, ".windows", NULL), 0);
}

/* A kill while the text is written: the table is that of the windows before. */
static void test_text_cut_at_every_byte(void **state)
{
	struct unfinished unfinished;
	char directory[64];

	make_unfinished(*state, &unfinished);
	for (uint32_t window = 0; window < 3; window++) {
		off_t table_len = window ? unfinished.table_ends[window - 1] : 0;
		off_t begin = window ? unfinished.data_ends[window - 1] : 0;

		for (off_t len = begin; len <= unfinished.data_ends[window]; len++) {
			snprintf(directory, sizeof(directory), "%s/%u-%ld", (char *)*state, window,
				 (long)len);
			check_cut(&unfinished, directory, len, table_len);
		}
	}
}

/* A kill while the table is: the text of its window is whole. */
static void test_table_cut_at_every_byte(void **state)
{
	struct unfinished unfinished;
	char directory[64];

	make_unfinished(*state, &unfinished);
	for (uint32_t window = 0; window < 2; window++) {
		off_t begin = window ? unfinished.table_ends[window - 1] : 0;

		for (off_t len = begin; len <= unfinished.table_ends[window]; len++) {
			snprintf(directory, sizeof(directory), "%s/%u-%ld", (char *)*state, window,
				 (long)len);
			check_cut(&unfinished, directory, unfinished.data_ends[window], len);
		}
	}
}

/* The file of an ended segment loses its end: the windows before the cut are there. */
static void test_sealed_cut_at_every_byte(void **state)
{
	struct unfinished unfinished;
	uint32_t before = 0;
	off_t len;

	make_unfinished(*state, &unfinished);
	store_free(store_fixture_open(OPTIONS(*state)));
	for (len = length_of(unfinished.data); len-- > 0;) {
		struct store_query query = {.to_ns = UINT64_MAX};
		struct profile *profile = NULL;
		uint32_t count = 0;

		truncate_to(unfinished.data, len);
		if (store_read(*state, &query, &profile, NULL) == 0) {
			count = (uint32_t)profile_total(profile, 0) / 3;
			profile_free(profile);
			store_fixture_assert_windows(*state, 0, count);
		}
		assert_true(before == 0 || count <= before);
		assert_true(before == 0 || count + 1 >= before);
		before = count;
		if (count == 0)
			break;
	}
	assert_true(len > 0);
}

static void test_bytes_flipped(void **state)
{
	struct unfinished unfinished;
	off_t len;
	int fd;

	make_unfinished(*state, &unfinished);
	store_free(store_fixture_open(OPTIONS(*state)));
	len = length_of(unfinished.data);
	fd = open(unfinished.data, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	for (off_t at = 0; at < len; at++) {
		struct store_query query = {.to_ns = UINT64_MAX};
		struct profile *profile = NULL;
		unsigned char byte, flipped;

		assert_int_equal(pread(fd, &byte, 1, at), 1);
		flipped = byte ^ 0x55;
		assert_int_equal(pwrite(fd, &flipped, 1, at), 1);
		if (store_read(*state, &query, &profile, NULL) == 0) {
			int64_t count = profile_total(profile, 0) / 3;

			profile_free(profile);
			store_fixture_assert_windows(*state, 0, (uint32_t)count);
		}
		assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	}
	close(fd);
	store_fixture_assert_windows(*state, 0, 3);
}

static void test_index_is_rebuilt(void **state)
{
	const char *index = store_fixture_path(*state, "index");
	struct buf before = {0}, after = {0};
	int fd;

	write_windows(*state, 0, 2);
	write_windows(*state, 2, 4);
	assert_int_equal(fs_read_file(index, 1 << 20, &before), 0);
	assert_true(before.len > 0);
	assert_int_equal(unlink(index), 0);
	store_fixture_assert_windows(*state, 0, 4);
	store_free(store_fixture_open(OPTIONS(*state)));
	assert_int_equal(fs_read_file(index, 1 << 20, &after), 0);
	support_assert_same(&before, &after);
	fd = open(index, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(fs_write_all(fd, "0123456789abcdef {\"segment\":1}\nwords\n", 40), 0);
	close(fd);
	store_fixture_assert_windows(*state, 0, 4);
	buf_free(&before);
	buf_free(&after);
}

static void test_segments_are_cut(void **state)
{
	struct store *store = store_fixture_open(OPTIONS(*state, .segment_ns = 2 * FIXTURE_MINUTE));

	store_fixture_append(store, 0, 7);
	store_free(store);
	assert_int_equal(store_fixture_count(*state, ".folded.zst", NULL), 4);
	store_fixture_assert_windows(*state, 0, 7);
}

static void test_retention_by_age(void **state)
{
	struct store *store = store_fixture_open(
		OPTIONS(*state, .segment_ns = 2 * FIXTURE_MINUTE, .retain_ns = 5 * FIXTURE_MINUTE));
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

			sum += (uint64_t)length_of(path);
			assert_int_equal(unlink(path), 0);
		}
	}
	return sum;
}

static void test_retention_by_bytes(void **state)
{
	struct store *store = store_fixture_open(OPTIONS(*state, .bytes_max = 40000));
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

/* A file that may not grow is a disk that is full: that window is lost, and later ones are not. */
static void test_no_space(void **state)
{
	struct store *store = store_fixture_open(OPTIONS(*state));
	struct rlimit old, limit;
	struct store_window window = store_fixture_window(2);
	struct profile *profile = store_fixture_profile(2, 1);
	struct store_stats stats;
	struct err err = {""};

	store_fixture_append(store, 0, 2);
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	for (rlim_t len = 0; len < 4000; len += 100) {
		limit = (struct rlimit){.rlim_cur = len, .rlim_max = old.rlim_max};
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
		if (store_append(store, profile, &window, &err) == 0)
			break;
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_non_null(strstr(err.text, "File too large"));
		store_fixture_assert_windows(*state, 0, 2);
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	store_stats(store, &stats);
	assert_true(stats.windows_lost > 2);
	store_fixture_append(store, 3, 5);
	profile_free(profile);
	store_free(store);
	store_free(store_fixture_open(OPTIONS(*state)));
	store_fixture_assert_windows(*state, 0, 5);
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
	struct store *store = store_fixture_open(OPTIONS(*state));
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

#define STORE_TEST(test)                                                                           \
	cmocka_unit_test_setup_teardown(test, store_fixture_setup, store_fixture_teardown)

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
		STORE_TEST(test_sealed_twice),
		STORE_TEST(test_text_cut_at_every_byte),
		STORE_TEST(test_table_cut_at_every_byte),
		STORE_TEST(test_sealed_cut_at_every_byte),
		STORE_TEST(test_bytes_flipped),
		STORE_TEST(test_index_is_rebuilt),
		STORE_TEST(test_segments_are_cut),
		STORE_TEST(test_retention_by_age),
		STORE_TEST(test_retention_by_bytes),
		STORE_TEST(test_no_space),
		STORE_TEST(test_clocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
