// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/court.h"

#include "profiler/unwind/unwind_table.h"

#include <errno.h>
#include <string.h>

/* Unwinders of so many processes are kept: each holds files open. */
#define KEPT_MAX 16

struct kept { /* what is known of a process as long as its mappings are these */
	struct smolder_task task;
	struct mappings *mappings; /* a reference */
	struct space space;
	struct dwfl_unwinder *dwfl;
};

struct compiled { /* an object's table, for the rules that reports name */
	bool tried;
	struct unwind_table table;
};

struct court {
	struct processes *processes;
	struct walker *walker;
	struct images images;
	struct libunwind_unwinder *libunwind;
	VEC(struct kept *) kept;       /* the last used last */
	VEC(struct compiled) compiled; /* by object id */
	struct verdicts verdicts[COURT_SIDES];
	uint64_t unknown;
};

int court_new(struct processes *processes, struct walker *walker, struct court **ret_court)
{
	struct court *court = calloc(1, sizeof(*court));
	int r = court ? libunwind_unwinder_new(&court->libunwind) : -ENOMEM;

	if (r < 0) {
		free(court);
		return r;
	}
	court->processes = processes;
	court->walker = walker;
	*ret_court = court;
	return 0;
}

static void kept_free(struct kept *kept)
{
	dwfl_unwinder_free(kept->dwfl);
	mappings_unref(kept->mappings);
	space_free(&kept->space);
	free(kept);
}

struct court *court_free(struct court *court)
{
	if (!court)
		return NULL;
	vec_for_each(&court->kept, kept)
		kept_free(*kept);
	vec_free(&court->kept);
	vec_for_each(&court->compiled, compiled)
		unwind_table_free(&compiled->table);
	vec_free(&court->compiled);
	libunwind_unwinder_free(court->libunwind);
	images_free(&court->images);
	for (int side = 0; side < COURT_SIDES; side++)
		verdicts_free(&court->verdicts[side]);
	free(court);
	return NULL;
}

/* ---- what is kept of processes ---- */

static void drop_kept(struct court *court, size_t i)
{
	kept_free(court->kept.items[i]);
	court->kept.len--;
	memmove(&court->kept.items[i], &court->kept.items[i + 1],
		(court->kept.len - i) * sizeof(*court->kept.items));
}

/* The one of this process with these mappings, moved to the end; NULL when there is none. */
static struct kept *find_kept(struct court *court, const struct smolder_task *task,
			      const struct mappings *mappings)
{
	for (size_t i = 0; i < court->kept.len; i++) {
		struct kept *kept = court->kept.items[i];

		if (memcmp(&kept->task, task, sizeof(*task)) != 0 ||
		    !mappings_agree(kept->mappings, mappings))
			continue;
		memmove(&court->kept.items[i], &court->kept.items[i + 1],
			(court->kept.len - 1 - i) * sizeof(*court->kept.items));
		*vec_last(&court->kept) = kept;
		return kept;
	}
	return NULL;
}

static struct kept *make_kept(struct court *court, const struct smolder_task *task,
			      struct mappings *mappings)
{
	struct kept *kept = calloc(1, sizeof(*kept));
	int r = -ENOMEM;

	if (kept) {
		kept->task = *task;
		kept->mappings = mappings_ref(mappings);
		r = space_init(&kept->space, &court->images, processes_objects(court->processes),
			       mappings);
	}
	if (r == 0)
		r = dwfl_unwinder_new(&kept->space, &kept->dwfl);
	if (r == 0 && court->kept.len == KEPT_MAX)
		drop_kept(court, 0);
	if (r == 0)
		r = vec_push(&court->kept, kept);
	if (r < 0 && kept)
		kept_free(kept);
	return r < 0 ? NULL : kept;
}

/* Judged by the mappings of the sample's time. */
static struct kept *keep(struct court *court, const struct same_sample *walked)
{
	_cleanup_mappings_ struct mappings *mappings = NULL;
	struct kept *kept;

	if (processes_mappings_at(court->processes, &walked->task, walked->boottime_ns, &mappings) <
		    0 ||
	    !mappings_count(mappings))
		return NULL;
	kept = find_kept(court, &walked->task, mappings);
	return kept ? kept : make_kept(court, &walked->task, mappings);
}

/* ---- which rule ---- */

static struct compiled *compiled_of(struct court *court, uint32_t object)
{
	const struct image *image =
		images_get(&court->images, processes_objects(court->processes), object);
	struct elf_source source = {.fd = image ? image->fd : -1};
	struct compiled *compiled;

	if (vec_reserve(&court->compiled, (size_t)object + 1) < 0)
		return NULL;
	while (court->compiled.len <= object)
		court->compiled.items[court->compiled.len++] = (struct compiled){0};
	compiled = &court->compiled.items[object];
	if (!compiled->tried && image && unwind_table_compile(source, &compiled->table, NULL) < 0)
		compiled->table = (struct unwind_table){0};
	compiled->tried = true;
	return compiled;
}

