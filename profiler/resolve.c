// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/resolve.h"

#include "profiler/object_naming.h"
#include "profiler/spot_order.h"
#include "profiler/who_labels.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define UNKNOWN_MODULE "[unknown]"
#define NAME_MAX_LEN 4352                        /* PATH_MAX and an offset */
#define ASK_LEN ((size_t)2 * NAMER_QUESTION_MAX) /* spots whose names are asked for at once */

struct spot_frames { /* a run in resolve.frames, outermost first */
	uint32_t first, len;
	bool stack_base;
};

struct resolve {
	const struct recording *recording;
	const struct objects *objects;
	struct namer *namer;
	struct profile *profile;
	struct object_naming naming;
	VEC(uint32_t) frames;          /* profile frame ids */
	VEC(struct spot_frames) spots; /* by spot id */
	struct spot_order order;
	uint64_t *offsets;   /* of spots, in that order */
	VEC(uint32_t) nodes; /* node id → profile stack id */
	VEC(uint32_t) whos;  /* who id → label set */
};

static void resolve_done(struct resolve *resolve)
{
	object_naming_free(&resolve->naming);
	vec_free(&resolve->frames);
	vec_free(&resolve->spots);
	spot_order_free(&resolve->order);
	free(resolve->offsets);
	vec_free(&resolve->nodes);
	vec_free(&resolve->whos);
}

/* ---- mappings ---- */

static void hex_of(const unsigned char *bytes, size_t len, char *text)
{
	for (size_t i = 0; i < len; i++)
		sprintf(text + 2 * i, "%02x", bytes[i]);
	text[2 * len] = '\0';
}

/* What the kernel saw mapped counts; what the file says now, only where it saw nothing. */
static uint32_t build_id_of(struct resolve *resolve, uint32_t id)
{
	const struct object *object = objects_get(resolve->objects, id);
	char hex[2 * OBJECT_BUILD_ID_MAX + 1];

	if (!object->build_id_len)
		return profile_string(resolve->profile,
				      object_naming_build_id(&resolve->naming, id));
	hex_of(object->build_id, object->build_id_len, hex);
	return profile_string(resolve->profile, hex);
}

static uint32_t mapping_of(struct resolve *resolve, uint32_t id, const struct sym_result *result)
{
	const struct object *object = objects_get(resolve->objects, id);
	const char *name = result->module ? result->module : object->path;
	struct profile_mapping mapping = {
		.name = profile_string(resolve->profile, name),
		.start = result->segment.start,
		.limit = result->segment.limit,
		.file_offset = result->segment.file_offset,
	};

	/* Modules and BPF programs are not files that the kernel's build-id speaks of. */
	if (object->kind != OBJECT_KERNEL || !result->module ||
	    strcmp(result->module, "[kernel.kallsyms]") == 0)
		mapping.build_id = build_id_of(resolve, id);
	if (mapping.name == PROFILE_NONE || mapping.build_id == PROFILE_NONE)
		return PROFILE_NONE;
	return profile_mapping(resolve->profile, &mapping);
}

/* ---- one spot → frames ---- */

static int push_frame(struct resolve *resolve, const struct profile_function *function,
		      struct profile_frame frame)
{
	uint32_t id;

	frame.function = profile_function(resolve->profile, function);
	if (frame.function == PROFILE_NONE)
		return -ENOMEM;
	id = profile_frame(resolve->profile, &frame);
	return id == PROFILE_NONE ? -ENOMEM : vec_push(&resolve->frames, id);
}

static int push_plain(struct resolve *resolve, const char *name, struct profile_frame frame)
{
	struct profile_function function = {.name = profile_string(resolve->profile, name)};

	if (function.name == PROFILE_NONE)
		return -ENOMEM;
	function.system_name = function.name;
	return push_frame(resolve, &function, frame);
}

static int push_unnamed(struct resolve *resolve, const char *module, struct profile_frame frame)
{
	char name[NAME_MAX_LEN];

	snprintf(name, sizeof(name), "%s+0x%llx", module, (unsigned long long)frame.address);
	return push_plain(resolve, name, frame);
}

static int push_named(struct resolve *resolve, const struct sym_frame *from,
		      struct profile_frame frame)
{
	struct profile_function function = {
		.name = profile_string(resolve->profile, from->name),
		.system_name = profile_string(resolve->profile, from->system_name),
		.file = profile_string(resolve->profile, from->file ? from->file : ""),
		.start_line = from->start_line,
	};
	struct profile_mapping *mapping = &resolve->profile->mappings.items[frame.mapping];

