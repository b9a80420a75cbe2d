/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A command to profile: started behind a gate, so that sampling is ready before its first
 * instruction, and reaped with its status.
 */
#ifndef SMOLDER_PROFILER_COMMAND_H
#define SMOLDER_PROFILER_COMMAND_H

#include "base/err.h"

#include <stdint.h>
#include <sys/types.h>

struct command {
	pid_t pid;
	int pid_fd;  /* readable when it has ended */
	int gate_fd; /* written to let it go; -1 afterwards */
	int fail_fd; /* carries the errno of a failed exec */
	int status;  /* as waitpid() gives it; valid after command_reap() */
};

/* `in_child` is called in the child before it waits at the gate; may be NULL. */
int command_start(char *const argv[], void (*in_child)(void *ctx), void *ctx,
		  struct command *ret_command, struct err *err) _warn_unused_;

/* Opens the gate. -ENOENT and the like, with a message, when the command cannot be executed. */
int command_release(struct command *command, const char *name, struct err *err) _warn_unused_;

/* Waits for its end, which pid_fd has announced. */
void command_reap(struct command *command);

/* "exited with status 3", "was ended by signal 15 (Terminated)". */
void command_describe_status(int status, char *text, size_t size);

/*
 * Lets go of it: one that was never released ends, one that still runs is left running. All zero is
 * legal, and what remains.
 */
void command_close(struct command *command);

#endif
