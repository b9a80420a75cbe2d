// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Perf maps of children that wait: what is taken, what is refused, what is kept how long. */
#include "profiler/process/jit_files.h"

#include "base/fs.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

struct fixture {
	struct jit_files *files;
	pid_t child;
	char path[64]; /* of the child's perf map */
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	assert_return_code(jit_files_new(&fixture->files), 0);
	fixture->child = fork();
	if (fixture->child == 0) {
		pause();
		_exit(0);
	}
	snprintf(fixture->path, sizeof(fixture->path), "/tmp/perf-%d.map", (int)fixture->child);
	*state = fixture;
	return 0;
}

static void end_child(struct fixture *fixture)
{
	if (fixture->child <= 0)
		return;
	kill(fixture->child, SIGKILL);
	waitpid(fixture->child, NULL, 0);
	fixture->child = 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	end_child(fixture);
	jit_files_free(fixture->files);
	unlink(fixture->path);
	free(fixture);
	return 0;
}

static void write_file(const char *path, const char *text)
{
	_cleanup_close_ int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_return_code(fd, 0);
	assert_return_code(fs_write_all(fd, text, strlen(text)), 0);
}

static uint32_t follow(struct fixture *fixture, uint32_t parent)
{
	uint32_t id = jit_files_follow(fixture->files, (uint32_t)fixture->child, parent);

	assert_int_not_equal(id, JIT_NONE);
	return id;
}

static void look(const struct fixture *fixture, uint32_t id)
{
	uint32_t self = (uint32_t)getpid();

	jit_files_look(fixture->files, id, &self, 1);
}

/* The text of the n-th file, "" when there are not so many. */
static const char *text_of(const struct fixture *fixture, uint32_t id, size_t n)
{
	const struct jit_file *list[JIT_LIST_MAX];
	static char text[64];
	enum jit_lack lack;
	ssize_t len = 0;

	if (jit_files_list(fixture->files, id, list, &lack) > n)
		len = pread(list[n]->fd, text, sizeof(text) - 1, 0);
	assert_true(len >= 0);
	text[len] = '\0';
	return text;
}

static enum jit_lack lack_of(const struct fixture *fixture, uint32_t id)
{
	const struct jit_file *list[JIT_LIST_MAX];
	enum jit_lack lack;

	assert_int_equal(jit_files_list(fixture->files, id, list, &lack), 0);
	return lack;
}

static void found_when_it_comes(void **state)
{
	struct fixture *fixture = *state;
	uint32_t id = follow(fixture, JIT_NONE);

	look(fixture, id);
	assert_int_equal(lack_of(fixture, id), JIT_NO_FILE);
	write_file(fixture->path, "first");
	jit_files_poll(fixture->files, 0); /* not due */
	assert_string_equal(text_of(fixture, id, 0), "");
	jit_files_poll(fixture->files, UINT64_MAX);
	assert_string_equal(text_of(fixture, id, 0), "first");
	jit_files_poll(fixture->files, UINT64_MAX);
	assert_string_equal(text_of(fixture, id, 1), ""); /* the same once only */
	unlink(fixture->path);
	write_file(fixture->path, "second");
	jit_files_poll(fixture->files, UINT64_MAX);
	assert_string_equal(text_of(fixture, id, 0), "second");
	assert_string_equal(text_of(fixture, id, 1), "first");
	assert_int_equal(jit_files_counters(fixture->files)->maps, 2);
}

static void outlives_the_process(void **state)
{
	struct fixture *fixture = *state;
	uint32_t held = follow(fixture, JIT_NONE), late = follow(fixture, JIT_NONE);

	write_file(fixture->path, "told");
	look(fixture, held);
	end_child(fixture);
	assert_string_equal(text_of(fixture, held, 0), "told");
	look(fixture, late); /* by its parent's root */
	assert_string_equal(text_of(fixture, late, 0), "told");
}

