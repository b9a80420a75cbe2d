/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a process runs: its control group's path and, if that names one, its container's id. Known by
 * cgroup v2 id (the kernfs node id the kernel side puts into each sample); on hosts whose containers
 * live in v1 hierarchies, from /proc/PID/cgroup. Answers are kept for as long as they are asked for: an id
 * is looked up once, so that a container that is gone keeps its name. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_CONTAINER_H
#define SMOLDER_PROFILER_PROCESS_CONTAINER_H

#include "base/cleanup.h"
#include "profiler/process/idle_mark.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONTAINER_ID_LEN 64
#define CONTAINER_NONE 0 /* nothing is known: both labels are "" */

struct container_labels {         /* strings belong to the table, until its next release */
	const char *cgroup;       /* path from the hierarchy's root: "/system.slice/ssh.service" */
	const char *container_id; /* 12 to 64 hex digits, or an LXC name; "" outside containers */
};

struct containers;

struct containers_counters {
	uint64_t known;      /* control groups with a path */
	uint64_t unresolved; /* ids whose control group was gone, or not visible */
	uint64_t over_cap;   /* ids that found the table full */
};

int containers_new(struct containers **ret_containers) _warn_unused_;
struct containers *containers_free(struct containers *containers); /* NULL is legal */

/* Each the id of a set of labels, or CONTAINER_NONE. */
uint32_t containers_by_cgroup(struct containers *containers, uint64_t cgroup_id);
uint32_t containers_by_process(struct containers *containers, uint32_t tgid); /* reads /proc */

/* Does this host have v1 hierarchies, so that a v2 id may not tell the container? */
bool containers_need_process(const struct containers *containers);

void containers_labels(const struct containers *containers, uint32_t id,
		       struct container_labels *ret_labels);
const struct containers_counters *containers_counters(const struct containers *containers);

/*
 * Letting go: an id is in use when it is given out or marked. One that was not for some releases in a row
 * (IDLE_MARK_MAX) is forgotten, and may come to mean another.
 */
void containers_mark(struct containers *containers, uint32_t id);
void containers_release(struct containers *containers);

/* The container's id in a cgroup path, as a length (0: there is none) and where it starts. */
size_t container_id_find(const char *cgroup_path, const char **ret_start);

/*
 * The path in the text of a /proc/PID/cgroup file that tells most: one that names a container, else
 * v2's, else the deepest. Writes it NUL-terminated; false when the text holds none that fits.
 */
bool container_path_choose(const char *text, size_t len, char *path, size_t size);

#endif
