// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <cmocka.h>

#define PATIENCE_MS 10000

static void start(char *const argv[], struct command *command)
{
	struct err err;

	if (command_start(argv, NULL, NULL, command, &err) < 0)
		fail_msg("%s", err.text);
}

static void release(struct command *command)
{
	struct err err;

	if (command_release(command, "test", &err) < 0)
		fail_msg("%s", err.text);
}

static bool has_ended(const struct command *command, int patience_ms)
{
	struct pollfd poll_fd = {.fd = command->pid_fd, .events = POLLIN};

	return poll(&poll_fd, 1, patience_ms) == 1;
}

static int run_shell(const char *script)
{
	char *argv[] = {(char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
			(char *)(uintptr_t)script, NULL};
	struct command command;
	int status;

	start(argv, &command);
	release(&command);
	assert_true(has_ended(&command, PATIENCE_MS));
	command_reap(&command);
	status = command.status;
	command_close(&command);
	return status;
}

static void waits_at_its_gate(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};
	struct command command;

	(void)state;
	start(argv, &command);
	assert_true(command.pid > 0);
	assert_false(has_ended(&command, 50));
	release(&command);
	assert_int_equal(command.gate_fd, -1);
	assert_true(has_ended(&command, PATIENCE_MS));
	command_reap(&command);
	assert_true(WIFEXITED(command.status) && WEXITSTATUS(command.status) == 0);
	command_close(&command);
}

static void keeps_its_status(void **state)
{
	char text[128];
	int status = run_shell("exit 7");

	(void)state;
	command_describe_status(status, text, sizeof(text));
	assert_string_equal(text, "exited with status 7");
	status = run_shell("kill -TERM $$");
	command_describe_status(status, text, sizeof(text));
	assert_string_equal(text, "was ended by signal 15 (Terminated)");
}

static void tells_why_it_cannot_run(void **state)
{
	char *missing[] = {(char *)(uintptr_t) "no/such/command", NULL};
	char *directory[] = {(char *)(uintptr_t) "/", NULL};
	struct command command;
	struct err err;

	(void)state;
	start(missing, &command);
	assert_int_equal(command_release(&command, missing[0], &err), -ENOENT);
	assert_string_equal(err.text, "cannot run 'no/such/command': No such file or directory");
	command_reap(&command);
	command_close(&command);
	start(directory, &command);
	assert_int_equal(command_release(&command, directory[0], &err), -EACCES);
	command_reap(&command);
	command_close(&command);
}

/* The profiler gave up before sampling began: nothing of the command may run. */
static void never_runs_without_release(void **state)
{
	char path[64], *argv[] = {(char *)(uintptr_t) "touch", path, NULL};
	struct command command;
	pid_t pid;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/smolder_test_command.%d", getpid());
	start(argv, &command);
	pid = command.pid;
	command_close(&command);
	assert_int_equal(kill(pid, 0), -1); /* reaped */
	assert_int_equal(access(path, F_OK), -1);
	command_close(&command); /* of nothing: legal */
}

static void mark_child(void *ctx)
{
	*(volatile int *)ctx = getpid();
}

static void calls_back_in_the_child(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};
	int *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct command command;
	struct err err;

	(void)state;
	assert_ptr_not_equal(shared, MAP_FAILED);
	assert_int_equal(command_start(argv, mark_child, shared, &command, &err), 0);
	release(&command);
	assert_int_equal(*shared, command.pid);
	command_reap(&command);
	command_close(&command);
	munmap(shared, sizeof(*shared));
}

/* What the profiler blocks and ignores for itself is not the command's to inherit. */
static void inherits_no_signal_settings(void **state)
{
	sigset_t blocked, before;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	sigprocmask(SIG_BLOCK, &blocked, &before);
	assert_int_equal(run_shell("exec grep -q '^SigBlk:.0*$' /proc/self/status"), 0);
	assert_int_equal(run_shell("kill -PIPE $$"), SIGPIPE);
	sigprocmask(SIG_SETMASK, &before, NULL);
}

static int count_fds(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

static void leaves_no_descriptor(void **state)
{
	char *argv[] = {(char *)(uintptr_t) "no/such/command", NULL};
	int before = count_fds();
	struct command command;

	(void)state;
	assert_int_equal(run_shell("exit 0"), 0);
	start(argv, &command);
	assert_true(command_release(&command, argv[0], NULL) < 0);
	command_reap(&command);
	command_close(&command);
	start(argv, &command);
	command_close(&command);
	assert_int_equal(count_fds(), before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_at_its_gate),
		cmocka_unit_test(keeps_its_status),
		cmocka_unit_test(tells_why_it_cannot_run),
		cmocka_unit_test(never_runs_without_release),
		cmocka_unit_test(calls_back_in_the_child),
		cmocka_unit_test(inherits_no_signal_settings),
		cmocka_unit_test(leaves_no_descriptor),
	};

	signal(SIGPIPE, SIG_IGN); /* as the program does */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
