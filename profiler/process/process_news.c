// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/processes_internal.h"

#include "profiler/process/jit_files.h"

#include <string.h>

static void set_comm(struct image *image, const char *comm)
{
	size_t len = strnlen(comm, sizeof(image->comm) - 1);

	memcpy(image->comm, comm, len);
	memset(image->comm + len, 0, sizeof(image->comm) - len);
}

/* Is the record older than what was read from /proc since? */
static bool is_old_news(const struct life *life, uint64_t time_ns)
{
	return life->known_ns > time_ns;
}

/* An image of which nothing is known but that it runs; the first miss makes us look. */
static struct image *add_blank_image(struct processes *processes, struct life *life,
				     uint64_t time_ns)
{
	struct image *image = life_add_image(&processes->lives, life, time_ns, mappings_new());

	if (!image)
		processes->counters.no_memory++;
	return image;
}

/* A process the side band tells of, of whose start we have missed the news. */
static struct life *add_seen_life(struct processes *processes, uint32_t tgid, uint64_t time_ns)
{
	struct life *life = lives_add(&processes->lives, tgid);

	if (!life)
		return NULL;
	life->seen_ns = time_ns;
	life->labels_stale = true;
	return life;
}

/* The life a record of this time is about; NULL when there is no use for the record. */
static struct life *life_of_record(struct processes *processes, uint32_t tgid, uint64_t time_ns)
{
	struct life *life = lives_newest(&processes->lives, tgid);

	if (!life || (life->exited_ns && life->exited_ns < time_ns))
		return add_seen_life(processes, tgid, time_ns);
	return is_old_news(life, time_ns) ? NULL : life;
}

static bool is_known_mapping(const struct image *image, const struct mapping *mapping)
{
	const struct mapping *known = mappings_find(image->mappings, mapping->start);

	return known && known->start == mapping->start && known->limit == mapping->limit &&
	       known->file_offset == mapping->file_offset && known->object == mapping->object;
}

/* Who does not take notice of changes in time sees them when it looks at all. */
static void note_change(struct processes *processes, uint32_t tgid)
{
	if (processes->changed.len && *vec_last(&processes->changed) == tgid)
		return;
	if (processes->changed.len < CHANGED_MAX)
		(void)!vec_push(&processes->changed, tgid);
}

static void apply_mmap(struct processes *processes, const struct sideband_record *record)
{
	struct life *life = life_of_record(processes, record->tgid, record->time_ns);
	struct object_sighting sighting = {
		.path = record->text,
		.major = record->mmap.major,
		.minor = record->mmap.minor,
		.inode = record->mmap.inode,
		.build_id = record->mmap.build_id,
		.build_id_len = record->mmap.build_id_len,
		.start = record->mmap.start,
		.limit = record->mmap.start + record->mmap.len,
	};
	struct mapping mapping = {.start = sighting.start,
				  .limit = sighting.limit,
				  .file_offset = record->mmap.file_offset,
				  .since_ns = record->time_ns};
	struct image *image = life ? life_current(life) : NULL;

	if (life && !image)
		image = add_blank_image(processes, life, record->time_ns);
	if (!image)
		return;
	processes->counters.mmaps++;
	mapping.object = processes_see(processes, life, &sighting);
	processes_see_copied_text(processes, life, image->mappings, &mapping);
	processes_see_jit(processes, life, image, &mapping);
	if (is_known_mapping(image, &mapping))
		return;
	if (mappings_own(&image->mappings) < 0) {
		processes->counters.no_memory++;
		return;
	}
	processes_map(processes, image->mappings, &mapping);
	image->changed_ns = record->time_ns;
	note_change(processes, life->tgid);
}

static void apply_comm(struct processes *processes, const struct sideband_record *record)
{
	struct life *life;
	struct image *image;

	if (record->tid != record->tgid)
		return;
	life = lives_newest(&processes->lives, record->tgid);
	image = life ? life_current(life) : NULL;
	if (image && !life->exited_ns && !is_old_news(life, record->time_ns))
		set_comm(image, record->text);
}

