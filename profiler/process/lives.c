// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/lives.h"

#include "base/clock.h"
#include "profiler/process/procfs.h"

#include <errno.h>
#include <string.h>

/*
 * Between a task's start_boottime and its fork record lies the rest of copy_process(), microseconds
 * unless it is preempted. A tgid cannot be used up and come round within this.
 */
#define FORK_DELAY_MAX_NS NS_PER_SEC

struct wanted {
	const struct lives *lives;
	uint32_t tgid;
};

static bool same_tgid(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return wanted->lives->items.items[id].tgid == wanted->tgid;
}

static uint64_t tgid_hash(uint32_t tgid)
{
	return hash_bytes(&tgid, sizeof(tgid));
}

static uint32_t newest_id(const struct lives *lives, uint32_t tgid)
{
	struct wanted wanted = {lives, tgid};

	return hashindex_find(&lives->by_tgid, tgid_hash(tgid), same_tgid, &wanted);
}

static struct life *life_at(struct lives *lives, uint32_t id)
{
	return id == LIFE_NONE ? NULL : &lives->items.items[id];
}

int lives_init(struct lives *lives, uint32_t max)
{
	*lives = (struct lives){.first_free = LIFE_NONE, .max = max};
	return vec_reserve(&lives->items, MIN(max, 256u));
}

static void free_images(struct life *life)
{
	vec_for_each(&life->images, image)
		mappings_unref(image->mappings);
	vec_free(&life->images);
}

void lives_free(struct lives *lives)
{
	vec_for_each(&lives->items, life)
		free_images(life);
	vec_free(&lives->items);
	hashindex_free(&lives->by_tgid);
}

/* Takes a life out of the row of its tgid. */
static void unlink_life(struct lives *lives, uint32_t id)
{
	struct life *life = life_at(lives, id);
	uint64_t hash = tgid_hash(life->tgid);
	uint32_t at = newest_id(lives, life->tgid);

	if (at == id) {
		hashindex_remove(&lives->by_tgid, hash, id);
		/* Cannot fail: a place has just become free. */
		if (life->older != LIFE_NONE &&
		    hashindex_add(&lives->by_tgid, hash, life->older) < 0)
			lives->over_cap++;
		return;
	}
	while (life_at(lives, at)->older != id)
		at = life_at(lives, at)->older;
	life_at(lives, at)->older = life->older;
}

static void forget(struct lives *lives, uint32_t id)
{
	struct life *life = life_at(lives, id);

	unlink_life(lives, id);
	free_images(life);
	lives->count--;
	lives->dead -= life->exited_ns != 0;
	*life = (struct life){.older = lives->first_free};
	lives->first_free = id;
}

/* Room for one more, if need be at the cost of the dead. */
static bool make_room(struct lives *lives)
{
	uint32_t before = lives->count;

	if (lives->count < lives->max)
		return true;
	if (!lives->dead)
		return false;
	lives_forget_before(lives, UINT64_MAX);
	lives->over_cap += before - lives->count;
	return lives->count < lives->max;
}

static uint32_t take_free(struct lives *lives)
{
	uint32_t id = lives->first_free;

	if (id != LIFE_NONE) {
		lives->first_free = life_at(lives, id)->older;
		return id;
	}
	if (vec_push(&lives->items, ((struct life){0})) < 0)
		return LIFE_NONE;
	return (uint32_t)lives->items.len - 1;
}

struct life *lives_add(struct lives *lives, uint32_t tgid)
{
	uint64_t hash = tgid_hash(tgid);
	uint32_t older, id;

	if (!make_room(lives)) {
		lives->over_cap++;
		return NULL;
	}
	id = take_free(lives);
	if (id == LIFE_NONE)
		return NULL;
	older = newest_id(lives, tgid);
	if (older != LIFE_NONE)
		hashindex_remove(&lives->by_tgid, hash, older);
	if (hashindex_add(&lives->by_tgid, hash, id) < 0) {
		*life_at(lives, id) = (struct life){.older = lives->first_free};
		lives->first_free = id;
		return NULL;
	}
	*life_at(lives, id) = (struct life){.tgid = tgid, .used = true, .older = older};
	lives->count++;
	return life_at(lives, id);
}

struct life *lives_newest(struct lives *lives, uint32_t tgid)
{
	return life_at(lives, newest_id(lives, tgid));
}

