// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/walker.h"

#include "base/clock.h"
#include "bpf/walk_abi.h"

#include <bpf/bpf.h>
#include <errno.h>

/* How long is waited for the tables of one process: the largest object takes a tenth. */
#define PREPARE_NS (2 * NS_PER_SEC)

/* So many copies of stacks that lead nowhere even with all mappings known, and no more are made. */
#define VAIN_COPIES_MAX 16

/* So many copies because mappings had changed, and until all processes are looked at again no more are made. */
#define CHANGES_MAX 256

struct published {
	struct smolder_task task;
	uint64_t changed_ns;        /* of the mappings that were published */
	uint64_t seen_ns;           /* of the mappings last looked at */
	bool stale;                 /* to be published again, changed or not */
	uint32_t mapset_id;         /* 0: wanted, but not published yet */
	uint32_t vain_copies;       /* since the mappings last changed */
	uint32_t changes;           /* noted since all processes were last looked at */
	struct smolder_space space; /* what is older is as it is published */
};

struct walker {
	struct walker_kernel kernel;
	struct processes *processes;
	struct walk_pool pool;
	struct walk_tables tables;
	struct mapsets mapsets;
	VEC(struct published) published;
	struct hashindex by_tgid;
	bool swept_in_vain; /* the last sweep freed too little: not again before the next settling */
	struct walker_counters counters;
};

int walker_new(const struct walker_kernel *kernel, struct processes *processes,
	       struct sandbox *sandbox, struct walker **ret_walker, struct err *err)
{
	_cleanup_walker_ struct walker *walker = calloc(1, sizeof(*walker));
	int r = walker ? 0 : -ENOMEM;

	if (r == 0) {
		walker->kernel = *kernel;
		walker->processes = processes;
		r = walk_pool_init(&walker->pool, kernel->pool, kernel->pool_size);
		walker->pool.reach = kernel->reach;
		walker->pool.ctx = kernel->ctx;
	}
	if (r == 0) {
		mapsets_init(&walker->mapsets, &walker->pool);
		r = walk_tables_init(&walker->tables, &walker->pool, kernel->objects, sandbox);
	}
	if (r < 0)
		return err_errno(err, r, "cannot set up stack walking");
	*ret_walker = TAKE_PTR(walker);
	return 0;
}

struct walker *walker_free(struct walker *walker)
{
	if (!walker)
		return NULL;
	walk_tables_done(&walker->tables);
	mapsets_done(&walker->mapsets);
	walk_pool_done(&walker->pool);
	vec_free(&walker->published);
	hashindex_free(&walker->by_tgid);
	free(walker);
	return NULL;
}

/* ---- the list of processes ---- */

struct wanted {
	const struct walker *walker;
	uint32_t tgid;
};

static bool same_tgid(const void *ctx, uint32_t position)
{
	const struct wanted *wanted = ctx;

	return wanted->walker->published.items[position].task.tgid == wanted->tgid;
}

static uint64_t hash_of(uint32_t tgid)
{
	return hash_bytes(&tgid, sizeof(tgid));
}

static struct published *find_published(struct walker *walker, uint32_t tgid)
{
	struct wanted wanted = {.walker = walker, .tgid = tgid};
	uint32_t position = hashindex_find(&walker->by_tgid, hash_of(tgid), same_tgid, &wanted);

	return position == HASHINDEX_NONE ? NULL : &walker->published.items[position];
}

static struct published *add_published(struct walker *walker, const struct smolder_task *task)
{
	uint32_t position = (uint32_t)walker->published.len;

	if (vec_reserve(&walker->published, (size_t)position + 1) < 0 ||
	    hashindex_add(&walker->by_tgid, hash_of(task->tgid), position) < 0)
		return NULL;
	walker->published.items[walker->published.len++] = (struct published){.task = *task};
	return vec_last(&walker->published);
}

/* The last of the list takes its place. */
static void drop_published(struct walker *walker, struct published *process)
{
	uint32_t position = (uint32_t)(process - walker->published.items);
	uint32_t last = (uint32_t)walker->published.len - 1;
	uint32_t last_tgid = walker->published.items[last].task.tgid;

	hashindex_remove(&walker->by_tgid, hash_of(process->task.tgid), position);
	if (position != last) {
		hashindex_remove(&walker->by_tgid, hash_of(last_tgid), last);
		*process = walker->published.items[last];
		/* One was just removed, so there is room. */
		(void)!hashindex_add(&walker->by_tgid, hash_of(last_tgid), position);
	}
	walker->published.len--;
}

