// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/format.h"

#include "base/fs.h"
#include "formats/folded.h"
#include "tests/unit/formats_support.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static const char *const suffixes[] = {"x.folded", "x.folded.zst", "x.pb.gz", "x.html", "x.json"};

static char start_directory[64];

/* Each test runs in an empty directory, so that names are short and leftovers seen. */
static int enter_directory(void **state)
{
	(void)state;
	strcpy(start_directory, "/tmp/smolder-format-XXXXXX");
	return mkdtemp(start_directory) && chdir(start_directory) == 0 ? 0 : -1;
}

static unsigned int count_entries(void)
{
	DIR *dir = opendir(".");
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static int leave_directory(void **state)
{
	DIR *dir = opendir(".");
	const struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)))
		(void)unlinkat(dirfd(dir), entry->d_name, 0);
	if (dir)
		closedir(dir);
	return chdir("/") == 0 ? rmdir(start_directory) : -1;
}

static struct buf read_file(const char *path)
{
	struct buf buf = {0};

	assert_int_equal(fs_read_file(path, 1 << 24, &buf), 0);
	return buf;
}

static void write_bytes(const char *path, const void *data, size_t len)
{
	struct err err = {""};

	if (format_write_bytes(path, data, len, &err) < 0)
		fail_msg("%s", err.text);
}

static void test_check_output(void **state)
{
	static const char *const bad[] = {"x",    "x.txt",       "x.zst", ".folded",
					  "x.pb", "x.folded.gz", ""};
	struct err err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		assert_int_equal(format_check_output(suffixes[i], &err), 0);
	assert_int_equal(format_check_output("-", &err), 0);
	assert_int_equal(format_check_output("/dev/stdout", &err), 0);
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		assert_int_equal(format_check_output(bad[i], &err), -EINVAL);
		assert_non_null(
			strstr(err.text, "the name must end in .folded, .folded.zst, .pb.gz"));
	}
	assert_int_equal(format_check_output("none/x.html", &err), -ENOENT);
	assert_int_equal(count_entries(), 0);
}

static void test_two_writes_are_the_same(void **state)
{
	static const char *const again[] = {"y.folded", "y.folded.zst", "y.pb.gz", "y.html",
					    "y.json"};
	struct profile *profile = support_profile(false);

	(void)state;
	assert_int_equal(format_write_files(profile, suffixes, 5, NULL), 0);
	assert_int_equal(format_write_files(profile, again, 5, NULL), 0);
	assert_int_equal(count_entries(), 10);
	for (size_t i = 0; i < ARRAY_SIZE(again); i++) {
		struct buf a = read_file(suffixes[i]), b = read_file(again[i]);

		support_assert_same(&a, &b);
		buf_free(&a);
		buf_free(&b);
	}
	profile_free(profile);
}

static struct profile *read_profile(const char *path)
{
	struct profile *profile = NULL;
	struct err err = {""};

