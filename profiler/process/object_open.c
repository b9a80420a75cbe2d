// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/object_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

/*
 * A file on these shows other numbers in a mapping than in stat(2): btrfs numbers subvolumes, overlayfs
 * shows the file underneath (before Linux 6.8). The inode is the same in both.
 */
static bool device_is_unreliable(int fd)
{
	struct statfs fs;

	return fstatfs(fd, &fs) == 0 &&
	       (fs.f_type == OVERLAYFS_SUPER_MAGIC || fs.f_type == BTRFS_SUPER_MAGIC);
}

static bool is_same_file(const struct object_sighting *sighting, const struct object_opened *opened)
{
	if (sighting->build_id_len)
		return sighting->build_id_len == opened->build_id.len &&
		       memcmp(sighting->build_id, opened->build_id.bytes, sighting->build_id_len) ==
			       0;
	if (!sighting->inode || sighting->inode != opened->inode)
		return false;
	return opened->device == makedev(sighting->major, sighting->minor) ||
	       device_is_unreliable(opened->fd);
}

/* Takes an O_PATH descriptor; nothing is opened for reading before it is known to be a plain file. */
static enum object_unpinned open_verified(int path_fd, const struct object_sighting *sighting,
					  struct object_opened *opened)
{
	_cleanup_close_ int fd = -1;
	char self[32];
	struct stat st;
	int r;

	if (fstat(path_fd, &st) < 0)
		return OBJECT_GONE;
	if (!S_ISREG(st.st_mode))
		return OBJECT_NOT_REGULAR;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", path_fd);
	fd = open(self, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE ? OBJECT_OVER_BUDGET : OBJECT_DENIED;
	r = object_build_id_read(fd, &opened->build_id);
	if (r < 0)
		return r == -ENOEXEC ? OBJECT_NOT_ELF : OBJECT_DENIED;
	opened->fd = fd;
	opened->device = st.st_dev;
	opened->inode = st.st_ino;
	if (!is_same_file(sighting, opened))
		return OBJECT_CHANGED;
	TAKE_FD(fd);
	return OBJECT_PINNED;
}

static enum object_unpinned unpinned_of_errno(int error)
{
	switch (error) {
	case EACCES:
	case EPERM:
		return OBJECT_DENIED;
	case EMFILE:
	case ENFILE:
		return OBJECT_OVER_BUDGET;
	default:
		return OBJECT_GONE;
	}
}

static enum object_unpinned open_by_map_files(const struct object_sighting *sighting,
					      struct object_opened *opened)
{
	_cleanup_close_ int path_fd = -1;
	char link[80];

	snprintf(link, sizeof(link), "/proc/%u/map_files/%lx-%lx", sighting->tgids[0],
		 (unsigned long)sighting->start, (unsigned long)sighting->limit);
	path_fd = open(link, O_PATH | O_CLOEXEC);
	if (path_fd < 0)
		return unpinned_of_errno(errno);
	return open_verified(path_fd, sighting, opened);
}

int object_open_beneath(int root_fd, const char *path)
{
	struct open_how how = {.flags = O_PATH | O_CLOEXEC,
			       .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	if (fd >= 0 || errno != ENOSYS)
		return fd;
	/* Linux before 5.6: the proof of identity alone must do. */
	return openat(root_fd, path[0] == '/' ? path + 1 : path, O_PATH | O_CLOEXEC);
}

static enum object_unpinned open_below(const char *root, const struct object_sighting *sighting,
				       struct object_opened *opened)
{
	_cleanup_close_ int root_fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_close_ int path_fd = -1;

	if (root_fd < 0)
		return unpinned_of_errno(errno);
	path_fd = object_open_beneath(root_fd, sighting->path);
	if (path_fd < 0)
		return unpinned_of_errno(errno);
	return open_verified(path_fd, sighting, opened);
}

static enum object_unpinned open_by_root(uint32_t tgid, const struct object_sighting *sighting,
					 struct object_opened *opened)
{
	char root[32];

	snprintf(root, sizeof(root), "/proc/%u/root", tgid);
	return open_below(root, sighting, opened);
}

/* The reason that says most: how the file itself was found wanting, before where it was not found. */
static enum object_unpinned better_reason(enum object_unpinned a, enum object_unpinned b)
{
	static const int rank[OBJECT_UNPINNED_COUNT] = {
		[OBJECT_GONE] = 0,    [OBJECT_DENIED] = 1,      [OBJECT_CHANGED] = 2,
		[OBJECT_NOT_ELF] = 3, [OBJECT_NOT_REGULAR] = 3, [OBJECT_OVER_BUDGET] = 4,
		[OBJECT_PINNED] = 5,
	};

	return rank[a] >= rank[b] ? a : b;
}

enum object_unpinned object_open(const struct object_sighting *sighting,
				 struct object_opened *ret_opened)
{
	enum object_unpinned reason = open_by_map_files(sighting, ret_opened);

	ret_opened->way = OBJECT_BY_MAP_FILES;
	for (size_t i = 0; i < sighting->tgids_len && reason != OBJECT_PINNED; i++) {
		reason = better_reason(reason,
				       open_by_root(sighting->tgids[i], sighting, ret_opened));
		ret_opened->way = i ? OBJECT_BY_ANCESTOR : OBJECT_BY_ROOT;
	}
	if (reason != OBJECT_PINNED) {
		reason = better_reason(reason, open_below("/", sighting, ret_opened));
		ret_opened->way = OBJECT_BY_HOST;
	}
	return reason;
}
