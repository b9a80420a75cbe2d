// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/unit/store_fixture.h"

#include "base/fs.h"
#include "tests/unit/formats_support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

int store_fixture_setup(void **state)
{
	/* Memory: thousands of small files are made. */
	char *directory = strdup(access("/dev/shm", W_OK) == 0 ? "/dev/shm/test_store.XXXXXX" :
								 "/tmp/test_store.XXXXXX");

	*state = directory;
	return directory && mkdtemp(directory) ? 0 : -1;
}

static void remove_tree(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char child[512];

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		if (unlink(child) < 0)
			remove_tree(child);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

int store_fixture_teardown(void **state)
{
	remove_tree(*state);
	free(*state);
	return 0;
}

const char *store_fixture_path(const char *directory, const char *name)
{
	static char paths[4][512];
	static unsigned int next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static uint32_t labels_of(struct profile *profile, const char *comm, int64_t pid,
			  const char *container)
{
	struct profile_label labels[] = {
		{.key = profile_string(profile, "comm"), .str = profile_string(profile, comm)},
		{.key = profile_string(profile, "pid"),
		 .num = pid,
		 .unit = profile_string(profile, "id")},
		{.key = profile_string(profile, "container_id"),
		 .str = profile_string(profile, container)},
		{.key = profile_string(profile, "cgroup"),
		 .str = profile_string(profile, "/system.slice/app.service")},
	};

	if (container[0])
		return profile_label_set(profile, labels, 4);
	return profile_label_set(profile, labels, 2);
}

static void describe(struct profile *profile, int64_t samples)
{
	struct ledger *ledger = &profile->ledger;

	profile->period = 50000000;
	profile->host = profile_string(profile, "testhost");
	profile->duration_ns = (int64_t)FIXTURE_MINUTE;
	snprintf(ledger->event, sizeof(ledger->event), "cpu-clock");
	ledger->frequency_hz = 20;
	ledger->cpus = 2;
	ledger->duration_ns = FIXTURE_MINUTE;
	ledger->samples.recorded = ledger->samples.expected = (uint64_t)samples;
}

struct profile *store_fixture_profile(uint32_t window, int64_t count)
{
	static const struct {
		const char *comm, *container;
		int64_t pid;
	} processes[] = {{"app", "", 7}, {"app", "c0ffee123456", 8}, {"db", "", 9}};
	int64_t values[2] = {count, count * 50000000};
	struct profile *profile;
	char name[32];
	uint32_t stack;

	assert_int_equal(profile_new(&profile), 0);
	snprintf(name, sizeof(name), "window_%" PRIu32, window);
	stack = profile_stack(profile, 0, support_frame(profile, FRAME_USER, "", "main"));
	stack = profile_stack(profile, stack, support_frame(profile, FRAME_USER, "", name));
	for (size_t i = 0; i < ARRAY_SIZE(processes); i++) {
		uint32_t labels = labels_of(profile, processes[i].comm, processes[i].pid,
					    processes[i].container);

		assert_int_not_equal(profile_sample(profile, stack, labels, values), PROFILE_NONE);
	}
	describe(profile, 3 * count);
	return profile;
}

struct store_window store_fixture_window(uint32_t i)
{
	uint64_t begin_ns = FIXTURE_BEGIN_S * 1000000000 + i * FIXTURE_MINUTE;
	uint64_t since_boot_ns = 1000000000 + i * FIXTURE_MINUTE;

	return (struct store_window){
		.begin = {begin_ns, since_boot_ns, since_boot_ns},
		.end = {begin_ns + FIXTURE_MINUTE, since_boot_ns + FIXTURE_MINUTE,
			since_boot_ns + FIXTURE_MINUTE},
	};
}

struct store *store_fixture_open(const struct store_options *options)
{
	struct store *store = NULL;
	struct err err = {""};

	if (store_open(options, &store, &err) < 0)
		fail_msg("%s", err.text);
	return store;
}

void store_fixture_append(struct store *store, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++) {
		struct profile *profile = store_fixture_profile(i, 1);
		struct store_window window = store_fixture_window(i);
		struct err err = {""};

		if (store_append(store, profile, &window, &err) < 0)
			fail_msg("%s", err.text);
		profile_free(profile);
	}
}

void store_fixture_write(const char *path, uint32_t from, uint32_t to)
{
	struct store *store = store_fixture_open(STORE_OPTIONS(path, .no_sync = true));
	struct err err = {""};

	store_fixture_append(store, from, to);
	if (store_finish(store, &err) < 0)
		fail_msg("%s", err.text);
	store_free(store);
}

off_t store_fixture_len(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

struct profile *store_fixture_read(const char *path, const struct label_filter *filter)
{
	struct store_query query = {.to_ns = UINT64_MAX, .filter = filter};
	struct profile *profile = NULL;
	struct err err = {""};
	int r = store_read(path, &query, &profile, &err);

	if (r == -ENODATA)
		return NULL;
	if (r < 0 || profile_check(profile, &err) < 0)
		fail_msg("%s", err.text);
	return profile;
}

static bool has_window(const struct profile *profile, uint32_t window)
{
	char name[32];

	snprintf(name, sizeof(name), "window_%" PRIu32, window);
	return strtab_find(&profile->strings, name, strlen(name)) != STRTAB_NONE;
}

void store_fixture_assert_windows(const char *path, uint32_t first, uint32_t count)
{
	struct profile *profile = store_fixture_read(path, NULL);

	if (!profile) {
		assert_int_equal(count, 0);
		return;
	}
	assert_int_equal(profile_total(profile, 0), 3 * count);
	assert_int_equal(profile_total(profile, 1), 3 * count * INT64_C(50000000));
	assert_int_equal(profile->ledger.samples.recorded, 3 * count);
	assert_int_equal(profile->duration_ns, count * FIXTURE_MINUTE);
	for (uint32_t i = first; i < first + count; i++)
		assert_true(has_window(profile, i));
	profile_free(profile);
}

size_t store_fixture_count(const char *path, const char *ending, char last[256])
{
	DIR *dir = opendir(path);
	const struct dirent *entry;
	char name[256] = "";
	size_t count = 0;

	while (dir && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name), end = strlen(ending);

		if (len < end || strcmp(entry->d_name + len - end, ending) != 0)
			continue;
		count++;
		if (strcmp(entry->d_name, name) > 0)
			snprintf(name, sizeof(name), "%s", entry->d_name);
	}
	closedir(dir);
	if (last)
		strcpy(last, name);
	return count;
}

void store_fixture_copy(const char *from, const char *to)
{
	struct buf buf = {0};
	int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_read_file(from, 1 << 30, &buf), 0);
	assert_int_equal(fs_write_all(fd, buf.data, buf.len), 0);
	close(fd);
	buf_free(&buf);
}
