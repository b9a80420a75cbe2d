/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is to be profiled: the host, processes, a control group, or a command to start. */
#ifndef SMOLDER_PROFILER_TARGET_H
#define SMOLDER_PROFILER_TARGET_H

#include "base/err.h"
#include "base/vec.h"
#include "profiler/collect/sampler.h"
#include "profiler/command.h"
#include "profiler/process/cgroup_path.h"

#include <stdbool.h>
#include <stdint.h>

enum target_kind { TARGET_ALL, TARGET_PIDS, TARGET_CGROUP, TARGET_COMMAND };

struct target_options {
	enum target_kind kind;
	const uint32_t *pids;
	size_t pids_len;
	bool follow_children; /* of the pids; those of a command always are */
	const char *cgroup;
	char *const *command; /* NULL-terminated */
};

struct target_process {
	uint32_t pid;
	int pid_fd;
};

struct target {
	struct target_options options;
	VEC(struct target_process) processes; /* of TARGET_PIDS, those still alive */
	struct command command;
	bool command_ended; /* then command.status is valid */
};

/* Checks that it exists and fills the part of the configuration that filters by it. */
int target_prepare(const struct target_options *options, struct target *ret_target,
		   struct smolder_config *config, struct err *err) _warn_unused_;

/* Starts the command, behind its gate. `in_child` as for command_start(). */
int target_start(struct target *target, void (*in_child)(void *ctx), void *ctx, struct err *err)
	_warn_unused_;

/* Tells the loaded sampler. */
int target_arm(const struct target *target, struct sampler *sampler, struct err *err) _warn_unused_;

/* Opens the gate of the command, when sampling has begun. */
int target_release(struct target *target, struct err *err) _warn_unused_;

/* Fds that become readable when a process has ended: calls `watch` with each. */
int target_for_each_fd(const struct target *target, int (*watch)(void *ctx, int fd), void *ctx);

/* Takes note that the process of this fd has ended, and closes it. */
void target_note_end(struct target *target, int fd);

/* Has all that was to be profiled ended? Never for a host or a control group. */
bool target_ended(const struct target *target, const struct sampler *sampler);

void target_close(struct target *target);

#endif
