// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/objects_internal.h"

#include "profiler/process/jit_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

static void objects_cleanup(struct objects **objects)
{
	objects_free(*objects);
}

static int copy_entry(const struct objects *objects, const struct object_entry *from,
		      struct objects *into)
{
	struct object_entry entry = *from;

	if (from->object.kind == OBJECT_ANONYMOUS)
		entry.object.owner.jit =
			jit_files_copy(objects->jit_files, from->object.owner.jit, into->jit_files);
	entry.object.path = strdup(from->object.path);
	if (!entry.object.path || vec_push(&into->entries, entry) < 0) {
		free((void *)(uintptr_t)entry.object.path);
		return -ENOMEM;
	}
	if (from->object.fd < 0)
		return 0;
	entry.object.fd = fcntl(from->object.fd, F_DUPFD_CLOEXEC, 3);
	if (entry.object.fd < 0)
		entry.object.unpinned = OBJECT_OVER_BUDGET;
	entry.object.path = vec_last(&into->entries)->object.path;
	*vec_last(&into->entries) = entry;
	into->fds += entry.object.fd >= 0;
	return 0;
}

int objects_extract(const struct objects *objects, const uint32_t *ids, size_t len,
		    struct objects **ret_objects)
{
	_cleanup_(objects_cleanup) struct objects *into = NULL;
	int r = objects_new(&(struct objects_options){0}, &into);

	if (r == 0)
		r = object_roots_copy(&objects->roots, &into->roots);
	for (size_t i = 0; i < len && r == 0; i++)
		r = copy_entry(objects, &objects->entries.items[ids[i]], into);
	if (r == 0)
		*ret_objects = TAKE_PTR(into);
	return r;
}
