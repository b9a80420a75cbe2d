// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/processes_internal.h"

/* Is it that file's code, as far from its start as `file` has it? Then says so. */
static bool take_for(struct processes *processes, uint32_t tgid, const struct mapping *file,
		     struct mapping *mapping)
{
	uint64_t bias = file->start - file->file_offset;
	struct mapping copied = {
		.start = mapping->start,
		.limit = mapping->limit,
		.file_offset = mapping->start - bias,
		.object = file->object,
		.since_ns = mapping->since_ns,
	};
	const struct object *object;
	struct memory_span span;

	if (file->object < OBJECT_FIRST_FILE || file->object == OBJECT_NONE ||
	    copied.file_offset > INT64_MAX - (mapping->limit - mapping->start))
		return false;
	object = objects_get(processes->objects, file->object);
	if (object->kind != OBJECT_FILE || object->fd < 0)
		return false;
	span = (struct memory_span){
		.tgid = tgid,
		.address = copied.start,
		.len = copied.limit - copied.start,
		.fd = object->fd,
		.offset = copied.file_offset,
	};
	if (!memory_compare_is_same(&processes->compare, &span))
		return false;
	*mapping = copied;
	return true;
}

void processes_see_copied_text(struct processes *processes, const struct life *life,
			       const struct mappings *mappings, struct mapping *mapping)
{
	const struct mapping *const places[] = {
		mappings_find(mappings, mapping->start),
		mappings_find_replaced(mappings, mapping->start),
		mappings_find(mappings, mapping->start - 1),
		mappings_find(mappings, mapping->limit),
	};

	if (mapping->object != OBJECT_ID_ANON)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		if (places[i] && take_for(processes, life->tgid, places[i], mapping))
			return;
}
