// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/processes_internal.h"

#include "profiler/process/jit_files.h"

static void look(struct processes *processes, const struct life *life, uint32_t jit)
{
	uint32_t tgids[ANCESTORS_MAX];
	size_t len = processes_ancestors(processes, life, tgids);

	jit_files_look(objects_jit_files(processes->objects), jit, tgids, len);
}

/* One of its own: until then a child's code is its parent's. */
static void follow(struct processes *processes, const struct life *life, struct image *image)
{
	struct jit_files *files = objects_jit_files(processes->objects);

	if (image->jit != JIT_NONE && !image->jit_inherited)
		return;
	image->jit = jit_files_follow(files, life->tgid, image->jit);
	image->jit_inherited = false;
	look(processes, life, image->jit);
}

void processes_see_jit(struct processes *processes, const struct life *life, struct image *image,
		       const struct mapping *mapping)
{
	struct object_sighting sighting = {.start = mapping->start, .limit = mapping->limit};
	const struct object *object;

	if (mapping->object == OBJECT_NONE)
		return;
	object = objects_get(processes->objects, mapping->object);
	sighting.path = object->path;
	if (object->kind == OBJECT_ANONYMOUS) {
		follow(processes, life, image);
	} else if (object->kind == OBJECT_FILE && jit_files_is_dump_name(object->path)) {
		follow(processes, life, image);
		jit_files_see_dump(objects_jit_files(processes->objects), image->jit, &sighting);
	}
}

void processes_see_jits(struct processes *processes, const struct life *life, struct image *image)
{
	size_t count = mappings_count(image->mappings);

	for (size_t i = 0; i < count; i++)
		processes_see_jit(processes, life, image, mappings_get(image->mappings, i));
}

uint32_t processes_private(struct processes *processes, const struct life *life,
			   struct image *image, uint32_t object)
{
	struct object_owner owner = {.tgid = life->tgid, .start_ns = life->start_ns};

	if (image && image->jit_inherited)
		follow(processes, life, image);
	owner.jit = image ? image->jit : JIT_NONE;
	return objects_private(processes->objects, object, &owner);
}

/* What it wrote at its very end. */
void processes_end_jit(struct processes *processes, const struct life *life)
{
	const struct image *image = life_current(life);

	if (image && image->jit != JIT_NONE && !image->jit_inherited)
		look(processes, life, image->jit);
}

void processes_forget_jit(struct processes *processes)
{
	struct jit_files *files = objects_jit_files(processes->objects);

	vec_for_each(&processes->lives.items, life) {
		if (!life->used)
			continue;
		vec_for_each(&life->images, image)
			jit_files_mark(files, image->jit);
	}
	jit_files_sweep(files);
}
