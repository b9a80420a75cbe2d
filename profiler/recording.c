// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/recording.h"

#include <errno.h>
#include <string.h>

/* 16 bytes a node with its index: a quarter of a GiB at the most. */
#define NODES_MAX ((size_t)8 << 20)
#define FAILED HASHINDEX_NONE

struct wanted {
	const struct recording *recording;
	const void *key;
};

static bool same_spot(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return memcmp(&wanted->recording->spots.items[id], wanted->key,
		      sizeof(struct recording_spot)) == 0;
}

static bool same_node(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return memcmp(&wanted->recording->nodes.items[id], wanted->key,
		      sizeof(struct recording_node)) == 0;
}

static bool same_who(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return memcmp(&wanted->recording->whos.items[id], wanted->key,
		      sizeof(struct recording_who)) == 0;
}

static bool same_sample(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;
	const struct recording_sample *key = wanted->key, *sample;

	sample = &wanted->recording->samples.items[id];
	return sample->who == key->who && sample->node == key->node;
}

/* The id of `thing` in one of the recording's arrays, added if new; FAILED without memory. */
#define INTERN(recording, array, index, same, thing, key_len)                                      \
	({                                                                                         \
		struct wanted wanted_ = {.recording = (recording), .key = &(thing)};               \
		uint64_t hash_ = hash_bytes(&(thing), (key_len));                                  \
		uint32_t id_ = hashindex_find(&(recording)->index, hash_, same, &wanted_);         \
		if (id_ == HASHINDEX_NONE) {                                                       \
			uint32_t new_ = (uint32_t)(recording)->array.len;                          \
			if (vec_reserve(&(recording)->array, (size_t)new_ + 1) == 0 &&             \
			    hashindex_add(&(recording)->index, hash_, new_) == 0) {                \
				(recording)->array.items[(recording)->array.len++] = (thing);      \
				id_ = new_;                                                        \
			}                                                                          \
		}                                                                                  \
		id_;                                                                               \
	})

static uint32_t intern_spot(struct recording *recording, struct recording_spot spot)
{
	return INTERN(recording, spots, spot_index, same_spot, spot, sizeof(spot));
}

static uint32_t intern_node(struct recording *recording, uint32_t parent,
			    struct recording_spot spot)
{
	struct recording_node node = {.parent = parent, .spot = intern_spot(recording, spot)};

	if (parent == FAILED || node.spot == FAILED || recording->nodes.len >= recording->nodes_max)
		return FAILED;
	return INTERN(recording, nodes, node_index, same_node, node, sizeof(node));
}

int recording_init(struct recording *recording)
{
	int r;

	*recording = (struct recording){.nodes_max = NODES_MAX};
	r = strtab_init(&recording->strings);
	if (r == 0)
		r = vec_push(&recording->nodes, ((struct recording_node){0}));
	return r;
}

void recording_free(struct recording *recording)
{
	strtab_free(&recording->strings);
	vec_free(&recording->spots);
	vec_free(&recording->nodes);
	vec_free(&recording->whos);
	vec_free(&recording->samples);
	hashindex_free(&recording->spot_index);
	hashindex_free(&recording->node_index);
	hashindex_free(&recording->who_index);
	hashindex_free(&recording->sample_index);
}

struct gathering { /* one window into the recording */
	struct recording *recording;
	const struct window *window;
	struct processes *processes;
	struct walker *walker;
};

static struct recording_spot spot_of_place(const struct place *place)
{
	if (place->object == OBJECT_NONE)
		return (struct recording_spot){
			.kind = SPOT_UNPLACED, .object = place->reason, .offset = place->offset};
	return (struct recording_spot){
		.kind = SPOT_CODE, .object = place->object, .offset = place->offset};
}

struct user_stack { /* leaf first */
	struct recording_spot spots[WALK_FRAMES_MAX];
	uint32_t len;
	uint32_t end; /* enum walk_end, for the SPOT_WALK in front of it */
};

/*
 * Addresses, as many as the stack has. A walk by frame pointers through code that keeps none picks up
 * whatever lies on the stack. A caller outside all executable memory is proof of that: the stack ends
 * before it.
 */
static void place_addresses(struct processes *processes, const struct smolder_task *task,
			    const uint64_t *addresses, struct user_stack *stack)
{
	for (uint32_t i = 0; i < stack->len; i++) {
		struct place place;

		processes_normalize(processes, task, addresses[i] - (i > 0), &place);
		if (i > 0 && place.reason == PLACE_UNMAPPED)
			stack->len = i;
		else
			stack->spots[i] = spot_of_place(&place);
	}
}

