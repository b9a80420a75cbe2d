// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/processes_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>

/* A stack with a wrong frame pointer has addresses that lie nowhere, again and again. */
#define REREAD_DELAY_MIN_NS (100 * NS_PER_MS)
#define REREAD_DELAY_MAX_NS (60 * NS_PER_SEC)

size_t processes_ancestors(struct processes *processes, const struct life *life,
			   uint32_t ret_tgids[ANCESTORS_MAX])
{
	uint32_t parent_tgid = life->parent_tgid;
	size_t len = 0;

	while (len < ANCESTORS_MAX && parent_tgid) {
		const struct life *parent = lives_newest(&processes->lives, parent_tgid);

		ret_tgids[len++] = parent_tgid;
		parent_tgid = parent ? parent->parent_tgid : 0;
	}
	return len;
}

uint32_t processes_see(struct processes *processes, const struct life *life,
		       struct object_sighting *sighting)
{
	uint32_t tgids[1 + ANCESTORS_MAX] = {life->tgid};

	sighting->tgids = tgids;
	sighting->tgids_len = 1 + processes_ancestors(processes, life, tgids + 1);
	return objects_see(processes->objects, sighting);
}

void processes_map(struct processes *processes, struct mappings *mappings,
		   const struct mapping *mapping)
{
	int r = mappings_insert(mappings, mapping);

	if (r == -ENOSPC)
		processes->counters.mappings_over_cap++;
	else if (r == -ENOMEM)
		processes->counters.no_memory++;
}

/* Once all are there: what memory holds may be a copy of what is mapped beside it. */
static void see_copied_texts(struct processes *processes, const struct life *life,
			     struct mappings *mappings)
{
	for (size_t i = 0; i < mappings_count(mappings); i++) {
		struct mapping mapping = *mappings_get(mappings, i);

		processes_see_copied_text(processes, life, mappings, &mapping);
		if (mapping.object != mappings_get(mappings, i)->object)
			processes_map(processes, mappings, &mapping);
	}
	mappings_forget_replaced(mappings, UINT64_MAX);
}

/* All executable mappings in processes->text, as a new set. NULL: no memory. */
static struct mappings *map_text(struct processes *processes, const struct life *life)
{
	struct mappings *mappings = mappings_new();
	struct procfs_map map;
	size_t at = 0;

	while (mappings && procfs_next_map(&processes->text, &at, &map)) {
		struct object_sighting sighting = {.path = map.path,
						   .major = map.major,
						   .minor = map.minor,
						   .inode = map.inode,
						   .start = map.start,
						   .limit = map.limit};
		struct mapping mapping = {
			.start = map.start, .limit = map.limit, .file_offset = map.file_offset};

		if (!map.executable)
			continue;
		mapping.object = processes_see(processes, life, &sighting);
		processes_map(processes, mappings, &mapping);
	}
	if (mappings)
		see_copied_texts(processes, life, mappings);
	else
		processes->counters.no_memory++;
	return mappings;
}

/*
 * The process's stat, and its maps in processes->text, both of the same process. -ESRCH: it is not there,
 * or is dying.
 */
static int read_process(struct processes *processes, uint32_t tgid, struct procfs_stat *ret_stat)
{
	struct procfs_stat after;
	int r = procfs_read_stat(tgid, ret_stat);

	if (r < 0)
		return r;
	if (ret_stat->is_kernel || ret_stat->is_dead)
		return -ESRCH;
	r = procfs_read_maps(tgid, &processes->text);
	if (r < 0)
		return r;
	r = procfs_read_stat(tgid, &after);
	if (r < 0)
		return r;
	return after.is_dead || after.start_ticks != ret_stat->start_ticks ? -ESRCH : 0;
}

/* Turns what read_process() has read into a life with one image. */
static struct life *add_read_life(struct processes *processes, uint32_t tgid,
				  const struct procfs_stat *stat, uint64_t time_ns)
{
	struct life *life = lives_newest(&processes->lives, tgid);
	struct image *image;

	if (life && !life->exited_ns)
		lives_note_exit(&processes->lives, life, time_ns);
	life = lives_add(&processes->lives, tgid);
	if (!life)
		return NULL;
	life->start_ticks = stat->start_ticks;
	life->parent_tgid = stat->parent_tgid;
	life->known_ns = time_ns;
	life->labels_stale = true;
	image = life_add_image(&processes->lives, life, 0, map_text(processes, life));
	if (image) {
		image->verified_ns = time_ns;
		memcpy(image->comm, stat->comm, sizeof(image->comm));
		processes_see_jits(processes, life, image);
	}
	return life;
}

int processes_snapshot_one(struct processes *processes, uint32_t tgid, struct err *err)
{
	uint64_t time_ns = clock_ns(CLOCK_BOOTTIME);
	struct procfs_stat stat;
	int r = read_process(processes, tgid, &stat);

	if (r == -EACCES || r == -EPERM) {
		processes->counters.snapshot_unreadable++;
		return 0;
	}
	if (r == -ENOMEM || r == -EMFILE || r == -ENFILE)
		return err_errno(err, r, "cannot read the mappings of process %u", tgid);
	if (r < 0) /* a kernel thread, or gone meanwhile */
		return 0;
	if (add_read_life(processes, tgid, &stat, time_ns))
		processes->counters.snapshot_processes++;
	return 0;
}

