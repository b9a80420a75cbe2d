/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A control group as the user names it (`--cgroup PATH`) → what the kernel side filters by. */
#ifndef SMOLDER_PROFILER_PROCESS_CGROUP_PATH_H
#define SMOLDER_PROFILER_PROCESS_CGROUP_PATH_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cgroup_path {
	bool v2;
	char controller[32]; /* v1: one controller of the hierarchy, "memory"; v2: "" */
	uint64_t id;         /* kernfs node id: what cgroup->kn->id is in the kernel */
	uint32_t level;      /* cgroup->level: 0 is the hierarchy's root */
	char path[4096];     /* the directory, resolved */
};

/*
 * `path` is a directory below a cgroup mount, or a path from a hierarchy's root, with or without a
 * leading slash; then v2 is searched first, v1 hierarchies in the order of their mounts. Errors: -ENOENT
 * there is no such group, -ENOTDIR, -EOPNOTSUPP a v1 hierarchy without a controller ("name=systemd"),
 * or one seen from inside a cgroup namespace, where a group's level cannot be told.
 */
int cgroup_path_resolve(const char *path, struct cgroup_path *ret_resolved, struct err *err)
	_warn_unused_;

/* The same, with another file in place of /proc/self/mountinfo (for tests). */
int cgroup_path_resolve_in(const char *mountinfo_path, const char *path,
			   struct cgroup_path *ret_resolved, struct err *err) _warn_unused_;

#endif
