// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/object_roots.h"

#include "profiler/process/object_open.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#ifndef STATX_MNT_ID
#define STATX_MNT_ID 0x1000u /* since Linux 5.8 */
#endif

/* Takes the directory over; the result's descriptor is -1 when it cannot be used. */
static struct object_root identify(int fd)
{
	struct object_root root = {.fd = -1};
	struct statx status;

	if (fd < 0)
		return root;
	if (statx(fd, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &status) < 0) {
		close(fd);
		return root;
	}
	root.device = makedev(status.stx_dev_major, status.stx_dev_minor);
	root.inode = status.stx_ino;
	if (status.stx_mask & STATX_MNT_ID)
		root.mount = status.stx_mnt_id;
	root.fd = fd;
	return root;
}

static struct object_root open_root(const char *path)
{
	return identify(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

static struct object_root open_root_of(uint32_t tgid)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%u/root", tgid);
	return open_root(path);
}

/* The number under which this root is held, or OBJECT_ROOTS_MAX. */
static uint32_t find(const struct object_roots *roots, const struct object_root *root)
{
	for (uint32_t i = 0; i < roots->roots.len; i++) {
		const struct object_root *known = &roots->roots.items[i];

		if (known->fd >= 0 && known->device == root->device &&
		    known->inode == root->inode && known->mount == root->mount)
			return i;
	}
	return OBJECT_ROOTS_MAX;
}

static uint32_t free_place(struct object_roots *roots)
{
	for (uint32_t i = 0; i < roots->roots.len; i++)
		if (roots->roots.items[i].fd < 0)
			return i;
	if (roots->roots.len < OBJECT_ROOTS_MAX &&
	    vec_push(&roots->roots, ((struct object_root){.fd = -1})) == 0)
		return (uint32_t)roots->roots.len - 1;
	return OBJECT_ROOTS_MAX;
}

/* Takes the root over. */
static uint32_t keep(struct object_roots *roots, struct object_root root)
{
	uint32_t place = find(roots, &root);

	if (place != OBJECT_ROOTS_MAX) {
		close(root.fd);
		return place;
	}
	place = free_place(roots);
	if (place != OBJECT_ROOTS_MAX) {
		roots->roots.items[place] = root;
		return place;
	}
	close(root.fd);
	roots->over_cap++;
	return OBJECT_ROOT_HOST;
}

uint32_t object_roots_see(struct object_roots *roots, const uint32_t *tgids, size_t tgids_len)
{
	struct object_root root = {.fd = -1};

	if (roots->roots.len == 0) {
		root = open_root("/");
		if (root.fd < 0 || keep(roots, root) != OBJECT_ROOT_HOST)
			return OBJECT_ROOT_HOST;
		root.fd = -1;
	}
	for (size_t i = 0; i < tgids_len && root.fd < 0; i++)
		root = open_root_of(tgids[i]);
	return root.fd < 0 ? OBJECT_ROOT_HOST : keep(roots, root);
}

static int open_regular(int root_fd, const char *path)
{
	_cleanup_close_ int path_fd = object_open_beneath(root_fd, path);
	char self[32];
	struct stat status;
	int fd;

	if (path_fd < 0)
		return -ENOENT;
	if (fstat(path_fd, &status) < 0 || !S_ISREG(status.st_mode))
		return -EPERM;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	return fd < 0 ? -errno : fd;
}

int object_roots_open(const struct object_roots *roots, uint32_t root, const char *path)
{
	int fd = -ENOENT;

	if (root < roots->roots.len)
		fd = open_regular(roots->roots.items[root].fd, path);
	if (fd < 0 && root != OBJECT_ROOT_HOST)
		fd = open_regular(roots->roots.items[OBJECT_ROOT_HOST].fd, path);
	return fd;
}

int object_roots_copy(const struct object_roots *roots, struct object_roots *ret_copy)
{
	_cleanup_(object_roots_free) struct object_roots copy = {.over_cap = roots->over_cap};

	if (vec_reserve(&copy.roots, roots->roots.len) < 0)
		return -ENOMEM;
	vec_for_each(&roots->roots, root) {
		struct object_root *own = &copy.roots.items[copy.roots.len++];

		*own = *root;
		own->fd = fcntl(root->fd, F_DUPFD_CLOEXEC, 3);
	}
	*ret_copy = TAKE(copy, (struct object_roots){0});
	return 0;
}

void object_roots_release(struct object_roots *roots, const bool used[OBJECT_ROOTS_MAX])
{
	for (uint32_t i = OBJECT_ROOT_HOST + 1; i < roots->roots.len; i++)
		if (!used[i])
			cleanup_close_(&roots->roots.items[i].fd);
}

void object_roots_free(struct object_roots *roots)
{
	vec_for_each(&roots->roots, root)
		cleanup_close_(&root->fd);
	vec_free(&roots->roots);
}
