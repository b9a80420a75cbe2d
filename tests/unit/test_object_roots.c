// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files by the paths that processes see, of processes that live and that are gone. */
#include "profiler/process/object_roots.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

static void write_file(const char *directory, const char *name)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	assert_non_null(file);
	fputs(name, file);
	fclose(file);
}

static void assert_reads(int fd, const char *text)
{
	char got[64] = "";

	assert_true(fd >= 0);
	assert_true(read(fd, got, sizeof(got) - 1) >= 0);
	assert_string_equal(got, text);
	close(fd);
}

static void our_own(void **state)
{
	_cleanup_(object_roots_free) struct object_roots roots = {0};
	uint32_t self = (uint32_t)getpid();
	char directory[] = "/tmp/smolder-roots-XXXXXX", path[PATH_MAX];

	(void)state;
	assert_non_null(mkdtemp(directory));
	write_file(directory, "plain");
	assert_int_equal(object_roots_see(&roots, &self, 1), OBJECT_ROOT_HOST);
	assert_int_equal(object_roots_see(&roots, &self, 1), OBJECT_ROOT_HOST);
	assert_int_equal(roots.roots.len, 1);
	snprintf(path, sizeof(path), "%s/plain", directory);
	assert_reads(object_roots_open(&roots, OBJECT_ROOT_HOST, path), "plain");
	unlink(path);
	assert_int_equal(object_roots_open(&roots, OBJECT_ROOT_HOST, path), -ENOENT);
	assert_int_equal(object_roots_open(&roots, OBJECT_ROOT_HOST, directory), -EPERM);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(object_roots_open(&roots, OBJECT_ROOT_HOST, path), -EPERM);
	unlink(path);
	rmdir(directory);
}

/* A child in a root of its own, once it says that it is there. */
static pid_t start_inside(const char *directory)
{
	int ready[2];
	pid_t child;
	char byte;

	assert_int_equal(pipe(ready), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		if (chroot(directory) < 0 || chdir("/") < 0 || write(ready[1], "x", 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void assert_lets_go(struct object_roots *roots, uint32_t root, const char *path_of_host)
{
	bool used[OBJECT_ROOTS_MAX] = {false};

	used[root] = true;
	object_roots_release(roots, used);
	assert_reads(object_roots_open(roots, root, "/inside"), "inside");
	used[root] = false;
	object_roots_release(roots, used);
	assert_int_equal(object_roots_open(roots, root, "/inside"), -ENOENT);
	assert_reads(object_roots_open(roots, OBJECT_ROOT_HOST, path_of_host), "of_the_host");
}

static void another_root(void **state)
{
	_cleanup_(object_roots_free) struct object_roots roots = {0};
	char directory[] = "/tmp/smolder-roots-XXXXXX", path[PATH_MAX], command[64];
	uint32_t tgids[2] = {1u << 30, 0}, root;
	pid_t child;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root\n");
		skip();
	}
	assert_non_null(mkdtemp(directory));
	write_file(directory, "inside");
	snprintf(path, sizeof(path), "%s/led_out", directory);
	assert_int_equal(symlink("/../../../../../inside", path), 0);
	child = start_inside(directory);
	tgids[1] = (uint32_t)child; /* the first is nobody's */
	root = object_roots_see(&roots, tgids, 2);
	assert_int_equal(root, 1);
	assert_int_equal(object_roots_see(&roots, &tgids[1], 1), root);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	assert_int_equal(object_roots_see(&roots, &tgids[1], 1), OBJECT_ROOT_HOST);
	assert_reads(object_roots_open(&roots, root, "/inside"), "inside");
	assert_reads(object_roots_open(&roots, root, "/../../inside"), "inside");
	assert_reads(object_roots_open(&roots, root, "/led_out"), "inside");
	assert_int_equal(object_roots_open(&roots, OBJECT_ROOT_HOST, "/inside"), -ENOENT);
	write_file(directory, "of_the_host");
	snprintf(path, sizeof(path), "%s/of_the_host", directory);
	assert_reads(object_roots_open(&roots, root, path), "of_the_host");
	assert_lets_go(&roots, root, path);
	snprintf(command, sizeof(command), "rm -r '%s'", directory);
	assert_int_equal(system(command), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(our_own),
		cmocka_unit_test(another_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