static bool started_at(const struct life *life, uint64_t start_ns)
{
	if (life->start_ns)
		return life->start_ns == start_ns;
	if (life->start_ticks)
		return life->start_ticks == procfs_ticks_of_ns(start_ns);
	return life->fork_ns && start_ns <= life->fork_ns &&
	       life->fork_ns - start_ns < FORK_DELAY_MAX_NS;
}

struct life *lives_find(struct lives *lives, uint32_t tgid, uint64_t start_ns)
{
	for (struct life *life = lives_newest(lives, tgid); life;
	     life = life_at(lives, life->older)) {
		if (!started_at(life, start_ns))
			continue;
		life->start_ns = start_ns;
		return life;
	}
	return NULL;
}

static bool is_of_unknown_start(const struct life *life)
{
	return !life->start_ns && !life->start_ticks && !life->fork_ns;
}

struct life *lives_find_at(struct lives *lives, const struct smolder_task *task, uint64_t time_ns)
{
	struct life *life = lives_find(lives, task->tgid, task->start_ns);

	if (life)
		return life;
	life = lives_newest(lives, task->tgid);
	if (!life || life->exited_ns || !is_of_unknown_start(life))
		return NULL;
	if (task->start_ns > life->seen_ns || time_ns < life->seen_ns)
		return NULL;
	life->start_ns = task->start_ns;
	return life;
}

void lives_note_exit(struct lives *lives, struct life *life, uint64_t time_ns)
{
	struct image *image = life_current(life);

	if (life->exited_ns)
		return;
	life->exited_ns = MAX(time_ns, UINT64_C(1));
	lives->dead++;
	if (image)
		image->ended_ns = time_ns;
}

static void forget_images_before(struct life *life, uint64_t time_ns)
{
	size_t old = 0;

	while (old + 1 < life->images.len && life->images.items[old].ended_ns < time_ns)
		mappings_unref(life->images.items[old++].mappings);
	if (!old)
		return;
	life->images.len -= old;
	memmove(life->images.items, life->images.items + old,
		life->images.len * sizeof(*life->images.items));
}

void lives_forget_before(struct lives *lives, uint64_t time_ns)
{
	for (uint32_t id = 0; id < lives->items.len; id++) {
		struct life *life = life_at(lives, id);

		if (!life->used)
			continue;
		if (life->exited_ns && life->exited_ns < time_ns) {
			forget(lives, id);
			continue;
		}
		forget_images_before(life, time_ns);
		vec_for_each(&life->images, image) {
			mappings_forget_replaced(image->mappings, time_ns);
			if (image->changed_ns < time_ns)
				image->changed_ns = 0;
		}
	}
}

struct image *life_current(const struct life *life)
{
	return life->images.len ? &life->images.items[life->images.len - 1] : NULL;
}

static void drop_oldest_image(struct lives *lives, struct life *life)
{
	lives->images_over_cap++;
	mappings_unref(life->images.items[0].mappings);
	life->images.len--;
	memmove(life->images.items, life->images.items + 1,
		life->images.len * sizeof(*life->images.items));
}

struct image *life_add_image(struct lives *lives, struct life *life, uint64_t began_ns,
			     struct mappings *mappings)
{
	struct image image = {.mappings = mappings, .began_ns = began_ns, .verified_ns = began_ns};

	if (life->images.len == LIFE_IMAGES_MAX)
		drop_oldest_image(lives, life);
	if (!mappings || vec_push(&life->images, image) < 0) {
		mappings_unref(mappings);
		return NULL;
	}
	if (life->images.len > 1)
		life->images.items[life->images.len - 2].ended_ns = began_ns;
	return life_current(life);
}

void life_deduce_exec_gens(struct life *life)
{
	struct image *images = life->images.items;

	for (size_t i = life->images.len; i-- > 1;) {
		if (!images[i].follows || !images[i].exec_gen_known || images[i - 1].exec_gen_known)
			continue;
		images[i - 1].exec_gen = images[i].exec_gen - 1;
		images[i - 1].exec_gen_known = true;
	}
	for (size_t i = 1; i < life->images.len; i++) {
		if (!images[i].follows || !images[i - 1].exec_gen_known || images[i].exec_gen_known)
			continue;
		images[i].exec_gen = images[i - 1].exec_gen + 1;
		images[i].exec_gen_known = true;
	}
}
