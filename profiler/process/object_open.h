/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Finds and opens the very file a mapping shows. In this order: through the process's own mapping
 * (works for deleted files and other mount namespaces), through its root, through the roots of its
 * ancestors, at the path itself. Whatever is found must prove to be that file. Never opens what is not
 * a regular file, never follows a path out of the root it is looked up in.
 */
#ifndef SMOLDER_PROFILER_PROCESS_OBJECT_OPEN_H
#define SMOLDER_PROFILER_PROCESS_OBJECT_OPEN_H

#include "profiler/process/object_build_id.h"
#include "profiler/process/objects.h"

enum object_way {
	OBJECT_BY_MAP_FILES,
	OBJECT_BY_ROOT,
	OBJECT_BY_ANCESTOR,
	OBJECT_BY_HOST,
};

struct object_opened {
	int fd; /* the caller's to close */
	enum object_way way;
	struct object_build_id build_id; /* the file's own; len 0: it has none */
	uint64_t device, inode;
};

/*
 * An O_PATH descriptor of the path below a root, which symbolic links and ".." do not lead out of, or -1
 * and errno.
 */
int object_open_beneath(int root_fd, const char *path);

/* `ret_opened` is filled with OBJECT_PINNED only. */
enum object_unpinned object_open(const struct object_sighting *sighting,
				 struct object_opened *ret_opened);

#endif
