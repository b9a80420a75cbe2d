// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/command.h"

#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define EXIT_NOT_EXECUTED 127 /* as shells do */

static void restore_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
}

/* Only async-signal-safe calls from here on. */
static _Noreturn void run_child(char *const argv[], int gate_fd, int fail_fd)
{
	char byte;
	int error;

	if (read(gate_fd, &byte, 1) != 1) /* the profiler is gone */
		_exit(EXIT_NOT_EXECUTED);
	execvp(argv[0], argv);
	error = errno;
	(void)!write(fail_fd, &error, sizeof(error));
	_exit(EXIT_NOT_EXECUTED);
}

int command_start(char *const argv[], void (*in_child)(void *ctx), void *ctx,
		  struct command *ret_command, struct err *err)
{
	int gate[2], fail[2];
	struct command command;

	if (pipe2(gate, O_CLOEXEC) < 0)
		return err_errno(err, -errno, "cannot start '%s'", argv[0]);
	if (pipe2(fail, O_CLOEXEC) < 0) {
		int error = -errno;

		close(gate[0]);
		close(gate[1]);
		return err_errno(err, error, "cannot start '%s'", argv[0]);
	}
	command = (struct command){.gate_fd = gate[1], .fail_fd = fail[0], .pid_fd = -1};
	command.pid = fork();
	if (command.pid == 0) {
		close(gate[1]);
		restore_signals();
		if (in_child)
			in_child(ctx);
		run_child(argv, gate[0], fail[1]);
	}
	close(gate[0]);
	close(fail[1]);
	if (command.pid > 0)
		command.pid_fd = (int)syscall(SYS_pidfd_open, command.pid, 0);
	if (command.pid_fd < 0) {
		int error = -errno;

		command_close(&command);
		return err_errno(err, error, "cannot start '%s'", argv[0]);
	}
	*ret_command = command;
	return 0;
}

int command_release(struct command *command, const char *name, struct err *err)
{
	int error = 0, gate_fd = TAKE_FD(command->gate_fd);
	int r = fs_write_all(gate_fd, "", 1);

	close(gate_fd);
	if (r < 0)
		return err_errno(err, r, "cannot start '%s'", name);
	/* Closed without a word by a successful exec. */
	if (read(command->fail_fd, &error, sizeof(error)) == sizeof(error))
		return err_errno(err, -error, "cannot run '%s'", name);
	return 0;
}

void command_reap(struct command *command)
{
	if (command->pid <= 0)
		return;
	while (waitpid(command->pid, &command->status, 0) < 0 && errno == EINTR)
		;
	command->pid = 0;
}

void command_describe_status(int status, char *text, size_t size)
{
	if (WIFSIGNALED(status))
		snprintf(text, size, "was ended by signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "exited with status %d", WEXITSTATUS(status));
}

void command_close(struct command *command)
{
	bool unreleased = command->gate_fd > 0;

	if (!command->pid_fd) /* all zero: never started */
		return;
	cleanup_close_(&command->gate_fd);
	cleanup_close_(&command->fail_fd);
	cleanup_close_(&command->pid_fd);
	if (unreleased) /* the closed gate makes it exit by itself */
		command_reap(command);
	*command = (struct command){0};
}