	if (format_read_file(path, &profile, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(profile_check(profile, &err), 0);
	return profile;
}

/* What is read back says all that was said, in whichever of these formats. */
static void test_files_are_read_back(void **state)
{
	struct profile *profile = support_profile(false);

	(void)state;
	assert_int_equal(format_write_files(profile, suffixes, 5, NULL), 0);
	for (size_t i = 0; i < 3; i++) {
		const char *again = i == 0 ? "z.folded" : i == 1 ? "z.folded.zst" : "z.pb.gz";
		struct profile *back = read_profile(suffixes[i]);
		struct buf folded = support_write(folded_write, back), a, b;

		support_assert_text(&folded, support_folded);
		assert_int_equal(format_write_files(back, &again, 1, NULL), 0);
		a = read_file(suffixes[i]);
		b = read_file(again);
		support_assert_same(&a, &b);
		if (i > 0) {
			assert_int_equal(profile_total(back, 1), 600);
			assert_int_equal(back->time_ns, profile->time_ns);
			assert_int_equal(back->duration_ns, profile->duration_ns);
			assert_memory_equal(&back->ledger, &profile->ledger, sizeof(back->ledger));
		}
		buf_free(&folded);
		buf_free(&a);
		buf_free(&b);
		profile_free(back);
	}
	profile_free(profile);
}

static void test_reading_tells_what_is_wrong(void **state)
{
	static const struct {
		const char *data, *message;
	} cases[] = {
		{"main;f 1\nnonsense\n", "cannot read 'in': line 2: not 'STACK COUNT'"},
		{"<!doctype html>", "cannot read 'in': a web page: reports cannot be read back"},
		{"{\"format\":\"smolder-report\"",
		 "cannot read 'in': a JSON report: reports cannot be read back"},
		{"PERFILE2\x68", "cannot read 'in': a perf.data file, which smolder does not read"},
		{"\x7f"
		 "ELF\x02\x01\x01",
		 "cannot read 'in': byte 0: not a pprof profile, or a broken one"},
		{"\x1f\x8b\x08", "cannot read 'in': gzip: cut off at byte 3"},
		{"\x28\xb5\x2f\xfd", "cannot read 'in': zstd: cut off at byte 4"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct profile *profile = NULL;
		struct err err = {""};

		write_bytes("in", cases[i].data, strlen(cases[i].data));
		assert_int_equal(format_read_file("in", &profile, &err), -EINVAL);
		assert_string_equal(err.text, cases[i].message);
		assert_null(profile);
	}
}

static void test_reading_what_is_not_there(void **state)
{
	struct profile *profile = NULL;
	struct err err;

	(void)state;
	assert_int_equal(format_read_file("none", &profile, &err), -ENOENT);
	assert_string_equal(err.text, "cannot read 'none': No such file or directory");
	assert_int_equal(format_read_file(".", &profile, &err), -EISDIR);
}

static void test_empty_file_is_an_empty_profile(void **state)
{
	struct profile *profile;

	(void)state;
	write_bytes("in", "", 0);
	profile = read_profile("in");
	assert_int_equal(profile->samples.len, 0);
	profile_free(profile);
}

static void test_one_bad_output_spoils_all(void **state)
{
	const char *const paths[] = {"x.folded", "none/y.pb.gz"};
	const char *const twice[] = {"x.folded", "x.html", "x.folded"};
	const char *const streams[] = {"-", "/dev/stdout"};
	struct profile *profile = support_profile(false);
	struct err err;

	(void)state;
	assert_int_equal(format_write_files(profile, paths, 2, &err), -ENOENT);
	assert_non_null(strstr(err.text, "none/y.pb.gz"));
	assert_int_equal(format_write_files(profile, twice, 3, &err), -EINVAL);
	assert_string_equal(err.text, "output 'x.folded' is given twice");
	assert_int_equal(format_write_files(profile, streams, 2, &err), -EINVAL);
	assert_int_equal(count_entries(), 0);
	profile_free(profile);
}

static void test_closed_pipe(void **state)
{
	const char *const paths[] = {"/dev/stdout", "x.html"};
	struct profile *profile = support_profile(false);
	int saved = dup(STDOUT_FILENO), ends[2], r;
	struct err err = {""};

	(void)state;
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	fflush(stdout);
	dup2(ends[1], STDOUT_FILENO);
	r = format_write_files(profile, paths, 2, &err);
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(ends[1]);
	assert_int_equal(r, -EPIPE);
	assert_string_equal(err.text, "cannot write 'standard output': its reader has gone away");
	assert_int_equal(count_entries(), 0);
	profile_free(profile);
}

/* In a child, whose mounts are its own: 0 all well, 77 not possible here, or what went wrong. */
static int fill_small_disk(const struct profile *profile)
{
	const char *const paths[] = {"small/a.folded", "small/b.json"};
	struct err err = {""};
	char filler[9000];
	int r;

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", "small", "tmpfs", 0, "size=8k") < 0)
		return 77;
	memset(filler, 'x', sizeof(filler));
	if (format_write_bytes("small/old", filler, 3000, &err) < 0)
		return 1;
	r = format_write_files(profile, paths, 2, &err);
	if (r != -ENOSPC || !strstr(err.text, "No space left on device"))
		return 2;
	if (chdir("small") < 0 || count_entries() != 1)
		return 3;
	r = format_write_bytes("old", filler, sizeof(filler), &err);
	return r == -ENOSPC && count_entries() == 1 ? 0 : 4;
}

static void test_full_disk(void **state)
{
	struct profile *profile = support_profile(false);
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir("small", 0755), 0);
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(fill_small_disk(profile));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	profile_free(profile);
	assert_int_equal(rmdir("small"), 0);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: cannot mount a small file system here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, enter_directory, leave_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(test_check_output),
		IN_DIRECTORY(test_two_writes_are_the_same),
		IN_DIRECTORY(test_files_are_read_back),
		IN_DIRECTORY(test_reading_tells_what_is_wrong),
		IN_DIRECTORY(test_reading_what_is_not_there),
		IN_DIRECTORY(test_empty_file_is_an_empty_profile),
		IN_DIRECTORY(test_one_bad_output_spoils_all),
		IN_DIRECTORY(test_closed_pipe),
		IN_DIRECTORY(test_full_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