static struct unwind_rule rule_of(struct court *court, uint64_t frame)
{
	struct unwind_rule gap = {0};
	struct compiled *compiled;
	uint64_t offset = frame & WALK_OFFSET_MASK;

	if (frame & WALK_UNPLACED)
		return gap;
	compiled = compiled_of(court, (uint32_t)(frame >> WALK_OFFSET_BITS));
	if (!compiled)
		return gap;
	vec_for_each(&compiled->table.segments, segment)
		if (offset >= segment->file_offset &&
		    offset - segment->file_offset < segment->file_len)
			return unwind_table_lookup(&compiled->table, segment->address + offset -
									     segment->file_offset);
	return gap;
}

/* ---- judging ---- */

static void classify(struct court *court, enum court_side side, const struct walked *ours,
		     const struct difference_place *place)
{
	uint64_t frame = place->frame ? ours->frames[MIN(place->frame, ours->len) - 1] : 0;
	struct difference_class class = {
		.judge = place->judge,
		.difference = place->difference,
		.end = ours->end,
		.object = OBJECT_NONE,
		.stacks = 1,
		.frames = place->count,
		.offset = frame & WALK_OFFSET_MASK,
		.ours = place->frame < ours->len ? ours->frames[place->frame] : 0,
		.theirs = place->theirs,
	};

	if (place->frame && !(frame & WALK_UNPLACED))
		class.object = (uint32_t)(frame >> WALK_OFFSET_BITS);
	if (place->frame)
		class.rule = rule_of(court, frame);
	verdicts_classify(&court->verdicts[side], &class);
}

/* Where our walks end that do not reach the base: whether or not the oracles came further. */
static void classify_end(struct court *court, enum court_side side, const struct walked *ours)
{
	const struct difference_place last = {
		.judge = JUDGE_CNT,
		.frame = ours->len,
		.count = 0,
	};

	if (ours->end != WALK_COMPLETE)
		classify(court, side, ours, &last);
}

/* What the sampler does for a process whose tables are not there yet. */
static void walk_copy(struct court *court, const struct same_sample *walked,
		      const struct twin_record *copied, struct host_stepper_result *ret_result)
{
	struct host_stepper_stack stack = {
		.time_ns = walked->boottime_ns,
		.registers = copied->registers,
		.call_site = (int)walked->call_site,
		.runs[0] = {.begin = copied->registers[UNWIND_REGISTER_SP],
			    .memory = copied->stack,
			    .len = copied->stack_len},
	};

	walker_want(court->walker, &walked->task, &walked->space);
	walker_prepare(court->walker, &walked->task, walked->boottime_ns);
	walker_walk_copy(court->walker, &walked->task, &stack, ret_result);
}

static void judge(struct court *court, enum court_side side, struct kept *kept,
		  const struct walked *ours)
{
	struct unwound oracles[2];
	struct difference_place places[JUDGE_CNT];
	int count;

	dwfl_unwinder_unwind(kept->dwfl, &kept->space, &oracles[0]);
	libunwind_unwinder_unwind(court->libunwind, &kept->space, &oracles[1]);
	/* Of a thread in a system call, the kernel's walker names the instruction that called. */
	for (int i = 0; i < 2; i++)
		if (oracles[i].len && oracles[i].frames[0] == ours->frames[0] + 1)
			oracles[i].frames[0]--;
	count = verdicts_add(&court->verdicts[side], ours, oracles, places);
	for (int i = 0; i < count; i++)
		classify(court, side, ours, &places[i]);
	classify_end(court, side, ours);
}

void court_judge(struct court *court, const struct same_sample *walked,
		 const struct twin_record *copied)
{
	struct walked ours = {
		.frames = (const uint64_t *)walked->frames,
		.len = walked->frames_len,
		.end = (enum walk_end)walked->end,
	};
	enum court_side side = COURT_KERNEL;
	struct host_stepper_result copy;
	struct kept *kept;

	if (ours.end == WALK_NO_PROCESS || ours.end == WALK_UNMAPPED || ours.end == WALK_CHANGED) {
		walk_copy(court, walked, copied, &copy);
		ours = (struct walked){copy.frames, copy.len, copy.end};
		side = COURT_COPIES;
	}
	kept = keep(court, walked);
	if (!kept || !ours.len) {
		court->unknown++;
		return;
	}
	kept->space.sample = copied;
	judge(court, side, kept, &ours);
}

const struct verdicts *court_verdicts(const struct court *court, enum court_side side)
{
	return &court->verdicts[side];
}

uint64_t court_unknown(const struct court *court)
{
	return court->unknown;
}
