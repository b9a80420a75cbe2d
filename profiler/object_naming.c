// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/object_naming.h"

#include <errno.h>

void object_naming_free(struct object_naming *naming)
{
	vec_free(&naming->ids);
	vec_free(&naming->jits);
	kernel_naming_free(&naming->kernel);
}

/* ---- adding ---- */

/* Returns the position in `jits`. */
static int add_jit(struct object_naming *naming, const struct object *object)
{
	struct jit_sampled sampled = {.files = objects_jit_files(naming->objects),
				      .jit = object->owner.jit,
				      .time_ns = naming->time_ns};
	struct jit_naming jit;
	int r = jit_naming_make(&sampled, naming->namer, &jit);

	if (r == 0)
		r = vec_push(&naming->jits, jit);
	return r < 0 ? r : (int)naming->jits.len - 1;
}

/* There is one. */
static int add_kernel(struct object_naming *naming)
{
	int r = kernel_naming_make(naming->namer, &naming->kernel);

	return r < 0 ? r : naming->kernel.symbols;
}

static int add_file(const struct object_naming *naming, uint32_t id)
{
	const struct object *object = objects_get(naming->objects, id);
	int added = namer_add_file(naming->namer, object->fd, object->path);

	namer_set_owner(naming->namer, added, id);
	return added;
}

static int add_object(struct object_naming *naming, uint32_t id)
{
	const struct object *object = objects_get(naming->objects, id);

	switch (object->kind) {
	case OBJECT_KERNEL:
		return add_kernel(naming);
	case OBJECT_VDSO:
		return namer_add_vdso(naming->namer);
	case OBJECT_ANONYMOUS:
		return add_jit(naming, object);
	default:
		return add_file(naming, id);
	}
}

/* The namer's id of an object, or its position in `jits`; -ENOMEM. */
static int id_of(struct object_naming *naming, uint32_t object)
{
	int added;

	while (naming->ids.len <= object)
		if (vec_push(&naming->ids, 0) < 0)
			return -ENOMEM;
	if (naming->ids.items[object])
		return (int)naming->ids.items[object] - 1;
	added = add_object(naming, object);
	if (added >= 0)
		naming->ids.items[object] = (uint32_t)added + 1;
	return added;
}

/* ---- asking ---- */

int object_naming_ask(struct object_naming *naming, const struct namer_question *question,
		      struct namer_questions *questions)
{
	uint32_t object = (uint32_t)question->object;
	struct namer_question asked = *question;

	asked.object = id_of(naming, object);
	if (asked.object < 0)
		return asked.object;
	switch (objects_get(naming->objects, object)->kind) {
	case OBJECT_ANONYMOUS:
		jit_naming_ask(&naming->jits.items[asked.object], question, questions);
		return 0;
	case OBJECT_KERNEL:
		kernel_naming_ask(&naming->kernel, naming->namer, question, questions);
		return 0;
	default:
		return namer_questions_add(questions, &asked);
	}
}

int object_naming_lookup(struct object_naming *naming, uint32_t object, uint64_t offset,
			 struct sym_result *ret_result)
{
	int id = id_of(naming, object);

	if (id < 0)
		return id;
	switch (objects_get(naming->objects, object)->kind) {
	case OBJECT_ANONYMOUS:
		jit_naming_lookup(&naming->jits.items[id], naming->namer, offset, ret_result);
		break;
	case OBJECT_KERNEL:
		kernel_naming_lookup(&naming->kernel, naming->namer, offset, ret_result);
		break;
	default:
		namer_lookup(naming->namer, id, offset, ret_result);
	}
	return 0;
}

const char *object_naming_build_id(struct object_naming *naming, uint32_t object)
{
	int id;

	if (objects_get(naming->objects, object)->kind == OBJECT_ANONYMOUS)
		return "";
	id = id_of(naming, object);
	return id < 0 ? "" : namer_build_id(naming->namer, id);
}

const char *object_naming_reason(const struct object_naming *naming, uint32_t object,
				 const struct sym_result *result)
{
	const struct object *of = objects_get(naming->objects, object);

	if (of->kind == OBJECT_ANONYMOUS)
		return jit_naming_reason(&naming->jits.items[naming->ids.items[object] - 1],
					 result);
	if (result->reason == SYM_NO_FILE && of->unpinned != OBJECT_PINNED)
		return object_unpinned_name(of->unpinned);
	return sym_reason_name(result->reason);
}
