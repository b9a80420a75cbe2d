// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Surveys this very process, and what is no process. */
#include "profiler/doctor/survey.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#define JIT_LEN ((size_t)5 << 16)

static const struct object *object_of(const struct survey *survey,
				      const struct survey_object *found)
{
	return objects_get(survey->objects, found->id);
}

static const struct survey_object *find(const struct survey *survey, const char *name)
{
	vec_for_each(&survey->found, found)
		if (strcmp(object_basename(object_of(survey, found)), name) == 0)
			return found;
	return NULL;
}

static void survey_self(struct survey *survey)
{
	struct err err;

	if (survey_process((uint32_t)getpid(), NULL, survey, &err) < 0)
		fail_msg("%s", err.text);
}

static void finds_the_program_and_its_symbols(void **state)
{
	_cleanup_(survey_free) struct survey survey = {0};
	const struct survey_object *program;

	(void)state;
	survey_self(&survey);
	assert_int_equal(survey.process.task.tgid, getpid());
	assert_int_equal(strncmp(survey.process.comm, "test_doctor_sur", 15), 0);
	program = find(&survey, "test_doctor_survey");
	assert_non_null(program);
	assert_int_equal(program->symbols, SURVEY_SYMTAB);
	assert_true(program->has_dwarf); /* tests are built with -g */
	assert_true(object_of(&survey, program)->fd >= 0);
	assert_true(object_of(&survey, program)->build_id_len > 0);
	assert_true(program->mappings_cnt >= 1 && program->bytes > 0);
}

static void finds_libraries_and_the_vdso(void **state)
{
	_cleanup_(survey_free) struct survey survey = {0};
	const struct survey_object *libc, *vdso;

	(void)state;
	survey_self(&survey);
	libc = find(&survey, "libc.so.6");
	vdso = find(&survey, "[vdso]");
	if (!libc || !vdso) /* a static build, another libc, no vDSO */
		skip();
	assert_true(libc->symbols >= SURVEY_DYNSYM);
	assert_int_equal(object_of(&survey, vdso)->kind, OBJECT_VDSO);
	assert_int_equal(vdso->symbols, SURVEY_NO_FILE);
}

static void anonymous_code_is_told(void **state)
{
	_cleanup_(survey_free) struct survey before = {0}, after = {0};
	const struct survey_object *jit, *known;
	void *memory;

	(void)state;
	survey_self(&before);
	known = find(&before, "[anon]");
	memory = mmap(NULL, JIT_LEN, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	survey_self(&after);
	jit = find(&after, "[anon]");
	assert_non_null(jit);
	assert_int_equal(object_of(&after, jit)->kind, OBJECT_ANONYMOUS);
	assert_int_equal(jit->bytes - (known ? known->bytes : 0), JIT_LEN);
	munmap(memory, JIT_LEN);
}

static void a_perf_map_is_found(void **state)
{
	_cleanup_(survey_free) struct survey without = {0}, with = {0};
	int fd;

	(void)state;
	survey_self(&without);
	assert_false(without.has_perf_map);
	fd = open(without.perf_map, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		skip();
	close(fd);
	survey_self(&with);
	unlink(without.perf_map);
	assert_true(with.has_perf_map);
}

static void expect_refusal(uint32_t pid, int r, const char *text)
{
	struct survey survey = {.process.task.tgid = 77};
	struct err err = {""};

	assert_int_equal(survey_process(pid, NULL, &survey, &err), r);
	assert_string_equal(err.text, text);
	assert_int_equal(survey.process.task.tgid, 77);
}

static void *sleep_on(void *ctx)
{
	*(volatile pid_t *)ctx = gettid();
	pause();
	return NULL;
}

static void a_thread_is_no_process(void **state)
{
	volatile pid_t tid = 0;
	pthread_t thread;
	char text[128];

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, sleep_on, (void *)(uintptr_t)&tid), 0);
	while (!tid)
		usleep(1000);
	snprintf(text, sizeof(text), "%d is a thread of process %d; use that pid", tid, getpid());
	expect_refusal((uint32_t)tid, -EINVAL, text);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
}

static void neither_are_the_dead(void **state)
{
	pid_t child = fork();
	siginfo_t info;
	char text[128];

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	snprintf(text, sizeof(text), "process %d (test_doctor_sur) has ended: it is a zombie",
		 child);
	expect_refusal((uint32_t)child, -EINVAL, text);
	waitpid(child, NULL, 0);
	snprintf(text, sizeof(text), "no process has pid %d", child);
	expect_refusal((uint32_t)child, -ESRCH, text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_the_program_and_its_symbols),
		cmocka_unit_test(finds_libraries_and_the_vdso),
		cmocka_unit_test(anonymous_code_is_told),
		cmocka_unit_test(a_perf_map_is_found),
		cmocka_unit_test(a_thread_is_no_process),
		cmocka_unit_test(neither_are_the_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