static void apply_exec(struct processes *processes, const struct sideband_record *record)
{
	struct life *life = life_of_record(processes, record->tgid, record->time_ns);
	struct image before = {0}, *image;

	if (!life)
		return;
	if (life_current(life))
		before = *life_current(life);
	image = add_blank_image(processes, life, record->time_ns);
	if (!image)
		return;
	processes->counters.execs++;
	set_comm(image, record->text);
	image->exec_awaited = true;
	image->follows = before.mappings && !image_is_doubtful(processes, &before);
	life_deduce_exec_gens(life);
	life->labels_stale = true;
	life->reread_delay_ns = life->reread_after_ns = 0;
}

/* The child starts with what its parent has, and shares it until one of them changes it. */
static void inherit(struct processes *processes, struct life *child, const struct life *parent)
{
	const struct image *from = life_current(parent);
	struct image *image;

	child->labels = parent->labels;
	child->labels_stale = parent->labels_stale;
	if (!from)
		return;
	image = life_add_image(&processes->lives, child, child->fork_ns,
			       mappings_ref(from->mappings));
	if (!image) {
		processes->counters.no_memory++;
		return;
	}
	image->verified_ns = from->verified_ns;
	image->changed_ns = from->changed_ns;
	image->exec_gen = from->exec_gen;
	image->exec_gen_known = from->exec_gen_known;
	image->jit = from->jit;
	image->jit_inherited = from->jit != JIT_NONE;
	memcpy(image->comm, from->comm, sizeof(image->comm));
}

static struct life *add_child(struct processes *processes, uint32_t tgid, uint32_t parent_tgid,
			      uint64_t time_ns)
{
	struct life *child = lives_newest(&processes->lives, tgid), *parent;

	/* Its end was lost: a tgid is given out again only after it. */
	if (child)
		lives_note_exit(&processes->lives, child, time_ns);
	child = lives_add(&processes->lives, tgid);
	if (!child)
		return NULL;
	processes->counters.forks++;
	child->fork_ns = time_ns;
	child->parent_tgid = parent_tgid;
	child->labels_stale = true;
	parent = lives_newest(&processes->lives, parent_tgid);
	if (parent && !parent->exited_ns)
		inherit(processes, child, parent);
	if (!child->images.len)
		add_blank_image(processes, child, time_ns);
	return child;
}

static void apply_fork(struct processes *processes, const struct sideband_record *record)
{
	const struct life *known = lives_newest(&processes->lives, record->tgid);

	if (record->tid != record->tgid) /* a thread */
		return;
	if (known && !known->exited_ns &&
	    (is_old_news(known, record->time_ns) || known->fork_ns == record->time_ns))
		return;
	add_child(processes, record->tgid, record->parent_tgid, record->time_ns);
}

static void apply_exit(struct processes *processes, const struct sideband_record *record)
{
	struct life *life = lives_newest(&processes->lives, record->tgid);

	if (life && record->tid == record->tgid && !is_old_news(life, record->time_ns))
		life->leader_exited = true;
}

/* One that goes, and whose coming we have missed, has run until now. */
static void apply_code(struct processes *processes, const struct sideband_record *record)
{
	struct kernel_program program = {.start = record->code.start,
					 .limit = record->code.start + record->code.len};

	if (record->code.gone) {
		program.ended_ns = record->time_ns;
		if (kernel_programs_end(&processes->programs, program.start, record->time_ns))
			return;
	}
	program.object = objects_see_program(processes->objects, record->text);
	if (program.object != OBJECT_ID_KERNEL)
		kernel_programs_add(&processes->programs, &program);
}