static void refuses(struct fixture *fixture)
{
	uint32_t id = follow(fixture, JIT_NONE);

	look(fixture, id);
	assert_int_equal(lack_of(fixture, id), JIT_REFUSED);
	look(fixture, id);
	assert_int_equal(jit_files_counters(fixture->files)->refused, 1); /* counted once */
	assert_int_equal(unlink(fixture->path), 0);
	write_file(fixture->path, "good");
	look(fixture, id);
	assert_string_equal(text_of(fixture, id, 0), "good");
}

static void a_pipe(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(mkfifo(fixture->path, 0644), 0);
	refuses(fixture);
}

static void a_link_to_nowhere(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(symlink("/proc/self/exe", fixture->path), 0);
	refuses(fixture);
}

static void of_somebody_else(void **state)
{
	struct fixture *fixture = *state;

	if (getuid() != 0)
		skip();
	write_file(fixture->path, "bad");
	assert_int_equal(chown(fixture->path, 65534, 65534), 0);
	refuses(fixture);
}

static void a_childs_is_its_parents_too(void **state)
{
	struct fixture *fixture = *state;
	uint32_t parent = jit_files_follow(fixture->files, (uint32_t)getpid(), JIT_NONE), child;
	char path[64];

	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	write_file(path, "of the parent");
	look(fixture, parent);
	unlink(path);
	child = follow(fixture, parent);
	look(fixture, child);
	assert_string_equal(text_of(fixture, child, 0), "of the parent");
	write_file(fixture->path, "its own");
	look(fixture, child);
	assert_string_equal(text_of(fixture, child, 0), "its own");
	assert_string_equal(text_of(fixture, child, 1), "of the parent");
}

static void swept_unless_sampled(void **state)
{
	struct fixture *fixture = *state;
	uint32_t idle = follow(fixture, JIT_NONE), parent = follow(fixture, JIT_NONE);
	uint32_t sampled = follow(fixture, parent);

	write_file(fixture->path, "told");
	jit_files_poll(fixture->files, UINT64_MAX);
	jit_files_note_sample(fixture->files, sampled);
	jit_files_mark(fixture->files, idle);
	jit_files_sweep(fixture->files);
	assert_string_equal(text_of(fixture, idle, 0), "told");
	jit_files_sweep(fixture->files);
	assert_string_equal(text_of(fixture, idle, 0), "");
	assert_string_equal(text_of(fixture, sampled, 0), "told");
	assert_string_equal(text_of(fixture, parent, 0), "told");
	assert_int_equal(follow(fixture, JIT_NONE), idle); /* its place is given out again */
}

static void what_was_handed_over_is_swept(void **state)
{
	struct fixture *fixture = *state;
	uint32_t sampled = follow(fixture, JIT_NONE);

	write_file(fixture->path, "told");
	jit_files_poll(fixture->files, UINT64_MAX);
	jit_files_note_sample(fixture->files, sampled);
	jit_files_sweep(fixture->files);
	assert_string_equal(text_of(fixture, sampled, 0), "told");
	jit_files_forget_samples(fixture->files);
	jit_files_sweep(fixture->files);
	assert_string_equal(text_of(fixture, sampled, 0), "");
}

static void names_of_dumps(void **state)
{
	(void)state;
	assert_true(jit_files_is_dump_name("/tmp/a/jit-4711.dump"));
	assert_true(jit_files_is_dump_name("jit-1.dump"));
	assert_false(jit_files_is_dump_name("/tmp/jit-.dump"));
	assert_false(jit_files_is_dump_name("/tmp/jit-1x.dump"));
	assert_false(jit_files_is_dump_name("/tmp/jit-1.dump.old"));
	assert_false(jit_files_is_dump_name("/tmp/jit-1.dump/x"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(found_when_it_comes),
		TEST(outlives_the_process),
		TEST(a_pipe),
		TEST(a_link_to_nowhere),
		TEST(of_somebody_else),
		TEST(a_childs_is_its_parents_too),
		TEST(swept_unless_sampled),
		TEST(what_was_handed_over_is_swept),
		cmocka_unit_test(names_of_dumps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
