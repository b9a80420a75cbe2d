// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The cache: what is written comes back; what is broken, cut or not ours alone is not believed. */
#include "base/fs.h"
#include "symbolize/index_file.h"
#include "symbolize/symbolizer.h"

#include "tests/unit/symbolize_fixture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include <cmocka.h>

struct place { /* a directory of one test's */
	char path[64];
	int fd;
};

static struct place place_make(void)
{
	struct place place = {.path = "/tmp/smolder-cache-XXXXXX"};

	assert_non_null(mkdtemp(place.path));
	place.fd = index_directory_open(place.path);
	assert_return_code(place.fd, 0);
	return place;
}

static void place_remove(struct place *place)
{
	DIR *stream = fdopendir(place->fd);
	const struct dirent *entry;

	rewinddir(stream);
	while ((entry = readdir(stream)))
		unlinkat(dirfd(stream), entry->d_name, 0);
	closedir(stream);
	rmdir(place->path);
}

#define _cleanup_place_ _cleanup_(place_remove)

/* How many files there are; the name of one. */
static size_t count_files(const struct place *place, char *name)
{
	DIR *stream = opendir(place->path);
	const struct dirent *entry;
	size_t count = 0;

	while ((entry = readdir(stream)))
		if (entry->d_type == DT_REG && ++count && name)
			strcpy(name, entry->d_name);
	closedir(stream);
	return count;
}

/* How many units the one file there lacks. */
static uint32_t units_missing(const struct place *place)
{
	char name[INDEX_FILE_NAME_LEN];
	struct index_file file;
	uint32_t missing;

	assert_int_equal(count_files(place, name), 1);
	assert_return_code(index_file_open(place->fd, name, &file), 0);
	assert_true(file.unit_cnt >= 2);
	missing = file.missing_cnt;
	index_file_close(&file);
	return missing;
}

static struct symbolizer *make(const struct place *place)
{
	struct symbolizer_options options = {.cache_directory = place->path};
	struct symbolizer *symbolizer = NULL;

	assert_return_code(symbolizer_new(&options, &symbolizer), 0);
	return symbolizer;
}

/* Writes what there is to say of the code of an object, or of its first bytes. */
static void tell(struct symbolizer *symbolizer, int object, uint64_t limit, struct buf *text)
{
	buf_clear(text);
	for (uint64_t offset = 0; offset < limit; offset += 7) {
		struct sym_result result;

		symbolizer_lookup(symbolizer, object, offset, &result);
		buf_appendf(text, "%lx %d %lx %d:", (unsigned long)offset, (int)result.reason,
			    (unsigned long)result.address, result.stack_base);
		for (size_t i = 0; i < result.frames_len; i++)
			buf_appendf(text, " %s %s:%u %u", result.frames[i].name,
				    result.frames[i].file ? result.frames[i].file : "?",
				    result.frames[i].line, result.frames[i].start_line);
		buf_append_byte(text, '\n');
	}
	assert_int_equal(buf_error(text), 0);
}

static void assert_same_text(const struct buf *a, const struct buf *b)
{
	assert_int_equal(a->len, b->len);
	assert_memory_equal(a->data, b->data, a->len);
}

static void answers_from_the_cache(void **state)
{
	static const char *const names[] = {"chain_pie",    "chain_static",       "chain_stripped",
					    "chain_dynsym", "chain_clang_dwarf5", "chain_no_debug"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_place_ struct place place = place_make();
		_cleanup_buf_ struct buf cold = {0}, warm = {0};
		struct symbolizer *symbolizer = make(&place);

		tell(symbolizer, fixture_add(symbolizer, names[i]), 0x4000, &cold);
		symbolizer_free(symbolizer);
		assert_int_equal(count_files(&place, NULL), 1);
		symbolizer = make(&place);
		tell(symbolizer, fixture_add(symbolizer, names[i]), 0x4000, &warm);
		symbolizer_free(symbolizer);
		assert_same_text(&cold, &warm);
		assert_int_equal(count_files(&place, NULL), 1);
	}
}

/* A unit that was not hit the first time is made the second, without forgetting the first. */
static void units_are_added(void **state)
{
	_cleanup_place_ struct place place = place_make();
	_cleanup_buf_ struct buf all = {0}, again = {0}, few = {0};
	struct symbolizer *symbolizer = make(&place);
	char name[256] = "";
	struct stat first, second;

	(void)state;
	if (fixture_open_optional("generic_v0") < 0) {
		print_message("no rustc\n");
		skip();
	}
	tell(symbolizer, fixture_add(symbolizer, "generic_v0"), 0x100000, &all);
	place_remove(&place);
	symbolizer_free(symbolizer); /* its directory is gone: nothing is kept, nothing fails */
	place = place_make();
	symbolizer = make(&place);
	tell(symbolizer, fixture_add(symbolizer, "generic_v0"), 0x8000, &few);
	symbolizer_free(symbolizer);
	count_files(&place, name);
	assert_return_code(fstatat(place.fd, name, &first, 0), 0);
	for (int round = 0; round < 2; round++) {
		symbolizer = make(&place);
		tell(symbolizer, fixture_add(symbolizer, "generic_v0"), 0x100000, &again);
		symbolizer_free(symbolizer);
		assert_same_text(&all, &again);
	}
	assert_return_code(fstatat(place.fd, name, &second, 0), 0);
	assert_true(second.st_size > first.st_size);
	assert_int_equal(count_files(&place, NULL), 1);
}

