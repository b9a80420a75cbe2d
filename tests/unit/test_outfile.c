// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/outfile.h"

#include "base/fs.h"
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

static char directory[64];

static char *path_of(const char *name)
{
	static char paths[4][128];
	static unsigned int next;
	char *path = paths[next++ % ARRAY_SIZE(paths)];

	snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
	return path;
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/smolder-outfile-XXXXXX");
	umask(022);
	return mkdtemp(directory) ? 0 : -1;
}

static unsigned int count_entries(void)
{
	DIR *dir = opendir(directory);
	unsigned int count = 0;

	assert_non_null(dir);
	while (readdir(dir))
		count++;
	closedir(dir);
	return count - 2;
}

static int remove_directory(void **state)
{
	DIR *dir = opendir(directory);
	const struct dirent *entry;

	(void)state;
	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.' || entry->d_name[1] == 's')
			(void)unlinkat(dirfd(dir), entry->d_name,
				       entry->d_type == DT_DIR ? AT_REMOVEDIR : 0);
	if (dir)
		closedir(dir);
	return rmdir(directory);
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fs_write_all(fd, text, strlen(text)), 0);
	close(fd);
}

static void assert_file(const char *path, const char *text)
{
	struct buf buf = {0};

	assert_int_equal(fs_read_file(path, 1000, &buf), 0);
	support_assert_text(&buf, text);
	buf_free(&buf);
}

