/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The control group hierarchies that are mounted, from a mountinfo file (proc(5)). */
#ifndef SMOLDER_PROFILER_PROCESS_CGROUP_MOUNTS_H
#define SMOLDER_PROFILER_PROCESS_CGROUP_MOUNTS_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

#define CGROUP_MOUNT_PATH_LEN 4096

struct cgroup_mount {
	bool v2;
	char controllers[256];            /* v1: "cpu,cpuacct", "name=systemd"; v2: "" */
	char path[CGROUP_MOUNT_PATH_LEN]; /* where it is mounted */
	char root[CGROUP_MOUNT_PATH_LEN]; /* which group of the hierarchy is there: "/", … */
};

/* Calls back for each mount, in the file's order. 0 or a negative errno of reading the file. */
int cgroup_mounts_each(const char *mountinfo_path,
		       void (*note)(void *ctx, const struct cgroup_mount *mount), void *ctx)
	_warn_unused_;

#endif