void processes_apply_record(struct processes *processes, const struct sideband_record *record)
{
	switch (record->type) {
	case SIDEBAND_MMAP:
		apply_mmap(processes, record);
		break;
	case SIDEBAND_COMM:
		apply_comm(processes, record);
		break;
	case SIDEBAND_EXEC:
		apply_exec(processes, record);
		break;
	case SIDEBAND_FORK:
		apply_fork(processes, record);
		break;
	case SIDEBAND_EXIT:
		apply_exit(processes, record);
		break;
	case SIDEBAND_CODE:
		apply_code(processes, record);
		break;
	case SIDEBAND_LOST:
		processes->lost_ns = MAX(processes->lost_ns, record->time_ns);
		break;
	case SIDEBAND_OTHER:
		break;
	}
}

static void set_exec_gen(struct life *life, struct image *image, uint32_t exec_gen)
{
	image->exec_gen = exec_gen;
	image->exec_gen_known = true;
	life_deduce_exec_gens(life);
}

/* Is something known of a life of this tgid that goes on after this time? */
static bool is_outdated(struct processes *processes, uint32_t tgid, uint64_t time_ns)
{
	const struct life *life = lives_newest(&processes->lives, tgid);

	return life && !life->exited_ns &&
	       (life->seen_ns >= time_ns || life->fork_ns >= time_ns || life->known_ns >= time_ns);
}

/* The generation a child starts with is that of its parent's image. */
static void event_fork(struct processes *processes, const struct smolder_event *event)
{
	const struct smolder_task *task = &event->task;
	struct life *child = lives_find_at(&processes->lives, task, event->time_ns), *parent;
	struct image *image;

	if (!child && !is_outdated(processes, task->tgid, event->time_ns))
		child = add_child(processes, task->tgid, event->parent_tgid, event->time_ns);
	if (!child)
		return;
	child->start_ns = task->start_ns;
	if (child->fork_ns && child->images.len && !child->images.items[0].exec_gen_known &&
	    child->images.items[0].began_ns == child->fork_ns)
		set_exec_gen(child, &child->images.items[0], task->exec_gen);
	parent = lives_newest(&processes->lives, event->parent_tgid);
	image = parent && !parent->exited_ns ? life_current(parent) : NULL;
	if (image && !image->exec_gen_known && image->began_ns < child->fork_ns)
		set_exec_gen(parent, image, task->exec_gen);
}

static void event_exec(struct processes *processes, const struct smolder_event *event)
{
	struct life *life = lives_find_at(&processes->lives, &event->task, event->time_ns);
	struct image *image = life ? life_current(life) : NULL;

	containers_by_cgroup(processes->containers, event->cgroup_id);
	if (!life) {
		life = add_seen_life(processes, event->task.tgid, event->time_ns);
		if (!life)
			return;
		life->start_ns = event->task.start_ns;
	}
	if (image && is_old_news(life, event->time_ns)) {
		set_exec_gen(life, image, event->task.exec_gen);
		return;
	}
	/* Without its record, this is an image of which we know nothing else. */
	if (!image || !image->exec_awaited) {
		image = add_blank_image(processes, life, event->time_ns);
		if (!image)
			return;
		processes->counters.execs++;
		memcpy(image->comm, event->comm, sizeof(image->comm));
		image->comm[sizeof(image->comm) - 1] = '\0';
	}
	image->exec_awaited = false;
	set_exec_gen(life, image, event->task.exec_gen);
}

static void event_exit(struct processes *processes, const struct smolder_event *event)
{
	struct life *life = lives_find_at(&processes->lives, &event->task, event->time_ns);

	if (!life)
		return;
	processes->counters.exits += !life->exited_ns;
	processes_end_jit(processes, life);
	lives_note_exit(&processes->lives, life, event->time_ns);
}

void processes_apply_event(struct processes *processes, const struct smolder_event *event)
{
	switch (event->type) {
	case SMOLDER_EVENT_FORK:
		event_fork(processes, event);
		break;
	case SMOLDER_EVENT_EXEC:
		event_exec(processes, event);
		break;
	case SMOLDER_EVENT_EXIT:
		event_exit(processes, event);
		break;
	default:
		break;
	}
}
