// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define PIPE_TEXT_LEN ((size_t)1 << 20) /* more than any pipe holds */

struct scratch { /* a file in memory, with a path */
	int fd;
	char path[64];
};

static struct scratch make_file(const char *text, size_t len)
{
	struct scratch file = {.fd = memfd_create("test_fs", MFD_CLOEXEC)};

	assert_true(file.fd >= 0);
	assert_int_equal(fs_write_all(file.fd, text, len), 0);
	snprintf(file.path, sizeof(file.path), "/proc/self/fd/%d", file.fd);
	return file;
}

static void reads_a_whole_file_behind_what_is_there(void **state)
{
	struct scratch file = make_file("hello", 5);
	_cleanup_buf_ struct buf buf = {0};

	(void)state;
	buf_append_str(&buf, "> ");
	assert_int_equal(fs_read_file(file.path, 5, &buf), 0);
	assert_int_equal(buf.len, 7);
	assert_memory_equal(buf.data, "> hello", 7);
	close(file.fd);
}

static void reads_files_whose_size_is_not_known(void **state)
{
	_cleanup_buf_ struct buf buf = {0};

	(void)state;
	assert_int_equal(fs_read_file("/proc/self/stat", 4096, &buf), 0);
	assert_true(buf.len > 10);
	assert_int_equal(buf.data[buf.len - 1], '\n');
}

static void refuses_what_is_longer_than_allowed(void **state)
{
	struct scratch file = make_file("hello", 5);
	_cleanup_buf_ struct buf buf = {0}, endless = {0};

	(void)state;
	assert_int_equal(fs_read_file(file.path, 4, &buf), -EFBIG);
	assert_int_equal(fs_read_file("/dev/zero", 1 << 20, &endless), -EFBIG);
	assert_true(endless.cap < 4 << 20);
	close(file.fd);
}

static void respects_the_cap_of_the_buffer(void **state)
{
	struct scratch file = make_file("hello", 5);
	_cleanup_buf_ struct buf exact = {.max_len = 5}, small = {.max_len = 4};

	(void)state;
	assert_int_equal(fs_read_file(file.path, 1000, &exact), 0);
	assert_int_equal(exact.len, 5);
	assert_int_equal(fs_read_file(file.path, 1000, &small), -EFBIG);
	assert_true(small.len <= 4);
	close(file.fd);
}

static void tells_why_a_file_cannot_be_read(void **state)
{
	_cleanup_buf_ struct buf buf = {0};
	char line[8];

	(void)state;
	assert_int_equal(fs_read_file("/proc/self/no-such-file", 10, &buf), -ENOENT);
	assert_int_equal(fs_read_file("/proc/self", 10, &buf), -EISDIR);
	assert_int_equal(fs_read_fd(-1, 10, &buf), -EBADF);
	assert_int_equal(fs_read_line("/proc/self/no-such-file", line, sizeof(line)), -ENOENT);
}

static void check_line(const char *text, int r, const char *wanted)
{
	struct scratch file = make_file(text, strlen(text));
	char line[8] = "before";

	assert_int_equal(fs_read_line(file.path, line, sizeof(line)), r);
	assert_string_equal(line, wanted);
	close(file.fd);
}

static void a_line_loses_its_last_newline(void **state)
{
	(void)state;
	check_line("", 0, "");
	check_line("\n", 0, "");
	check_line("0-3\n", 0, "0-3");
	check_line("0-3", 0, "0-3");
	check_line("a\nb\n", 0, "a\nb");
	check_line("a\n\n", 0, "a\n");
	check_line("1234567", 0, "1234567");
	check_line("1234567\n", 0, "1234567");
	check_line("12345678", -EFBIG, "before");
	check_line("12345678\n", -EFBIG, "before");
}

static void *read_slowly(void *ctx)
{
	_cleanup_buf_ struct buf buf = {0};
	int fd = *(int *)ctx;

	usleep(20000);
	return (void *)(uintptr_t)(fs_read_fd(fd, 2 * PIPE_TEXT_LEN, &buf) == 0 ? buf.len : 0);
}

/* A non-blocking pipe would answer EAGAIN: this one blocks, and takes what fits at a time. */
static void writes_all_through_a_pipe(void **state)
{
	_cleanup_free_ char *text = calloc(1, PIPE_TEXT_LEN);
	pthread_t reader;
	void *read_len;
	int ends[2];

	(void)state;
	assert_non_null(text);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(pthread_create(&reader, NULL, read_slowly, &ends[0]), 0);
	assert_int_equal(fs_write_all(ends[1], text, PIPE_TEXT_LEN), 0);
	close(ends[1]);
	assert_int_equal(pthread_join(reader, &read_len), 0);
	assert_int_equal((uintptr_t)read_len, PIPE_TEXT_LEN);
	close(ends[0]);
}

static void a_full_disk_is_told(void **state)
{
	_cleanup_close_ int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);

	(void)state;
	if (fd < 0)
		skip();
	assert_int_equal(fs_write_all(fd, "x", 1), -ENOSPC);
	assert_int_equal(fs_write_all(fd, "", 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_a_whole_file_behind_what_is_there),
		cmocka_unit_test(reads_files_whose_size_is_not_known),
		cmocka_unit_test(refuses_what_is_longer_than_allowed),
		cmocka_unit_test(respects_the_cap_of_the_buffer),
		cmocka_unit_test(tells_why_a_file_cannot_be_read),
		cmocka_unit_test(a_line_loses_its_last_newline),
		cmocka_unit_test(writes_all_through_a_pipe),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