static bool same_image(const struct smolder_task *a, const struct smolder_task *b)
{
	return a->tgid == b->tgid && a->start_ns == b->start_ns && a->exec_gen == b->exec_gen;
}

void walker_want(struct walker *walker, const struct smolder_task *task,
		 const struct smolder_space *space)
{
	struct published *process = find_published(walker, task->tgid);

	if (!process)
		process = add_published(walker, task);
	else if (!same_image(&process->task, task))
		*process = (struct published){.task = *task};
	if (!process)
		return;
	process->stale = true; /* whatever is published did not do: look again */
	if (space)
		process->space = *space;
}

void walker_note_change(struct walker *walker, uint32_t tgid)
{
	struct published *process = find_published(walker, tgid);

	if (process)
		process->changes++;
}

static bool is_restless(const struct published *process)
{
	return process->changes >= CHANGES_MAX;
}

/* ---- room ---- */

/* Sets that were made without some tables may be made with them now. */
static void republish_all(struct walker *walker)
{
	vec_for_each(&walker->published, process)
		process->stale = true;
}

/* Tables that are built for a process but not in a set of its yet. */
static void mark_wanted_tables(struct walker *walker)
{
	vec_for_each(&walker->published, process) {
		const struct mappings *mappings = NULL;
		uint64_t changed_ns;

		if (processes_is_alive(walker->processes, &process->task))
			mappings =
				processes_mappings(walker->processes, &process->task, &changed_ns);
		for (size_t i = 0; mappings && i < mappings_count(mappings); i++)
			walk_tables_mark(&walker->tables, mappings_get(mappings, i)->object);
	}
}

/*
 * Those that processes can reach in the kernel. Children the kernel gave their parent's entry to are found
 * there too; one that appears while we look has its parent's, which is marked.
 */
static void mark_reached_sets(struct walker *walker)
{
	int fd = walker->kernel.processes_fd;
	uint32_t tgid, *from = NULL, at;

	while (bpf_map_get_next_key(fd, from, &tgid) == 0) {
		struct walk_process process;
		struct mapset *set = NULL;

		if (bpf_map_lookup_elem(fd, &tgid, &process) == 0)
			set = mapsets_find(&walker->mapsets, process.mapset_id);
		if (set)
			set->marked = true;
		at = tgid;
		from = &at;
	}
}

/* What was retired may be used again once nobody can be reading it. */
static void wait_out_retired(struct walker *walker)
{
	if (walker->kernel.wait(walker->kernel.ctx) < 0)
		return;
	walk_pool_release(&walker->pool);
	walk_tables_release(&walker->tables);
}

static void sweep(struct walker *walker)
{
	mark_reached_sets(walker);
	mark_wanted_tables(walker);
	mapsets_sweep(&walker->mapsets, &walker->tables);
	walk_tables_sweep(&walker->tables);
	wait_out_retired(walker);
	if (walk_tables_invite(&walker->tables))
		republish_all(walker);
	walker->counters.sweeps++;
}

/* Makes room, unless that was just tried. True when it is worth trying again what failed. */
static bool make_room(struct walker *walker)
{
	uint32_t used = walker->pool.used;

	if (walker->swept_in_vain)
		return false;
	sweep(walker);
	walker->swept_in_vain = walker->pool.used >= used;
	return !walker->swept_in_vain;
}

static void mark_object(void *ctx, uint32_t object)
{
	struct walker *walker = ctx;

	processes_mark_object(walker->processes, object);
}

static void forget_object(void *ctx, uint32_t object)
{
	struct walker *walker = ctx;

	walk_tables_forget(&walker->tables, object);
}

/* Tables stay as long as their objects: who ran a minute ago will run again. */
void walker_release(struct walker *walker)
{
	mark_reached_sets(walker);
	mapsets_sweep(&walker->mapsets, &walker->tables);
	walk_tables_name_marked(&walker->tables, mark_object, walker);
	processes_release(walker->processes, forget_object, walker);
	wait_out_retired(walker);
}

void walker_rest(struct walker *walker)
{
	if (walker->kernel.rest)
		walker->kernel.rest(walker->kernel.ctx, mapsets_limit(&walker->mapsets));
}

/* ---- publishing ---- */