static void closedir_cleanup(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

int processes_snapshot(struct processes *processes, struct err *err)
{
	_cleanup_(closedir_cleanup) DIR *proc = opendir("/proc");
	uint64_t start_ns = clock_ns(CLOCK_MONOTONIC);
	uint32_t tgid;

	if (!proc)
		return err_errno(err, -errno, "cannot list the processes in '/proc'");
	while ((tgid = procfs_next_process(proc))) {
		int r = processes_snapshot_one(processes, tgid, err);

		if (r < 0)
			return r;
	}
	processes->counters.snapshot_ns += clock_ns(CLOCK_MONOTONIC) - start_ns;
	return 0;
}

bool processes_exec_is_pending(struct processes *processes, uint32_t tgid)
{
	for (size_t i = processes->events_at; i < processes->events.len; i++) {
		const struct smolder_event *event = &processes->events.items[i];

		if (event->type == SMOLDER_EVENT_EXEC && event->task.tgid == tgid)
			return true;
	}
	return processes->sideband && sideband_has_exec(processes->sideband, tgid);
}

struct life *processes_discover(struct processes *processes, const struct smolder_task *task)
{
	uint64_t time_ns = clock_ns(CLOCK_BOOTTIME);
	struct procfs_stat stat;
	struct life *life;

	processes->counters.rereads++;
	if (read_process(processes, task->tgid, &stat) < 0 ||
	    stat.start_ticks != procfs_ticks_of_ns(task->start_ns))
		return NULL;
	if (processes_exec_is_pending(processes, task->tgid)) {
		processes->counters.rereads_raced++;
		return NULL;
	}
	processes->counters.rereads_useful++;
	life = add_read_life(processes, task->tgid, &stat, time_ns);
	if (life)
		life->start_ns = task->start_ns;
	return life;
}

static bool is_time_to_reread(struct processes *processes, struct life *life, uint64_t now_ns)
{
	if (now_ns < life->reread_after_ns) {
		processes->counters.rereads_put_off++;
		return false;
	}
	life->reread_delay_ns =
		MIN(MAX(life->reread_delay_ns * 2, REREAD_DELAY_MIN_NS), REREAD_DELAY_MAX_NS);
	life->reread_after_ns = now_ns + life->reread_delay_ns;
	return true;
}

struct life *processes_identify(struct processes *processes, struct life *life,
				const struct smolder_task *task)
{
	struct procfs_stat stat;

	if (life->start_ns || life->start_ticks || life->fork_ns)
		return NULL;
	if (!is_time_to_reread(processes, life, clock_ns(CLOCK_BOOTTIME)))
		return NULL;
	processes->counters.rereads++;
	if (procfs_read_stat(life->tgid, &stat) < 0)
		return NULL;
	life->start_ticks = stat.start_ticks;
	life->parent_tgid = stat.parent_tgid;
	life->reread_after_ns = life->reread_delay_ns = 0;
	return lives_find(&processes->lives, task->tgid, task->start_ns);
}

static bool is_same_start(const struct life *life, const struct procfs_stat *stat)
{
	return life->start_ns ? procfs_ticks_of_ns(life->start_ns) == stat->start_ticks :
				life->start_ticks == stat->start_ticks;
}

/* The current image with the mappings just read; a new one where an exec has gone unnoticed. */
static bool renew_image(struct processes *processes, struct life *life, uint32_t exec_gen,
			uint64_t time_ns)
{
	struct image *image = life_current(life);
	struct mappings *mappings = map_text(processes, life);

	if (!mappings)
		return false;
	if (!image || (image->exec_gen_known && (int32_t)(exec_gen - image->exec_gen) > 0)) {
		image = life_add_image(&processes->lives, life, time_ns, mappings);
		if (!image)
			return false;
	} else {
		mappings_supersede(mappings, image->mappings, time_ns);
		mappings_unref(image->mappings);
		image->mappings = mappings;
	}
	image->exec_gen = exec_gen;
	image->exec_gen_known = true;
	image->changed_ns = image->verified_ns = time_ns;
	processes_see_jits(processes, life, image);
	return true;
}

bool processes_reread(struct processes *processes, struct life *life, uint32_t exec_gen)
{
	uint64_t time_ns = clock_ns(CLOCK_BOOTTIME);
	const struct image *image = life_current(life);
	struct procfs_stat stat;

	if (life->exited_ns ||
	    (image && image->exec_gen_known && (int32_t)(exec_gen - image->exec_gen) < 0))
		return false;
	if (!is_time_to_reread(processes, life, time_ns))
		return false;
	processes->counters.rereads++;
	if (read_process(processes, life->tgid, &stat) < 0 || !is_same_start(life, &stat))
		return false;
	if (processes_exec_is_pending(processes, life->tgid)) {
		processes->counters.rereads_raced++;
		return false;
	}
	return renew_image(processes, life, exec_gen, time_ns);
}