	if (function.name == PROFILE_NONE || function.system_name == PROFILE_NONE ||
	    function.file == PROFILE_NONE)
		return -ENOMEM;
	mapping->has_functions = true;
	mapping->has_inline_frames = true;
	mapping->has_filenames |= from->file != NULL;
	mapping->has_line_numbers |= from->line != 0;
	frame.line = from->line;
	if (from->inlined)
		frame.kind = FRAME_INLINE;
	return push_frame(resolve, &function, frame);
}

static uint32_t code_kind(const struct object *object)
{
	if (object->kind == OBJECT_KERNEL || object->kind == OBJECT_PROGRAM)
		return FRAME_KERNEL;
	return object->kind == OBJECT_ANONYMOUS ? FRAME_JIT : FRAME_USER;
}

/* Its name is known already. */
static int resolve_program(struct resolve *resolve, const struct object *object, uint64_t address)
{
	struct profile_mapping mapping = {.name = profile_string(resolve->profile, "[bpf]"),
					  .build_id = profile_string(resolve->profile, ""),
					  .has_functions = true};
	struct profile_frame frame = {.kind = FRAME_KERNEL, .address = address};

	if (mapping.name == PROFILE_NONE || mapping.build_id == PROFILE_NONE)
		return -ENOMEM;
	frame.mapping = profile_mapping(resolve->profile, &mapping);
	if (frame.mapping == PROFILE_NONE)
		return -ENOMEM;
	resolve->profile->ledger.frames.named++;
	return push_plain(resolve, object->path, frame);
}

static int resolve_code(struct resolve *resolve, const struct recording_spot *spot,
			struct spot_frames *frames)
{
	const struct object *object = objects_get(resolve->objects, spot->object);
	struct ledger *ledger = &resolve->profile->ledger;
	struct profile_frame frame = {.kind = code_kind(object)};
	struct sym_result result;
	int r;

	if (object->kind == OBJECT_PROGRAM)
		return resolve_program(resolve, object, spot->offset);
	r = object_naming_lookup(&resolve->naming, spot->object, spot->offset, &result);
	if (r < 0)
		return r;
	frame.mapping = mapping_of(resolve, spot->object, &result);
	if (frame.mapping == PROFILE_NONE)
		return -ENOMEM;
	frame.address = result.address;
	frames->stack_base = result.stack_base;
	if (result.reason != SYM_OK) {
		ledger_reasons_add(&ledger->frames.unnamed,
				   object_naming_reason(&resolve->naming, spot->object, &result),
				   1);
		return push_unnamed(resolve,
				    result.module ? result.module : object_basename(object), frame);
	}
	ledger->frames.named++;
	for (size_t i = 0; i < result.frames_len && r == 0; i++)
		r = push_named(resolve, &result.frames[i], frame);
	return r;
}

static int resolve_unplaced(struct resolve *resolve, const struct recording_spot *spot)
{
	struct profile_frame frame = {
		.mapping = PROFILE_NONE, .address = spot->offset, .kind = FRAME_USER};

	ledger_reasons_add(&resolve->profile->ledger.frames.unnamed,
			   place_reason_name(spot->object), 1);
	return push_unnamed(resolve, UNKNOWN_MODULE, frame);
}

static bool is_code(const struct recording_spot *spot)
{
	return spot->kind == SPOT_CODE || spot->kind == SPOT_UNPLACED;
}

static int resolve_spot(struct resolve *resolve, uint32_t id)
{
	const struct recording_spot *spot = &resolve->recording->spots.items[id];
	struct spot_frames *frames = &resolve->spots.items[id];
	int r = 0;

	resolve->profile->ledger.frames.distinct += is_code(spot);
	frames->first = (uint32_t)resolve->frames.len;
	if (spot->kind == SPOT_CODE)
		r = resolve_code(resolve, spot, frames);
	else if (spot->kind == SPOT_UNPLACED)
		r = resolve_unplaced(resolve, spot);
	frames->len = (uint32_t)resolve->frames.len - frames->first;
	return r;
}

/*
 * Adds the question for all spots of one object from `first` on, up to `limit`, or as many as can be asked for
 * at once. Returns where the next begins.
 */
