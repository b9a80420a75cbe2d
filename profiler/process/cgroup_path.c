// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/cgroup_path.h"

#include "base/vec.h"
#include "profiler/process/cgroup_mounts.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#define INITIAL_CGROUP_NAMESPACE 0xEFFFFFFBu /* PROC_CGROUP_INIT_INO, include/linux/proc_ns.h */

struct lookup {
	const char *path;
	char found[PATH_MAX]; /* the directory, resolved */
	struct cgroup_mount mount;
	bool matched;
	char mounts[512]; /* where was looked, for the message */
};

static bool is_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	return strncmp(path, top, len) == 0 && (!path[len] || path[len] == '/');
}

/* The path is a directory of the file system: the innermost mount that holds it is its hierarchy. */
static void match_directory(void *ctx, const struct cgroup_mount *mount)
{
	struct lookup *lookup = ctx;

	if (!is_below(lookup->found, mount->path))
		return;
	if (lookup->matched && strlen(mount->path) < strlen(lookup->mount.path))
		return;
	lookup->mount = *mount;
	lookup->matched = true;
}

/* The path is one from a hierarchy's root: v2 goes before v1, else the first mount that has it. */
static void match_from_root(void *ctx, const struct cgroup_mount *mount)
{
	struct lookup *lookup = ctx;
	size_t len = strlen(lookup->mounts);
	char joined[2 * PATH_MAX], resolved[PATH_MAX];

	snprintf(lookup->mounts + len, sizeof(lookup->mounts) - len, "%s%s", len ? ", " : "",
		 mount->path);
	if (lookup->matched && (lookup->mount.v2 || !mount->v2))
		return;
	snprintf(joined, sizeof(joined), "%s/%s", mount->path, lookup->path);
	if (!realpath(joined, resolved) || !is_below(resolved, mount->path))
		return;
	memcpy(lookup->found, resolved, sizeof(lookup->found));
	lookup->mount = *mount;
	lookup->matched = true;
}

static uint32_t components(const char *path)
{
	uint32_t count = 0;

	for (const char *at = path; *at; at++)
		count += at[0] == '/' && at[1] && at[1] != '/';
	return count;
}

static int find_hierarchy(const char *mountinfo_path, struct lookup *lookup, struct err *err)
{
	int r = 0;

	if (realpath(lookup->path, lookup->found))
		r = cgroup_mounts_each(mountinfo_path, match_directory, lookup);
	if (r == 0 && !lookup->matched)
		r = cgroup_mounts_each(mountinfo_path, match_from_root, lookup);
	if (r < 0)
		return err_errno(err, r, "cannot read '%s'", mountinfo_path);
	if (lookup->matched)
		return 0;
	if (!lookup->mounts[0])
		return err_set(err, -ENOENT, "cannot find control group '%s': none is mounted",
			       lookup->path);
	return err_set(err, -ENOENT, "there is no control group '%s' (looked below %s)",
		       lookup->path, lookup->mounts);
}

/* The first controller names the hierarchy in the kernel; one that has only a name has none. */
static int find_controller(const struct lookup *lookup, struct cgroup_path *resolved,
			   struct err *err)
{
	const char *controllers = lookup->mount.controllers;
	size_t len = strcspn(controllers, ",");

	if (lookup->mount.v2)
		return 0;
	if (strncmp(controllers, "name=", 5) == 0 || len >= sizeof(resolved->controller))
		return err_set(err, -EOPNOTSUPP,
			       "cannot filter by control group '%s': its hierarchy '%s' has no "
			       "controller; name a group of another one",
			       lookup->path, controllers);
	memcpy(resolved->controller, controllers, len);
	return 0;
}

static int check_namespace(const struct lookup *lookup, struct err *err)
{
	struct stat st;

	if (stat("/proc/self/ns/cgroup", &st) < 0 || st.st_ino == INITIAL_CGROUP_NAMESPACE)
		return 0;
	return err_set(err, -EOPNOTSUPP,
		       "cannot filter by control group '%s' from inside a cgroup namespace: "
		       "run smolder in the host's",
		       lookup->path);
}

int cgroup_path_resolve_in(const char *mountinfo_path, const char *path,
			   struct cgroup_path *ret_resolved, struct err *err)
{
	struct lookup lookup = {.path = path};
	struct cgroup_path resolved = {0};
	struct stat st;
	int r;

	if (!path[0])
		return err_set(err, -ENOENT, "an empty path names no control group");
	r = find_hierarchy(mountinfo_path, &lookup, err);
	if (r == 0)
		r = check_namespace(&lookup, err);
	if (r == 0)
		r = find_controller(&lookup, &resolved, err);
	if (r < 0)
		return r;
	if (stat(lookup.found, &st) < 0)
		return err_errno(err, -errno, "cannot look at control group '%s'", lookup.found);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, -ENOTDIR, "'%s' is a file, not a control group", lookup.found);
	resolved.v2 = lookup.mount.v2;
	resolved.id = st.st_ino;
	resolved.level = components(lookup.mount.root) +
			 components(lookup.found + strlen(lookup.mount.path));
	memcpy(resolved.path, lookup.found, sizeof(resolved.path));
	*ret_resolved = resolved;
	return 0;
}

int cgroup_path_resolve(const char *path, struct cgroup_path *ret_resolved, struct err *err)
{
	return cgroup_path_resolve_in("/proc/self/mountinfo", path, ret_resolved, err);
}
