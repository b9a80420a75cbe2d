// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/target.h"

#include "profiler/collect/kernel_btf.h"
#include "profiler/process/user_process.h"

#include <errno.h>
#include <sys/syscall.h>

/* What the kernel refuses to watch, though it is there, is a thread. */
static int complain(uint32_t pid, int error, struct err *err)
{
	struct user_process process;
	int r = 0;

	if (error == -ESRCH)
		return err_set(err, error, "no process has pid %u", pid);
	if (error == -EINVAL || error == -ENOENT)
		r = user_process_find(pid, &process, err);
	return r < 0 ? r : err_errno(err, error, "cannot watch process %u", pid);
}

static int add_process(struct target *target, uint32_t pid, struct err *err)
{
	struct target_process process = {.pid = pid};
	int r;

	process.pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (process.pid_fd < 0)
		return complain(pid, -errno, err);
	r = vec_push(&target->processes, process);
	if (r < 0) {
		close(process.pid_fd);
		return err_errno(err, r, "cannot watch process %u", pid);
	}
	return 0;
}

static int prepare_pids(struct target *target, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < target->options.pids_len && r == 0; i++)
		r = add_process(target, target->options.pids[i], err);
	return r;
}

static int prepare_cgroup(const char *path, struct smolder_config *config, struct err *err)
{
	struct cgroup_path cgroup;
	int r = cgroup_path_resolve(path, &cgroup, err);

	if (r < 0)
		return r;
	config->filter_cgroup = true;
	config->cgroup_id = cgroup.id;
	config->cgroup_level = cgroup.level;
	config->cgroup_subsys = SMOLDER_CGROUP_V2;
	if (cgroup.v2)
		return 0;
	return kernel_btf_cgroup_subsys(cgroup.controller, &config->cgroup_subsys, err);
}

int target_prepare(const struct target_options *options, struct target *ret_target,
		   struct smolder_config *config, struct err *err)
{
	_cleanup_(target_close) struct target target = {.options = *options};
	int r = 0;

	if (options->kind == TARGET_PIDS)
		r = prepare_pids(&target, err);
	if (options->kind == TARGET_CGROUP)
		r = prepare_cgroup(options->cgroup, config, err);
	if (r < 0)
		return r;
	config->filter_targets = options->kind == TARGET_PIDS || options->kind == TARGET_COMMAND;
	config->follow_children = options->kind == TARGET_COMMAND || options->follow_children;
	*ret_target = TAKE(target, (struct target){0});
	return 0;
}

int target_start(struct target *target, void (*in_child)(void *ctx), void *ctx, struct err *err)
{
	if (target->options.kind != TARGET_COMMAND)
		return 0;
	return command_start(target->options.command, in_child, ctx, &target->command, err);
}

int target_arm(const struct target *target, struct sampler *sampler, struct err *err)
{
	int r = 0;

	if (target->options.kind == TARGET_COMMAND)
		return sampler_add_target(sampler, (uint32_t)target->command.pid, err);
	for (size_t i = 0; i < target->processes.len && r == 0; i++)
		r = sampler_add_target(sampler, target->processes.items[i].pid, err);
	return r;
}

int target_release(struct target *target, struct err *err)
{
	if (target->options.kind != TARGET_COMMAND)
		return 0;
	return command_release(&target->command, target->options.command[0], err);
}

int target_for_each_fd(const struct target *target, int (*watch)(void *ctx, int fd), void *ctx)
{
	int r = 0;

	if (target->options.kind == TARGET_COMMAND)
		return watch(ctx, target->command.pid_fd);
	for (size_t i = 0; i < target->processes.len && r == 0; i++)
		r = watch(ctx, target->processes.items[i].pid_fd);
	return r;
}

void target_note_end(struct target *target, int fd)
{
	if (target->options.kind == TARGET_COMMAND) {
		command_reap(&target->command);
		target->command_ended = true;
		return;
	}
	vec_for_each(&target->processes, process) {
		if (process->pid_fd != fd)
			continue;
		close(fd);
		*process = *vec_last(&target->processes);
		target->processes.len--;
		return;
	}
}

bool target_ended(const struct target *target, const struct sampler *sampler)
{
	if (target->options.kind == TARGET_COMMAND)
		return target->command_ended;
	if (target->options.kind != TARGET_PIDS || target->processes.len)
		return false;
	return !target->options.follow_children || sampler_count_targets(sampler) == 0;
}

void target_close(struct target *target)
{
	vec_for_each(&target->processes, process)
		close(process->pid_fd);
	vec_free(&target->processes);
	command_close(&target->command);
}