/* Are the tables of all objects decided? Those that are not are asked for. */
static bool tables_are_decided(struct walker *walker, const struct mappings *mappings)
{
	const struct objects *objects = processes_objects(walker->processes);
	bool decided = true;

	for (size_t i = 0; i < mappings_count(mappings); i++) {
		uint32_t object = mappings_get(mappings, i)->object;

		if (object != OBJECT_NONE &&
		    walk_tables_want(&walker->tables, objects, object) == WALK_TABLE_BUILDING)
			decided = false;
	}
	return decided;
}

static int get_mapset(struct walker *walker, const struct mappings *mappings, uint32_t *ret_set)
{
	int r = mapsets_get(&walker->mapsets, mappings, &walker->tables, ret_set);

	if (r == -ENOSPC && make_room(walker) && tables_are_decided(walker, mappings))
		r = mapsets_get(&walker->mapsets, mappings, &walker->tables, ret_set);
	return r;
}

static int publish_set(struct walker *walker, struct published *process, const struct mapset *set)
{
	struct walk_process value = {
		.start_ns = process->task.start_ns,
		.exec_gen = process->task.exec_gen,
		.mapset_id = set->id,
		.mapset_off = set->off,
		.space = process->space,
	};

	if (process->vain_copies >= VAIN_COPIES_MAX)
		value.flags |= WALK_PROCESS_NO_COPIES;
	if (is_restless(process))
		value.flags |= WALK_PROCESS_RESTLESS;

	process->mapset_id = set->id;
	walker->counters.publications++;
	return bpf_map_update_elem(walker->kernel.processes_fd, &process->task.tgid, &value,
				   BPF_ANY);
}

/* 0 when the kernel knows the process's mappings as they are now. */
static int publish(struct walker *walker, struct published *process)
{
	const struct mappings *mappings;
	uint64_t changed_ns;
	uint32_t set;
	bool alive;
	int r;

	mappings = processes_mappings(walker->processes, &process->task, &changed_ns);
	if (!mappings)
		return -ESRCH;
	alive = processes_is_alive(walker->processes, &process->task);
	if (process->mapset_id && !alive)
		return -ESRCH;
	if (process->mapset_id && !process->stale && process->changed_ns == changed_ns)
		return 0;
	if (process->seen_ns != changed_ns)
		process->vain_copies = 0;
	process->seen_ns = changed_ns;
	if (!tables_are_decided(walker, mappings))
		return -EAGAIN;
	if (!alive)
		return -ESRCH; /* its tables are there for the copies that were made of it */
	r = get_mapset(walker, mappings, &set);
	if (r == 0)
		r = publish_set(walker, process, &walker->mapsets.sets.items[set]);
	if (r < 0) {
		walker->counters.publish_failed++;
		return r;
	}
	process->changed_ns = changed_ns;
	process->stale = false;
	return 0;
}

static void unpublish(struct walker *walker, struct published *process)
{
	struct walk_process value;
	uint32_t tgid = process->task.tgid;

	/* The entry may be of a later process with the same tgid already: then it is not ours. */
	if (bpf_map_lookup_elem(walker->kernel.processes_fd, &tgid, &value) == 0 &&
	    value.start_ns == process->task.start_ns && value.exec_gen == process->task.exec_gen)
		bpf_map_delete_elem(walker->kernel.processes_fd, &tgid);
	drop_published(walker, process);
}

static bool needs_attention(const struct published *process, bool all)
{
	return all || !process->mapset_id || process->stale;
}

static void collect_tables(struct walker *walker)
{
	if (walk_tables_collect(&walker->tables) && make_room(walker))
		walker->swept_in_vain = false;
}

/* What is published of them leads to code that may be another's by now. */
static void notice_changes(struct walker *walker)
{
	uint32_t tgid;

	while (processes_take_changed(walker->processes, &tgid)) {
		struct published *process = find_published(walker, tgid);

		if (process)
			process->stale = true;
	}
}

static void give_rest(struct published *process)
{
	process->stale |= is_restless(process); /* to tell the kernel */
	process->changes = 0;
}

void walker_update(struct walker *walker, bool all)
{
	collect_tables(walker);
	notice_changes(walker);
	if (all) {
		walker->swept_in_vain = false;
		if (walker->tables.homeless)
			make_room(walker);
	}
	for (size_t i = walker->published.len; i-- > 0;) {
		struct published *process = &walker->published.items[i];

		if (all)
			give_rest(process);
		if (needs_attention(process, all) && publish(walker, process) == -ESRCH)
			unpublish(walker, process);
	}
}