static void ask_main(struct symbolizer *symbolizer, int object)
{
	uint64_t offset = fixture_offset("two_units", fixture_symbol("two_units", "main"));
	struct sym_result result;

	symbolizer_lookup(symbolizer, object, offset, &result);
	assert_string_equal(result.frames[0].name, "main");
}

/* One unit is asked for; the other comes with it when there is time, and stays. */
static void units_are_completed(void **state)
{
	_cleanup_place_ struct place place = place_make();
	struct symbolizer *symbolizer;
	const uint64_t enough_ns = UINT64_C(60) * 1000 * 1000 * 1000;
	int object;

	(void)state;
	symbolizer = make(&place);
	object = fixture_add(symbolizer, "two_units");
	ask_main(symbolizer, object);
	assert_int_equal(symbolizer_complete(symbolizer, object, 0), 1);
	symbolizer_free(symbolizer);

	/* The cache has what is asked for: nothing is to be done, whatever the time. */
	symbolizer = make(&place);
	object = fixture_add(symbolizer, "two_units");
	ask_main(symbolizer, object);
	assert_int_equal(symbolizer_complete(symbolizer, object, enough_ns), 0);
	symbolizer_free(symbolizer);
	assert_int_equal(units_missing(&place), 1);

	place_remove(&place);
	place = place_make();
	symbolizer = make(&place);
	object = fixture_add(symbolizer, "two_units");
	ask_main(symbolizer, object);
	assert_int_equal(symbolizer_complete(symbolizer, object, enough_ns), 0);
	assert_int_equal(symbolizer_complete(symbolizer, object + 1, enough_ns), 0);
	symbolizer_free(symbolizer);
	assert_int_equal(units_missing(&place), 0);
}

/* Makes the one file of a fixture; returns its contents. */
static void make_file(const struct place *place, char *name, struct buf *out)
{
	struct symbolizer *symbolizer = make(place);
	_cleanup_buf_ struct buf text = {0};
	char path[512];

	tell(symbolizer, fixture_add(symbolizer, "chain_pie"), 0x2000, &text);
	symbolizer_free(symbolizer);
	assert_int_equal(count_files(place, name), 1);
	snprintf(path, sizeof(path), "%s/%s", place->path, name);
	assert_return_code(fs_read_file(path, 64 << 20, out), 0);
}

static void put_file(const struct place *place, const char *name, const void *data, size_t len)
{
	int fd = openat(place->fd, name, O_WRONLY | O_TRUNC | O_CREAT | O_CLOEXEC, 0600);

	assert_return_code(fd, 0);
	assert_return_code(fs_write_all(fd, data, len), 0);
	close(fd);
}

/* Cut anywhere, or with any bit turned: refused as a whole, or in the unit that is broken. */
static void broken_files(void **state)
{
	_cleanup_place_ struct place place = place_make();
	_cleanup_buf_ struct buf whole = {0};
	char name[256];
	struct index_file file;
	struct unit_index unit;

	(void)state;
	make_file(&place, name, &whole);
	for (size_t len = 0; len < whole.len; len += 1 + len / 16) {
		put_file(&place, name, whole.data, len);
		assert_int_equal(index_file_open(place.fd, name, &file), -EBADMSG);
	}
	for (size_t at = 0; at < whole.len; at += 5) {
		bool sound;

		whole.data[at] ^= 1 << (at % 8);
		put_file(&place, name, whole.data, whole.len);
		whole.data[at] ^= 1 << (at % 8);
		if (index_file_open(place.fd, name, &file) < 0)
			continue;
		sound = true;
		for (uint32_t i = 0; i < file.unit_cnt; i++)
			sound &= index_file_unit(&file, i, &unit) != -EBADMSG;
		index_file_close(&file);
		assert_false(sound);
	}
}

/* With a broken cache the answers are those without one, or a loss is told; and it is mended. */
static void broken_files_are_replaced(void **state)
{
	_cleanup_place_ struct place place = place_make();
	_cleanup_buf_ struct buf whole = {0}, cold = {0}, text = {0};
	struct symbolizer *symbolizer;
	struct sym_losses losses;
	char name[256];

	(void)state;
	make_file(&place, name, &whole);
	symbolizer = make(&place);
	tell(symbolizer, fixture_add(symbolizer, "chain_pie"), 0x2000, &cold);
	symbolizer_free(symbolizer);
	for (size_t at = 100; at < whole.len; at += whole.len / 7) {
		whole.data[at] ^= 0x10;
		put_file(&place, name, whole.data, whole.len);
		whole.data[at] ^= 0x10;
		for (int round = 0; round < 2; round++) {
			symbolizer = make(&place);
			tell(symbolizer, fixture_add(symbolizer, "chain_pie"), 0x2000, &text);
			symbolizer_losses(symbolizer, &losses);
			symbolizer_free(symbolizer);
			if (round == 1 || losses.dwarf_units == 0)
				assert_same_text(&text, &cold);
		}
		assert_int_equal(losses.dwarf_units, 0);
	}
}