static void place_words(struct processes *processes, const struct smolder_task *task,
			const uint64_t *words, struct user_stack *stack)
{
	for (uint32_t i = 0; i < stack->len; i++) {
		struct place place = {
			.reason = PLACE_UNMAPPED,
			.object = OBJECT_NONE,
			.offset = words[i] & WALK_OFFSET_MASK,
		};

		if (words[i] & WALK_UNPLACED) {
			processes_normalize(processes, task, place.offset, &place);
		} else {
			place.object = (uint32_t)(words[i] >> WALK_OFFSET_BITS);
			processes_place(processes, task, &place);
		}
		stack->spots[i] = spot_of_place(&place);
	}
}

/*
 * Where the mapping had changed, and which one it was then is not known: the address stays bare, as what lies there
 * now may be another's.
 */
static void place_nowhere(uint64_t address, struct recording_spot *spot)
{
	*spot = (struct recording_spot){
		.kind = SPOT_UNPLACED, .object = PLACE_CHANGED, .offset = address};
}

_Static_assert(HOST_STEPPER_RUNS == SMOLDER_RUNS, "all of a copy's memory can be walked");

static void describe_memory(const struct window *window, const struct window_copy *copy,
			    struct host_stepper_stack *stack)
{
	const unsigned char *memory = window->memory.data + copy->memory_off;
	uint64_t left = copy->memory_len;
	uint32_t absent = copy->absent;

	for (int i = 0; i < SMOLDER_RUNS; i++) {
		uint64_t cnt = copy->runs[i].page_cnt, len = MIN(cnt * SMOLDER_PAGE, left);

		stack->runs[i] = (struct host_stepper_run){
			.begin = copy->runs[i].begin,
			.memory = memory,
			.len = len,
			.absent = absent,
		};
		memory += len;
		left -= len;
		absent = cnt < 32 ? absent >> cnt : 0;
	}
}

/* At least the sampled address is known. */
static void walk_copied_stack(const struct gathering *from, const struct window_sample *sample,
			      struct user_stack *stack)
{
	const struct window_copy *copy = &from->window->copies.items[sample->copy - 1];
	struct host_stepper_stack memory = {
		.time_ns = copy->time_ns,
		.registers = copy->registers,
		.call_site = (int)copy->call_site,
	};
	struct host_stepper_result result;

	describe_memory(from->window, copy, &memory);
	walker_walk_copy(from->walker, &sample->key.task, &memory, &result);
	stack->len = result.len;
	stack->end = result.end;
	if (stack->len) {
		place_words(from->processes, &sample->key.task, result.frames, stack);
		return;
	}
	stack->len = 1;
	if (stack->end == WALK_CHANGED)
		place_nowhere(copy->registers[UNWIND_REGISTER_RA], &stack->spots[0]);
	else
		place_addresses(from->processes, &sample->key.task,
				&copy->registers[UNWIND_REGISTER_RA], stack);
}

static void gather_user_stack(const struct gathering *from, const struct window_sample *sample,
			      struct user_stack *stack)
{
	const uint64_t *frames = from->window->addresses.items + sample->user_off;

	stack->len = MIN(sample->user_len, (uint32_t)WALK_FRAMES_MAX);
	stack->end = sample->walk_end;
	if (sample->copy) {
		walk_copied_stack(from, sample, stack);
	} else if (sample->user_walked) {
		place_words(from->processes, &sample->key.task, frames, stack);
		if (stack->end == WALK_CHANGED && stack->len)
			place_nowhere(frames[stack->len - 1] & WALK_OFFSET_MASK,
				      &stack->spots[stack->len - 1]);
	} else {
		place_addresses(from->processes, &sample->key.task, frames, stack);
	}
}

static uint32_t add_user_stack(const struct gathering *from, const struct window_sample *sample)
{
	struct user_stack stack;
	uint32_t node;

	if (!sample->user_len && !sample->copy)
		return 0;
	gather_user_stack(from, sample, &stack);
	node = intern_node(from->recording, 0,
			   (struct recording_spot){.kind = SPOT_WALK, .object = stack.end});
	while (stack.len--)
		node = intern_node(from->recording, node, stack.spots[stack.len]);
	return node;
}

/* Each address of a kernel stack but the sampled one is a return address. */
static uint32_t add_kernel_stack(const struct gathering *from, const struct window_sample *sample,
				 uint32_t node)
{
	const uint64_t *addresses = from->window->addresses.items + sample->kernel_off;

	for (uint32_t i = sample->kernel_len; i-- > 0;) {
		uint64_t address = addresses[i] - (i > 0);

		node = intern_node(
			from->recording, node,
			(struct recording_spot){
				.kind = SPOT_CODE,
				.object = processes_kernel_object(from->processes, address),
				.offset = address,
			});
	}
	return node;
}

