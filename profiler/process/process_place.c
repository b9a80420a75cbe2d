// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/processes_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

/* The page of fixed address that x86-64 keeps for old programs: asm/vsyscall.h. */
#define VSYSCALL_START UINT64_C(0xffffffffff600000)
#define VSYSCALL_LEN UINT64_C(0x1000)

/* Looks for a process in /proc once only: one not found is noted down as dead, without images. */
static struct life *life_of_task(struct processes *processes, const struct smolder_task *task)
{
	struct life *life = lives_find(&processes->lives, task->tgid, task->start_ns);

	if (life)
		return life;
	life = lives_newest(&processes->lives, task->tgid);
	if (life && !life->exited_ns)
		return processes_identify(processes, life, task);
	life = processes_discover(processes, task);
	if (life)
		return life;
	life = lives_add(&processes->lives, task->tgid);
	if (life) {
		life->start_ns = task->start_ns;
		lives_note_exit(&processes->lives, life, clock_ns(CLOCK_BOOTTIME));
	}
	return life;
}

static struct image *image_of_gen(const struct life *life, uint32_t exec_gen)
{
	for (size_t i = life->images.len; i-- > 0;) {
		struct image *image = &life->images.items[i];

		if (image->exec_gen_known && image->exec_gen == exec_gen)
			return image;
	}
	return NULL;
}

/* With one image there is no doubt which one is meant, unless news of an exec was lost or is pending. */
static bool is_only_image(struct processes *processes, const struct life *life)
{
	const struct image *image = life_current(life);

	return life->images.len == 1 && !image->exec_gen_known &&
	       !image_is_doubtful(processes, image) &&
	       !processes_exec_is_pending(processes, life->tgid);
}

static struct image *image_of_task(struct processes *processes, struct life *life,
				   const struct smolder_task *task)
{
	struct image *image = image_of_gen(life, task->exec_gen);

	if (image)
		return image;
	if (is_only_image(processes, life)) {
		image = life_current(life);
		image->exec_gen = task->exec_gen;
		image->exec_gen_known = true;
		return image;
	}
	/* Of several images, /proc can tell about the last one only, and not that it is the one. */
	if (life->images.len > 1 && !life_current(life)->exec_gen_known)
		return NULL;
	return processes_reread(processes, life, task->exec_gen) ? life_current(life) : NULL;
}

/*
 * Until an exec ends, the registers are still those of the system call that began it, though the
 * memory and the generation are new: the address lies in the image before. Only to be said of an
 * image all of whose mappings are known.
 */
static const struct mapping *find_in_image_before(struct processes *processes,
						  const struct life *life,
						  const struct image *image, uint64_t address)
{
	const struct image *before = image_of_gen(life, image->exec_gen - 1);
	const struct mapping *mapping = NULL;

	if (before && image->follows && !image_is_doubtful(processes, image))
		mapping = mappings_find(before->mappings, address);
	processes->counters.during_exec += mapping != NULL;
	return mapping;
}

static const struct mapping *find_mapping(struct processes *processes, struct life *life,
					  struct image *image, uint64_t address)
{
	const struct mapping *mapping = mappings_find(image->mappings, address), *before;
	bool is_current = image == life_current(life);

	if (mapping && !(is_current && image_is_doubtful(processes, image)))
		return mapping;
	before = mapping ? NULL : find_in_image_before(processes, life, image, address);
	if (before)
		return before;
	if (is_current && processes_reread(processes, life, image->exec_gen)) {
		image = life_current(life);
		mapping = mappings_find(image->mappings, address);
		if (mapping) {
			processes->counters.rereads_useful++;
			life->reread_delay_ns = 0;
		}
	}
	return mapping ? mapping : mappings_find_replaced(image->mappings, address);
}

/* With the object that the mapping is for this process. */
static enum place_reason place_in(const struct processes *processes, const struct mapping *mapping,
				  uint32_t object, struct place *place)
{
	if (object == OBJECT_NONE)
		return PLACE_NO_ROOM;
	place->object = object;
	if (objects_get(processes->objects, object)->kind == OBJECT_ANONYMOUS)
		return PLACE_ANONYMOUS;
	place->offset = place->offset - mapping->start + mapping->file_offset;
	return PLACE_OK;
}

static bool was_another_file(const struct image *image, const struct mapping *mapping,
			     uint64_t address)
{
	const struct mapping *before = NULL;

	if (image)
		before = mappings_find_replaced(image->mappings, address);
	return before && before->object != mapping->object;
}