static void only_what_is_ours_alone(void **state)
{
	_cleanup_place_ struct place place = place_make();
	_cleanup_buf_ struct buf whole = {0};
	char name[256], path[512];
	struct index_file file;

	(void)state;
	make_file(&place, name, &whole);
	assert_return_code(index_file_open(place.fd, name, &file), 0);
	index_file_close(&file);
	assert_return_code(fchmodat(place.fd, name, 0620, 0), 0);
	assert_int_equal(index_file_open(place.fd, name, &file), -EPERM);
	assert_return_code(fchmodat(place.fd, name, 0602, 0), 0);
	assert_int_equal(index_file_open(place.fd, name, &file), -EPERM);
	assert_return_code(fchmodat(place.fd, name, 0600, 0), 0);
	if (geteuid() == 0) {
		assert_return_code(fchownat(place.fd, name, 12345, 12345, 0), 0);
		assert_int_equal(index_file_open(place.fd, name, &file), -EPERM);
		assert_return_code(fchownat(place.fd, name, 0, 0, 0), 0);
	}
	assert_return_code(renameat(place.fd, name, place.fd, "elsewhere"), 0);
	assert_return_code(symlinkat("elsewhere", place.fd, name), 0);
	assert_int_equal(index_file_open(place.fd, name, &file), -ENOENT);
	assert_return_code(fchmod(place.fd, 0770), 0);
	assert_int_equal(index_directory_open(place.path), -EPERM);
	snprintf(path, sizeof(path), "%s/elsewhere", place.path);
	assert_int_equal(index_directory_open(path), -ENOTDIR);
	assert_int_equal(index_directory_open("/nowhere/at/all"), -ENOENT);
}

/* Several processes make the same file at once: each finds or leaves a whole one. */
static void processes_at_once(void **state)
{
	_cleanup_place_ struct place place = place_make();
	struct index_file file;
	char name[256];
	int status;

	(void)state;
	for (int child = 0; child < 4; child++) {
		if (fork() != 0)
			continue;
		for (int round = 0; round < 20; round++) {
			struct symbolizer *symbolizer = make(&place);
			_cleanup_buf_ struct buf text = {0};

			tell(symbolizer,
			     fixture_add(symbolizer, child % 2 ? "chain_pie" : "chain_dwarf4"),
			     0x800 * (uint64_t)(round % 3 + 1), &text);
			symbolizer_free(symbolizer);
		}
		_exit(0);
	}
	while (wait(&status) > 0)
		assert_int_equal(status, 0);
	assert_int_equal(count_files(&place, name), 2);
	assert_return_code(index_file_open(place.fd, name, &file), 0);
	index_file_close(&file);
}

static void put_old(const struct place *place, const char *name, size_t len, time_t age_s)
{
	char bytes[1000] = "";
	struct timespec times[2] = {{.tv_sec = time(NULL) - age_s}, {.tv_sec = time(NULL) - age_s}};

	put_file(place, name, bytes, len);
	assert_return_code(utimensat(place->fd, name, times, 0), 0);
}

static void least_used_goes_first(void **state)
{
	_cleanup_place_ struct place place = place_make();

	(void)state;
	put_old(&place, "a", 1000, 400);
	put_old(&place, "b", 1000, 100);
	put_old(&place, "c", 1000, 300);
	put_old(&place, "d", 1000, 200);
	put_old(&place, ".new-old", 10, 7200);
	put_old(&place, ".new-young", 10, 10);
	index_directory_trim(place.fd, 2500);
	assert_int_equal(count_files(&place, NULL), 3);
	assert_int_equal(faccessat(place.fd, "b", F_OK, 0), 0);
	assert_int_equal(faccessat(place.fd, "d", F_OK, 0), 0);
	assert_int_equal(faccessat(place.fd, ".new-young", F_OK, 0), 0);
}

static void users_directory(void **state)
{
	char path[128], small[10];

	(void)state;
	setenv("XDG_CACHE_HOME", "/some/where", 1);
	assert_string_equal(symbolizer_cache_directory(path, sizeof(path)), "/some/where/smolder");
	assert_null(symbolizer_cache_directory(small, sizeof(small)));
	setenv("XDG_CACHE_HOME", "relative", 1);
	if (geteuid() == 0)
		assert_string_equal(symbolizer_cache_directory(path, sizeof(path)),
				    "/var/cache/smolder");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_from_the_cache),
		cmocka_unit_test(units_are_added),
		cmocka_unit_test(units_are_completed),
		cmocka_unit_test(broken_files),
		cmocka_unit_test(broken_files_are_replaced),
		cmocka_unit_test(only_what_is_ours_alone),
		cmocka_unit_test(processes_at_once),
		cmocka_unit_test(least_used_goes_first),
		cmocka_unit_test(users_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
