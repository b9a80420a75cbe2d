// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/objects_internal.h"

void objects_mark(struct objects *objects, uint32_t id)
{
	if (id < objects->entries.len)
		objects->entries.items[id].idle.marked = true;
}

/* Without memory to note it down, the id is not used again. */
static void drop(struct objects *objects, uint32_t id)
{
	struct object_entry *entry = &objects->entries.items[id];

	if (entry->object.kind == OBJECT_FILE)
		objects->counters.unpinned[entry->object.unpinned]--;
	objects->fds -= entry->object.fd >= 0;
	cleanup_close_(&entry->object.fd);
	free((void *)(uintptr_t)entry->object.path);
	*entry = (struct object_entry){.is_free = true, .object.fd = -1};
	objects->counters.released++;
	(void)!vec_push(&objects->free_ids, id);
}

/* All identities that led to what is gone, also those that it took over from others. */
static void index_anew(struct objects *objects)
{
	hashindex_clear(&objects->index);
	for (uint32_t id = 0; id < objects->entries.len; id++)
		if (!objects->entries.items[id].is_free && objects_index(objects, id) < 0)
			objects->counters.over_cap++;
}

static void release_roots(struct objects *objects)
{
	bool used[OBJECT_ROOTS_MAX] = {false};

	vec_for_each(&objects->entries, entry)
		if (!entry->is_free && entry->object.kind == OBJECT_FILE)
			used[entry->object.root] = true;
	object_roots_release(&objects->roots, used);
}

void objects_release(struct objects *objects, void (*forget)(void *ctx, uint32_t id), void *ctx)
{
	uint64_t before = objects->counters.released;

	for (uint32_t id = OBJECT_FIRST_FILE; id < objects->entries.len; id++) {
		struct object_entry *entry = &objects->entries.items[id];

		if (entry->is_free || !idle_mark_is_due(&entry->idle))
			continue;
		if (forget)
			forget(ctx, id);
		drop(objects, id);
	}
	if (objects->counters.released != before)
		index_anew(objects);
	release_roots(objects);
}