static void open_and_write(struct outfile *file, const char *path, const char *text)
{
	struct err err = {""};

	if (outfile_open(path, file, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(fs_write_all(file->fd, text, strlen(text)), 0);
}

static void test_appears_when_published(void **state)
{
	struct outfile file;
	struct stat st;

	(void)state;
	open_and_write(&file, path_of("new"), "text");
	assert_int_equal(access(path_of("new"), F_OK), -1);
	assert_int_equal(outfile_publish(&file, 1, NULL), 0);
	assert_file(path_of("new"), "text");
	outfile_close(&file);
	assert_int_equal(stat(path_of("new"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(count_entries(), 1);
}

static void test_nothing_left_when_closed(void **state)
{
	struct outfile file;

	(void)state;
	write_file(path_of("old"), "old");
	open_and_write(&file, path_of("old"), "new");
	outfile_close(&file);
	assert_file(path_of("old"), "old");
	assert_int_equal(count_entries(), 1);
}

static void test_replaces_and_keeps_the_mode(void **state)
{
	struct outfile file;
	struct stat st;

	(void)state;
	write_file(path_of("old"), "old text");
	assert_int_equal(chmod(path_of("old"), 0640), 0);
	open_and_write(&file, path_of("old"), "new");
	assert_int_equal(outfile_publish(&file, 1, NULL), 0);
	outfile_close(&file);
	assert_file(path_of("old"), "new");
	assert_int_equal(stat(path_of("old"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_int_equal(count_entries(), 1);
}

static void test_replaces_a_link_not_its_target(void **state)
{
	struct outfile file;
	struct stat st;

	(void)state;
	write_file(path_of("target"), "target");
	assert_int_equal(symlink("target", path_of("link")), 0);
	open_and_write(&file, path_of("link"), "new");
	assert_int_equal(outfile_publish(&file, 1, NULL), 0);
	outfile_close(&file);
	assert_file(path_of("target"), "target");
	assert_file(path_of("link"), "new");
	assert_int_equal(lstat(path_of("link"), &st), 0);
	assert_true(S_ISREG(st.st_mode));
}

/* The third cannot have its name any more: the first two are as before. */
static void test_all_or_none(void **state)
{
	struct outfile files[3];
	struct err err = {""};

	(void)state;
	write_file(path_of("a"), "old a");
	open_and_write(&files[0], path_of("a"), "new a");
	open_and_write(&files[1], path_of("b"), "new b");
	open_and_write(&files[2], path_of("c"), "new c");
	assert_int_equal(mkdir(path_of("c"), 0755), 0);
	write_file(path_of("c/full"), "");
	assert_int_equal(files[2].direct, false);
	int r = outfile_publish(files, 3, &err);

	for (int i = 0; i < 3; i++)
		outfile_close(&files[i]);
	assert_true(r < 0);
	assert_non_null(strstr(err.text, "/c'"));
	assert_file(path_of("a"), "old a");
	assert_int_equal(access(path_of("b"), F_OK), -1);
	assert_int_equal(access(path_of("c/full"), F_OK), 0);
	unlink(path_of("c/full"));
	assert_int_equal(count_entries(), 2);
}

static void assert_refused(const char *path, int code, const char *message)
{
	struct outfile file = {.fd = -1};
	struct err check = {""}, open_err = {""};

	assert_int_equal(outfile_check(path, &check), code);
	assert_int_equal(outfile_open(path, &file, &open_err), code);
	assert_string_equal(check.text, open_err.text);
	if (!strstr(check.text, message))
		fail_msg("'%s' does not say '%s'", check.text, message);
	assert_int_equal(file.fd, -1);
}

static void test_refuses(void **state)
{
	(void)state;
	write_file(path_of("file"), "");
	assert_refused(directory, -EISDIR, "it is a directory");
	assert_refused("", -EINVAL, "the name is empty");
	assert_refused(path_of("none/x"), -ENOENT, "No such file or directory");
	assert_refused(path_of("file/x"), -ENOTDIR, "is not a directory");
	assert_int_equal(outfile_check(path_of("fine"), NULL), 0);
	assert_int_equal(count_entries(), 1);
}

static void test_fifo_is_written_directly(void **state)
{
	struct outfile file;
	char text[8] = "";
	int reader;

	(void)state;
	assert_int_equal(mkfifo(path_of("fifo"), 0600), 0);
	reader = open(path_of("fifo"), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	open_and_write(&file, path_of("fifo"), "text");
	assert_true(file.direct);
	assert_int_equal(outfile_publish(&file, 1, NULL), 0);
	outfile_close(&file);
	assert_int_equal(read(reader, text, sizeof(text)), 4);
	assert_string_equal(text, "text");
	close(reader);
	assert_int_equal(count_entries(), 1);
}

static void test_standard_output(void **state)
{
	struct outfile file = {.fd = -1};

	(void)state;
	assert_true(outfile_is_stdout("-"));
	assert_true(outfile_is_stdout("/dev/stdout"));
	assert_false(outfile_is_stdout("./-"));
	assert_int_equal(outfile_open("/dev/stdout", &file, NULL), 0);
	assert_true(file.direct);
	assert_true(file.fd > STDERR_FILENO);
	assert_int_equal(outfile_publish(&file, 1, NULL), 0);
	outfile_close(&file);
	assert_int_equal(fcntl(STDOUT_FILENO, F_GETFD), 0);
}

/* In a child, whose mounts are its own: 0 all well, 77 not possible here, or what went wrong. */
static int publish_without_proc(void)
{
	struct outfile file = {.fd = -1};

	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    umount2("/proc", MNT_DETACH) < 0)
		return 77;
	if (outfile_open(path_of("x"), &file, NULL) < 0 || !file.temp_path || count_entries() != 1)
		return 1;
	outfile_close(&file);
	if (count_entries() != 0)
		return 2;
	if (outfile_open(path_of("x"), &file, NULL) < 0 || write(file.fd, "text", 4) != 4 ||
	    outfile_publish(&file, 1, NULL) < 0)
		return 3;
	outfile_close(&file);
	return count_entries() == 1 ? 0 : 4;
}

static void test_without_unnamed_files(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	fflush(stdout);
	pid = fork();
	if (pid == 0)
		_exit(publish_without_proc());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		print_message("skipped: cannot take /proc away here\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_file(path_of("x"), "text");
}

static void test_messages(void **state)
{
	struct outfile file = {.path = "-"};
	struct err err;

	(void)state;
	assert_int_equal(outfile_write_error(&file, -EPIPE, &err), -EPIPE);
	assert_string_equal(err.text, "cannot write 'standard output': its reader has gone away");
	file.path = "x.html";
	assert_int_equal(outfile_write_error(&file, -ENOSPC, &err), -ENOSPC);
	assert_string_equal(err.text, "cannot write 'x.html': No space left on device");
}

#define IN_DIRECTORY(test) cmocka_unit_test_setup_teardown(test, make_directory, remove_directory)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_DIRECTORY(test_appears_when_published),
		IN_DIRECTORY(test_nothing_left_when_closed),
		IN_DIRECTORY(test_replaces_and_keeps_the_mode),
		IN_DIRECTORY(test_replaces_a_link_not_its_target),
		IN_DIRECTORY(test_all_or_none),
		IN_DIRECTORY(test_refuses),
		IN_DIRECTORY(test_without_unnamed_files),
		IN_DIRECTORY(test_fifo_is_written_directly),
		cmocka_unit_test(test_standard_output),
		cmocka_unit_test(test_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