static uint32_t add_who(struct recording *recording, struct processes *processes,
			const struct smolder_key *key)
{
	struct container_labels labels = {.cgroup = "", .container_id = ""};
	struct recording_who who = {.task = key->task, .tid = key->tid};

	processes_labels(processes, &key->task, key->cgroup_id, &labels);
	who.comm = strtab_intern_len(&recording->strings, key->comm,
				     strnlen(key->comm, sizeof(key->comm)));
	who.cgroup = strtab_intern(&recording->strings, labels.cgroup);
	who.container_id = strtab_intern(&recording->strings, labels.container_id);
	if (who.comm == STRTAB_NONE || who.cgroup == STRTAB_NONE || who.container_id == STRTAB_NONE)
		return FAILED;
	return INTERN(recording, whos, who_index, same_who, who, sizeof(who));
}

static int add_sample(const struct gathering *from, const struct window_sample *seen)
{
	struct recording *recording = from->recording;
	struct recording_sample sample = {.who = add_who(recording, from->processes, &seen->key)};
	uint32_t id;

	sample.node = add_kernel_stack(from, seen, add_user_stack(from, seen));
	if (sample.who == FAILED || sample.node == FAILED)
		return -ENOMEM;
	id = INTERN(recording, samples, sample_index, same_sample, sample,
		    offsetof(struct recording_sample, count));
	if (id == FAILED)
		return -ENOMEM;
	recording->samples.items[id].count += seen->count;
	return 0;
}

/*
 * Is there more to be known of where this stack leads? Looking for the address that was sampled has a mapping
 * looked for that no news told of yet. News of a process that has just begun may be on their way: they have as
 * long as one window.
 */
static bool is_too_early(const struct recording_source *source, const struct window_sample *sample)
{
	const struct window_copy *copy = &source->window->copies.items[sample->copy - 1];
	struct place place;

	processes_normalize(source->processes, &sample->key.task,
			    copy->registers[UNWIND_REGISTER_RA], &place);
	switch (walker_look_out(source->walker, &sample->key.task, copy->time_ns)) {
	case WALKER_UNKNOWN:
		return !sample->since_ns;
	case WALKER_WAITING:
		return true;
	default:
		return false;
	}
}

/* True when the sample is to be added later, and has been kept for that. */
static bool is_put_off(const struct recording_source *source, const struct window_sample *sample)
{
	return source->late && sample->copy && is_too_early(source, sample) &&
	       window_put_off(source->late, source->window, sample, source->since_ns) == 0;
}

void recording_add_window(struct recording *recording, const struct recording_source *source)
{
	struct gathering from = {
		.recording = recording,
		.window = source->window,
		.processes = source->processes,
		.walker = source->walker,
	};

	vec_for_each(&source->window->samples, sample) {
		if (is_put_off(source, sample))
			continue;
		if (add_sample(&from, sample) < 0) {
			recording->lost_full += sample->count;
			continue;
		}
		recording->recorded += sample->count;
		recording->user += sample->user_len || sample->copy ? sample->count : 0;
		recording->kernel += sample->kernel_len ? sample->count : 0;
	}
}

static bool is_file_spot(const struct recording_spot *spot)
{
	return spot->kind == SPOT_CODE && spot->object >= OBJECT_FIRST_FILE;
}

/* Distinct objects, in the order of their first spot; `places` tells 1 + where each one is. */
static size_t list_objects(const struct recording *recording, uint32_t *places, uint32_t *ids)
{
	size_t len = 0;

	vec_for_each(&recording->spots, spot) {
		if (!is_file_spot(spot) || places[spot->object])
			continue;
		ids[len++] = spot->object;
		places[spot->object] = (uint32_t)len;
	}
	return len;
}

int recording_detach(struct recording *recording, const struct objects *objects,
		     struct objects **ret_objects)
{
	uint32_t count = objects_count(objects);
	_cleanup_free_ uint32_t *places = calloc(count, sizeof(*places));
	_cleanup_free_ uint32_t *ids = calloc(count, sizeof(*ids));
	int r;

	if (!places || !ids)
		return -ENOMEM;
	r = objects_extract(objects, ids, list_objects(recording, places, ids), ret_objects);
	if (r < 0)
		return r;
	vec_for_each(&recording->spots, spot)
		if (is_file_spot(spot))
			spot->object = OBJECT_FIRST_FILE + places[spot->object] - 1;
	return 0;
}

int recording_count_stacks(const struct recording *recording, uint64_t *ret_count)
{
	_cleanup_free_ bool *seen = calloc(recording->nodes.len, sizeof(*seen));
	uint64_t count = 0;

	if (!seen)
		return -ENOMEM;
	vec_for_each(&recording->samples, sample) {
		count += !seen[sample->node];
		seen[sample->node] = true;
	}
	*ret_count = count;
	return 0;
}
