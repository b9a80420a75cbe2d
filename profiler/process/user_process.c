// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/user_process.h"

#include "base/clock.h"
#include "profiler/process/procfs.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* A kernel without pid namespaces tells no numbers in them. */
static int read_both(uint32_t pid, struct procfs_status *status, struct procfs_stat *stat)
{
	int r = procfs_read_status(pid, status);

	if (r == -EINVAL)
		*status = (struct procfs_status){.tgid = pid, .own_tgid = pid};
	if (r == 0 || r == -EINVAL)
		r = procfs_read_stat(pid, stat);
	return r == -ENOENT ? -ESRCH : r;
}

int user_process_find(uint32_t pid, struct user_process *ret_process, struct err *err)
{
	struct procfs_status status;
	struct procfs_stat stat;
	int r = read_both(pid, &status, &stat);

	if (r == -ESRCH)
		return err_set(err, r, "no process has pid %u", pid);
	if (r < 0)
		return err_errno(err, r, "cannot look at process %u", pid);
	if (status.tgid != pid)
		return err_set(err, -EINVAL, "%u is a thread of process %u; use that pid", pid,
			       status.tgid);
	if (stat.is_kernel)
		return err_set(err, -EINVAL,
			       "process %u (%s) is a kernel thread: it has no user code", pid,
			       stat.comm);
	if (stat.is_dead)
		return err_set(err, -EINVAL, "process %u (%s) has ended: it is a zombie", pid,
			       stat.comm);
	ret_process->task = (struct smolder_task){
		.tgid = pid,
		.start_ns = stat.start_ticks * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK)),
	};
	ret_process->own_tgid = status.own_tgid;
	memcpy(ret_process->comm, stat.comm, sizeof(ret_process->comm));
	return 0;
}