bool walker_settle(struct walker *walker, uint64_t timeout_ns)
{
	bool settled = table_builder_settle(walker->tables.builder, timeout_ns);

	walker_update(walker, false);
	return settled;
}

/* ---- copies ---- */

static int mappings_then(struct walker *walker, const struct smolder_task *task, uint64_t time_ns,
			 struct mappings **ret_mappings)
{
	return processes_mappings_at(walker->processes, task, time_ns ? time_ns : UINT64_MAX,
				     ret_mappings);
}

enum walker_outlook walker_look_out(struct walker *walker, const struct smolder_task *task,
				    uint64_t time_ns)
{
	_cleanup_mappings_ struct mappings *mappings = NULL;
	int r = mappings_then(walker, task, time_ns, &mappings);

	if (r == -ESTALE)
		return WALKER_READY;
	if (r < 0 || !mappings_count(mappings))
		return WALKER_UNKNOWN;
	return tables_are_decided(walker, mappings) ? WALKER_READY : WALKER_WAITING;
}

void walker_prepare(struct walker *walker, const struct smolder_task *task, uint64_t time_ns)
{
	if (walker_look_out(walker, task, time_ns) != WALKER_WAITING)
		return;
	table_builder_settle(walker->tables.builder, PREPARE_NS);
	collect_tables(walker);
}

static void note_vain_copy(struct walker *walker, const struct smolder_task *task)
{
	struct published *process = find_published(walker, task->tgid);

	if (!process || !same_image(&process->task, task) ||
	    process->vain_copies >= VAIN_COPIES_MAX)
		return;
	if (++process->vain_copies == VAIN_COPIES_MAX)
		process->stale = true; /* to tell the kernel */
}

static int reach_tables(struct walker *walker, const struct mappings *mappings)
{
	int r = 0;

	for (size_t i = 0; i < mappings_count(mappings) && r == 0; i++) {
		const struct walk_table *table =
			walk_tables_get(&walker->tables, mappings_get(mappings, i)->object);

		if (table->state == WALK_TABLE_READY)
			r = walk_pool_reach(&walker->pool, table->off, table->len);
	}
	return r;
}

/* Where the set for these mappings is, all of whose tables are within reach. */
static int reach_set(struct walker *walker, const struct mappings *mappings, uint32_t *ret_off)
{
	uint32_t set;
	int r = get_mapset(walker, mappings, &set);

	if (r == 0)
		r = reach_tables(walker, mappings);
	if (r == 0)
		*ret_off = walker->mapsets.sets.items[set].off;
	return r;
}

static enum walk_end walk_by(struct walker *walker, struct mappings *mappings,
			     struct host_stepper_stack *stack,
			     struct host_stepper_result *ret_result)
{
	struct host_stepper_pool pool = {
		.base = walker->kernel.pool,
		.size = walker->kernel.pool_size,
		.objects = walker->kernel.objects,
		.objects_len = WALK_OBJECTS_MAX,
	};
	bool decided = tables_are_decided(walker, mappings);

	if (reach_set(walker, mappings, &stack->mapset_off) < 0)
		return WALK_NO_PROCESS;
	host_stepper_walk(&pool, stack, ret_result);
	/* A set does not tell a table without room from one that is not built yet. */
	return ret_result->end == WALK_NO_ROOM && !decided ? WALK_NO_PROCESS : ret_result->end;
}

void walker_walk_copy(struct walker *walker, const struct smolder_task *task,
		      struct host_stepper_stack *stack, struct host_stepper_result *ret_result)
{
	_cleanup_mappings_ struct mappings *mappings = NULL;
	int r = mappings_then(walker, task, stack->time_ns, &mappings);

	walker->counters.copies++;
	ret_result->len = 0;
	ret_result->end = r == -ESTALE ? WALK_CHANGED : WALK_NO_PROCESS;
	if (r == 0)
		ret_result->end = walk_by(walker, mappings, stack, ret_result);
	walker->counters.copies_complete += ret_result->end == WALK_COMPLETE;
	if (ret_result->end == WALK_UNMAPPED)
		note_vain_copy(walker, task);
}

void walker_counters(const struct walker *walker, struct walker_counters *ret_counters)
{
	*ret_counters = walker->counters;
	ret_counters->tables = walker->tables.counters;
	ret_counters->pool_size = walker->pool.size;
	ret_counters->pool_used = walker->pool.used;
	ret_counters->published = (uint32_t)walker->published.len;
	ret_counters->mapsets = walker->mapsets.by_content.len;
}