static size_t ask_object(struct resolve *resolve, size_t first, size_t limit,
			 struct namer_questions *questions)
{
	const struct spot_order *order = &resolve->order;
	uint32_t id = spot_order_id(order, first), rank = spot_order_rank(order, first);
	uint32_t object = resolve->recording->spots.items[id].object;
	struct namer_question question = {.object = (int)object,
					  .offsets = resolve->offsets + first};

	while (first + question.len < limit && question.len < NAMER_QUESTION_MAX &&
	       spot_order_rank(order, first + question.len) == rank)
		question.len++;
	if (rank != SPOT_ORDER_NO_CODE &&
	    objects_get(resolve->objects, object)->kind != OBJECT_PROGRAM)
		(void)!object_naming_ask(&resolve->naming, &question, questions);
	return first + question.len;
}

/* Asks for the next spots, as many as are asked for at once; returns where the next begin. */
static size_t ask_names(struct resolve *resolve, size_t first)
{
	_cleanup_(namer_questions_free) struct namer_questions questions = {0};
	size_t limit = MIN(first + ASK_LEN, resolve->order.list.len);

	for (size_t at = first; at < limit;)
		at = ask_object(resolve, at, limit, &questions);
	namer_ask_all(resolve->namer, &questions);
	return limit;
}

static int list_offsets(struct resolve *resolve)
{
	size_t len = resolve->recording->spots.len;

	resolve->offsets = reallocarray(NULL, len + 1, sizeof(uint64_t));
	if (!resolve->offsets)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		uint32_t id = spot_order_id(&resolve->order, i);

		resolve->offsets[i] = resolve->recording->spots.items[id].offset;
	}
	return 0;
}

static int resolve_spots(struct resolve *resolve)
{
	size_t len = resolve->recording->spots.len, asked = 0;
	int r = spot_order_make(resolve->recording, objects_count(resolve->objects),
				&resolve->order);

	if (r == 0)
		r = list_offsets(resolve);
	if (r == 0)
		r = vec_reserve(&resolve->spots, len);
	if (r < 0)
		return -ENOMEM;
	if (len)
		memset(resolve->spots.items, 0, len * sizeof(struct spot_frames));
	resolve->spots.len = len;
	for (size_t i = 0; i < len && r == 0; i++) {
		if (i == asked)
			asked = ask_names(resolve, i);
		r = resolve_spot(resolve, spot_order_id(&resolve->order, i));
	}
	namer_rest(resolve->namer);
	return r;
}

/* ---- stacks ---- */

static uint32_t push_marker(struct resolve *resolve, const char *reason)
{
	struct profile_frame frame = {.mapping = PROFILE_NONE, .kind = FRAME_MARKER};
	char name[64];
	int r;

	snprintf(name, sizeof(name), "[incomplete: %s]", reason);
	r = push_plain(resolve, name, frame);
	if (r < 0)
		return PROFILE_NONE;
	return profile_stack(resolve->profile, 0, *vec_last(&resolve->frames));
}

static const struct recording_spot *spot_of(const struct resolve *resolve, uint32_t node)
{
	return &resolve->recording->spots.items[resolve->recording->nodes.items[node].spot];
}

/* The code at the base of a stack may have no unwind information, and needs none. */
static bool ended_by_itself(uint32_t end)
{
	return end == WALK_NO_INFO || end == WALK_CHAIN_ENDED;
}

/*
 * Why the user stacks that begin with this walk and this outermost frame are incomplete, or NULL. A
 * walk by tables knows; one by frame pointers is complete if it came to where threads begin.
 */
static const char *incomplete_reason(const struct resolve *resolve, uint32_t walk_node,
				     uint32_t outermost)
{
	uint32_t spot = resolve->recording->nodes.items[outermost].spot;
	uint32_t end = spot_of(resolve, walk_node)->object;

	if (end == WALK_COMPLETE)
		return NULL;
	if (resolve->spots.items[spot].stack_base && ended_by_itself(end))
		return NULL;
	return walk_end_name(end);
}

/*
 * A walk spot stands for nothing by itself; its children, the outermost frames, decide whether a
 * marker goes in front of them.
 */
static int resolve_node(struct resolve *resolve, uint32_t node)
{
	uint32_t parent = resolve->recording->nodes.items[node].parent;
	uint32_t stack = resolve->nodes.items[parent];
	const struct spot_frames *frames;

	frames = &resolve->spots.items[resolve->recording->nodes.items[node].spot];
	if (parent && !is_code(spot_of(resolve, parent))) {
		const char *reason = incomplete_reason(resolve, parent, node);

		stack = reason ? push_marker(resolve, reason) : 0;
	}
	for (uint32_t i = 0; i < frames->len && stack != PROFILE_NONE; i++)
		stack = profile_stack(resolve->profile, stack,
				      resolve->frames.items[frames->first + i]);
	return stack == PROFILE_NONE ? -ENOMEM : vec_push(&resolve->nodes, stack);
}