static enum place_reason find_place(struct processes *processes, const struct smolder_task *task,
				    uint64_t address, struct place *place)
{
	struct life *life = life_of_task(processes, task);
	const struct mapping *mapping;
	struct image *image;

	if (!life || (life->exited_ns && !life->images.len))
		return PLACE_UNKNOWN_PROCESS;
	image = image_of_task(processes, life, task);
	if (!image)
		return PLACE_UNKNOWN_IMAGE;
	mapping = find_mapping(processes, life, image, address);
	if (!mapping)
		return PLACE_UNMAPPED;
	image = image_of_gen(life, task->exec_gen);
	processes->counters.ambiguous += was_another_file(image, mapping, address);
	return place_in(processes, mapping,
			processes_private(processes, life, image, mapping->object), place);
}

void processes_normalize(struct processes *processes, const struct smolder_task *task,
			 uint64_t address, struct place *ret_place)
{
	struct place place = {.object = OBJECT_NONE, .offset = address};

	if (address - VSYSCALL_START < VSYSCALL_LEN) {
		place.object = OBJECT_ID_VSYSCALL;
		place.offset = address - VSYSCALL_START;
		place.reason = PLACE_OK;
	} else {
		place.reason = find_place(processes, task, address, &place);
	}
	processes->counters.places[place.reason]++;
	*ret_place = place;
}

uint32_t processes_kernel_object(const struct processes *processes, uint64_t address)
{
	const struct kernel_program *program = kernel_programs_find(&processes->programs, address);

	return program ? program->object : OBJECT_ID_KERNEL;
}

void processes_place(struct processes *processes, const struct smolder_task *task,
		     struct place *place)
{
	struct life *life = lives_find(&processes->lives, task->tgid, task->start_ns);

	if (life)
		place->object = processes_private(
			processes, life, image_of_gen(life, task->exec_gen), place->object);
	place->reason = PLACE_OK;
	if (place->object == OBJECT_NONE)
		place->reason = PLACE_NO_ROOM;
	else if (objects_get(processes->objects, place->object)->kind == OBJECT_ANONYMOUS)
		place->reason = PLACE_ANONYMOUS;
	processes->counters.places[place->reason]++;
}

static struct image *find_image(struct processes *processes, const struct smolder_task *task)
{
	struct life *life = life_of_task(processes, task);

	return life ? image_of_task(processes, life, task) : NULL;
}

const struct mappings *processes_mappings(struct processes *processes,
					  const struct smolder_task *task, uint64_t *ret_changed_ns)
{
	const struct image *image = find_image(processes, task);

	if (!image)
		return NULL;
	*ret_changed_ns = image->changed_ns;
	return image->mappings;
}

int processes_mappings_at(struct processes *processes, const struct smolder_task *task,
			  uint64_t time_ns, struct mappings **ret_mappings)
{
	const struct image *image = find_image(processes, task);

	return image ? mappings_at(image->mappings, time_ns, ret_mappings) : -ESRCH;
}

bool processes_take_changed(struct processes *processes, uint32_t *ret_tgid)
{
	if (!processes->changed.len)
		return false;
	*ret_tgid = processes->changed.items[--processes->changed.len];
	return true;
}

bool processes_is_alive(struct processes *processes, const struct smolder_task *task)
{
	const struct life *life = lives_find(&processes->lives, task->tgid, task->start_ns);

	return life && !life->exited_ns;
}

const char *place_reason_name(enum place_reason reason)
{
	static const char *const names[PLACE_REASON_COUNT] = {
		[PLACE_OK] = "placed",
		[PLACE_ANONYMOUS] = "anonymous memory",
		[PLACE_UNKNOWN_PROCESS] = "unknown process",
		[PLACE_UNKNOWN_IMAGE] = "unknown image of the process",
		[PLACE_UNMAPPED] = "unmapped address",
		[PLACE_CHANGED] = "mappings changing",
		[PLACE_NO_ROOM] = "too many object files",
	};

	return names[reason];
}

const char *processes_comm(struct processes *processes, const struct smolder_task *task)
{
	const struct life *life = lives_find(&processes->lives, task->tgid, task->start_ns);
	const struct image *image = NULL;

	if (life)
		image = image_of_gen(life, task->exec_gen);
	if (life && !image && life->images.len == 1)
		image = life_current(life);
	if (!image)
		return "";
	memcpy(processes->comm, image->comm, sizeof(processes->comm));
	return processes->comm;
}
