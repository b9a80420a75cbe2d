/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The root directories that processes see, each distinct one held open from its first sight on: so that
 * what lies beside a program is found as the program would find it, also when it is gone. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_OBJECT_ROOTS_H
#define SMOLDER_PROFILER_PROCESS_OBJECT_ROOTS_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define OBJECT_ROOT_HOST 0u /* our own; also when the process was gone, or too many are held */
#define OBJECT_ROOTS_MAX 128

struct object_root {
	uint64_t device, inode, mount; /* mount: 0 where the kernel does not tell (before 5.8) */
	int fd;                        /* -1: the number is free */
};

struct object_roots {                  /* all zero: empty and valid */
	VEC(struct object_root) roots; /* number 0 is our own, once there is one */
	uint64_t over_cap;
};

/* The number of the root of the first of these processes that lives. */
uint32_t object_roots_see(struct object_roots *roots, const uint32_t *tgids, size_t tgids_len);

/*
 * Opens a regular file for reading by its path in a root; when it is not there, in ours. A descriptor
 * or -errno. No link leads out of the root, and nothing but a regular file is ever opened.
 */
int object_roots_open(const struct object_roots *roots, uint32_t root, const char *path);

/* All of them, under the same numbers, with descriptors of their own; one too many opens nothing. */
int object_roots_copy(const struct object_roots *roots, struct object_roots *ret_copy)
	_warn_unused_;

/* Closes those that are not used: a root that is held keeps its mounts. Their numbers will be others'. */
void object_roots_release(struct object_roots *roots, const bool used[OBJECT_ROOTS_MAX]);

void object_roots_free(struct object_roots *roots);

#endif