static int resolve_nodes(struct resolve *resolve)
{
	int r = vec_push(&resolve->nodes, 0); /* the empty stack is the empty stack */

	for (uint32_t node = 1; node < resolve->recording->nodes.len && r == 0; node++)
		r = resolve_node(resolve, node);
	return r;
}

/* ---- samples ---- */

static int resolve_whos(struct resolve *resolve)
{
	int r = 0;

	for (size_t i = 0; i < resolve->recording->whos.len && r == 0; i++) {
		uint32_t set = who_labels(resolve->recording, &resolve->recording->whos.items[i],
					  resolve->profile);

		r = set == PROFILE_NONE ? -ENOMEM : vec_push(&resolve->whos, set);
	}
	return r;
}

/* The two nodes a user stack begins with: the walk and the outermost frame. */
static bool find_user_root(const struct resolve *resolve, uint32_t node, uint32_t *ret_walk,
			   uint32_t *ret_outermost)
{
	uint32_t outermost = 0;

	for (; node; node = resolve->recording->nodes.items[node].parent) {
		if (!is_code(spot_of(resolve, node))) {
			*ret_walk = node;
			*ret_outermost = outermost;
			return outermost != 0;
		}
		outermost = node;
	}
	return false;
}

static void account_stack(struct resolve *resolve, const struct recording_sample *sample)
{
	struct ledger *ledger = &resolve->profile->ledger;
	uint32_t walk, outermost;
	const char *reason;

	if (!find_user_root(resolve, sample->node, &walk, &outermost))
		return;
	reason = incomplete_reason(resolve, walk, outermost);
	if (reason)
		ledger_reasons_add(&ledger->stacks.incomplete, reason, sample->count);
	else
		ledger->stacks.user_complete += sample->count;
	ledger->stacks.user += sample->count;
}

static int resolve_samples(struct resolve *resolve)
{
	vec_for_each(&resolve->recording->samples, sample) {
		int64_t count = (int64_t)sample->count;
		int64_t values[] = {count, count * resolve->profile->period};

		account_stack(resolve, sample);
		if (profile_sample(resolve->profile, resolve->nodes.items[sample->node],
				   resolve->whos.items[sample->who], values) == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static void account_losses(struct namer *namer, struct ledger_reasons *left_out)
{
	struct sym_losses losses;

	namer_take_losses(namer, &losses);
	const struct {
		const char *reason;
		uint64_t count;
	} counts[] = {
		{"debug information of objects", losses.dwarf_objects},
		{"units of debug information", losses.dwarf_units},
		{"ends of names", losses.names_cut},
		{"functions of the kernel", losses.kernel_functions},
		{"functions of JITs", losses.jit_functions},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		if (counts[i].count)
			ledger_reasons_add(left_out, counts[i].reason, counts[i].count);
}

int resolve_recording(const struct recording *recording, const struct objects *objects,
		      struct namer *namer, struct profile *profile, struct err *err)
{
	_cleanup_(resolve_done) struct resolve resolve = {
		.recording = recording,
		.objects = objects,
		.namer = namer,
		.profile = profile,
		.naming = {.objects = objects, .namer = namer, .time_ns = recording->end_ns},
	};
	int r = resolve_spots(&resolve);

	if (r == 0)
		r = resolve_nodes(&resolve);
	if (r == 0)
		r = resolve_whos(&resolve);
	if (r == 0)
		r = resolve_samples(&resolve);
	if (r == 0)
		r = recording_count_stacks(recording, &profile->ledger.stacks.distinct);
	profile->ledger.stacks.kernel = recording->kernel;
	account_losses(namer, &profile->ledger.frames.left_out);
	return r < 0 ? err_errno(err, r, "cannot build the profile") : 0;
}

static int open_debug(void *ctx, uint32_t owner, const char *path)
{
	const struct objects *objects = ctx;

	return owner < objects_count(objects) ? objects_open_beside(objects, owner, path) : -ENOENT;
}

void resolve_set_opener(const struct objects *objects, struct symbolizer_options *options)
{
	options->open_debug = open_debug;
	options->open_ctx = (void *)(uintptr_t)objects;
}
