// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What a store survives: cuts, flipped bits, a full disk. */
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

/* A writer that was stopped between its last two steps leaves a table that is of no use any more. */
static void test_sealed_twice(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state));
	char name[256], copy[512];

	store_fixture_append(store, 0, 3);
	store_free(store);
	store_fixture_count(*state, ".windows", name);
	snprintf(copy, sizeof(copy), "%s/%s", (char *)*state, name);
	store_fixture_copy(copy, store_fixture_path(*state, "kept"));
	store_free(store_fixture_open(STORE_OPTIONS(*state)));
	store_fixture_copy(store_fixture_path(*state, "kept"), copy);
	store_fixture_assert_windows(*state, 0, 3);
	store_fixture_write(*state, 3, 4);
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

static void make_unfinished(const char *directory, struct unfinished *unfinished)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(directory, .no_sync = true));
	char name[256];

	unfinished->directory = directory;
	for (uint32_t i = 0; i < 3; i++) {
		store_fixture_append(store, i, i + 1);
		store_fixture_count(directory, ".folded.zst", name);
		snprintf(unfinished->data, sizeof(unfinished->data), "%s/%s", directory, name);
		store_fixture_count(directory, ".windows", name);
		snprintf(unfinished->table, sizeof(unfinished->table), "%s/%s", directory, name);
		unfinished->data_ends[i] = store_fixture_len(unfinished->data);
		unfinished->table_ends[i] = store_fixture_len(unfinished->table);
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
	store_fixture_write(directory, 3, 4);
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
	store_free(store_fixture_open(STORE_OPTIONS(*state)));
	for (len = store_fixture_len(unfinished.data); len-- > 0;) {
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
	store_free(store_fixture_open(STORE_OPTIONS(*state)));
	len = store_fixture_len(unfinished.data);
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
	static const char damaged[] = "0123456789abcdef {\"segment\":1}\nwords\n";
	const char *index = store_fixture_path(*state, "index");
	struct buf before = {0}, after = {0};
	int fd;

	store_fixture_write(*state, 0, 2);
	store_fixture_write(*state, 2, 4);
	assert_int_equal(fs_read_file(index, 1 << 20, &before), 0);
	assert_true(before.len > 0);
	assert_int_equal(unlink(index), 0);
	store_fixture_assert_windows(*state, 0, 4);
	store_free(store_fixture_open(STORE_OPTIONS(*state)));
	assert_int_equal(fs_read_file(index, 1 << 20, &after), 0);
	support_assert_same(&before, &after);
	fd = open(index, O_WRONLY | O_TRUNC | O_CLOEXEC);
	assert_int_equal(fs_write_all(fd, damaged, sizeof(damaged) - 1), 0);
	close(fd);
	store_fixture_assert_windows(*state, 0, 4);
	buf_free(&before);
	buf_free(&after);
}

/* A file that may not grow is a disk that is full: that window is lost, and later ones are not. */
static void test_no_space(void **state)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(*state));
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
	store_free(store_fixture_open(STORE_OPTIONS(*state)));
	store_fixture_assert_windows(*state, 0, 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STORE_TEST(test_sealed_twice),
		STORE_TEST(test_text_cut_at_every_byte),
		STORE_TEST(test_table_cut_at_every_byte),
		STORE_TEST(test_sealed_cut_at_every_byte),
		STORE_TEST(test_bytes_flipped),
		STORE_TEST(test_index_is_rebuilt),
		STORE_TEST(test_no_space),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
