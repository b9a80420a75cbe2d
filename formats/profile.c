// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/profile.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#define STRING_BYTES_MAX ((size_t)1 << 31)

/* A table of interned items: the first key_size bytes of an item are its identity. */
struct table {
	void **items;
	size_t *len, *cap;
	struct hashindex *index;
	size_t item_size, key_size;
};

#define TABLE(vec, hash_index, key_bytes)                                                          \
	((struct table){(void **)&(vec)->items, &(vec)->len, &(vec)->cap, (hash_index),            \
			sizeof(*(vec)->items), (key_bytes)})

/* Identities are compared as bytes, so there must be no padding in them. */
static_assert(offsetof(struct profile_mapping, has_functions) == 32, "no padding in the identity");
static_assert(sizeof(struct profile_function) == 16, "no padding");
static_assert(sizeof(struct profile_frame) == 32, "no padding");
static_assert(sizeof(struct profile_stack) == 8, "no padding");
static_assert(offsetof(struct profile_sample, values) == 8, "no padding in the identity");

struct wanted {
	const struct table *table;
	const void *item;
};

static void *item_at(const struct table *table, uint32_t id)
{
	return (char *)*table->items + (size_t)id * table->item_size;
}

static bool same_item(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return memcmp(item_at(wanted->table, id), wanted->item, wanted->table->key_size) == 0;
}

static uint32_t intern(struct table table, const void *item)
{
	struct wanted wanted = {.table = &table, .item = item};
	uint64_t hash = hash_bytes(item, table.key_size);
	uint32_t id = hashindex_find(table.index, hash, same_item, &wanted);

	if (id != HASHINDEX_NONE)
		return id;
	if (*table.len >= PROFILE_NONE - 1 ||
	    vec_reserve_(table.items, table.cap, *table.len + 1, table.item_size) < 0)
		return PROFILE_NONE;
	id = (uint32_t)*table.len;
	if (hashindex_add(table.index, hash, id) < 0)
		return PROFILE_NONE;
	memcpy(item_at(&table, id), item, table.item_size);
	++*table.len;
	return id;
}

uint32_t profile_string_len(struct profile *profile, const char *text, size_t len)
{
	return strtab_intern_len(&profile->strings, text, len);
}

uint32_t profile_string(struct profile *profile, const char *text)
{
	return strtab_intern(&profile->strings, text);
}

uint32_t profile_mapping(struct profile *profile, const struct profile_mapping *mapping)
{
	struct table table = TABLE(&profile->mappings, &profile->mapping_index,
				   offsetof(struct profile_mapping, has_functions));
	uint32_t id = intern(table, mapping);
	struct profile_mapping *known;

	if (id == PROFILE_NONE)
		return id;
	known = &profile->mappings.items[id];
	known->has_functions |= mapping->has_functions;
	known->has_filenames |= mapping->has_filenames;
	known->has_line_numbers |= mapping->has_line_numbers;
	known->has_inline_frames |= mapping->has_inline_frames;
	return id;
}

uint32_t profile_function(struct profile *profile, const struct profile_function *function)
{
	return intern(TABLE(&profile->functions, &profile->function_index, sizeof(*function)),
		      function);
}

/* One that is now as another one is stays a function of its own, and is found no more. */
int profile_rename_function(struct profile *profile, uint32_t function, uint32_t name)
{
	struct table table = TABLE(&profile->functions, &profile->function_index,
				   sizeof(*profile->functions.items));
	struct profile_function *item = &profile->functions.items[function];
	struct wanted wanted = {.table = &table, .item = item};
	uint64_t hash;

	hashindex_remove(table.index, hash_bytes(item, sizeof(*item)), function);
	item->name = name;
	hash = hash_bytes(item, sizeof(*item));
	if (hashindex_find(table.index, hash, same_item, &wanted) != HASHINDEX_NONE)
		return 0;
	return hashindex_add(table.index, hash, function);
}

uint32_t profile_frame(struct profile *profile, const struct profile_frame *frame)
{
	return intern(TABLE(&profile->frames, &profile->frame_index, sizeof(*frame)), frame);
}

uint32_t profile_stack(struct profile *profile, uint32_t parent, uint32_t frame)
{
	struct profile_stack stack = {.parent = parent, .frame = frame};

	assert(parent < profile->stacks.len);
	return intern(TABLE(&profile->stacks, &profile->stack_index, sizeof(stack)), &stack);
}

/* The values are left out of the identity, so a new sample starts from zero. */
uint32_t profile_sample(struct profile *profile, uint32_t stack, uint32_t labels,
			const int64_t *values)
{
	struct profile_sample sample = {.stack = stack, .labels = labels};
	uint32_t id = intern(TABLE(&profile->samples, &profile->sample_index,
				   offsetof(struct profile_sample, values)),
			     &sample);
	struct profile_sample *known;

	if (id == PROFILE_NONE)
		return id;
	known = &profile->samples.items[id];
	sample = *known;
	for (uint32_t i = 0; i < profile->value_types_len; i++)
		if (__builtin_add_overflow(known->values[i], values[i], &sample.values[i]))
			return PROFILE_NONE;
	*known = sample;
	return id;
}

static int compare_labels(const void *left, const void *right)
{
	const struct profile_label *a = left, *b = right;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	if (a->str != b->str)
		return a->str < b->str ? -1 : 1;
	if (a->num != b->num)
		return a->num < b->num ? -1 : 1;
	return a->unit == b->unit ? 0 : a->unit < b->unit ? -1 : 1;
}

/* Copies without padding bytes, sorts, and drops what is there twice; returns how many are left. */
static size_t order_labels(struct profile_label *set, const struct profile_label *labels,
			   size_t len)
{
	size_t kept = 0;

	if (!len)
		return 0;
	memset(set, 0, len * sizeof(*set));
	for (size_t i = 0; i < len; i++) {
		set[i].key = labels[i].key;
		set[i].str = labels[i].str;
		set[i].num = labels[i].str ? 0 : labels[i].num;
		set[i].unit = labels[i].str ? 0 : labels[i].unit;
	}
	qsort(set, len, sizeof(*set), compare_labels);
	for (size_t i = 1; i < len; i++)
		if (compare_labels(&set[kept], &set[i]) != 0)
			set[++kept] = set[i];
	return kept + 1;
}

const struct profile_label *profile_labels(const struct profile *profile, uint32_t set,
					   size_t *ret_len)
{
	size_t start = set ? profile->label_set_ends.items[set - 1] : 0;

	*ret_len = profile->label_set_ends.items[set] - start;
	return profile->labels.items ? profile->labels.items + start : NULL;
}

struct wanted_set {
	const struct profile *profile;
	const struct profile_label *labels;
	size_t len;
};

static bool same_set(const void *ctx, uint32_t id)
{
	const struct wanted_set *wanted = ctx;
	size_t len;
	const struct profile_label *labels = profile_labels(wanted->profile, id, &len);

	return len == wanted->len && memcmp(labels, wanted->labels, len * sizeof(*labels)) == 0;
}

/* The set is put in order where it will live; only if it is new does it stay there. */
uint32_t profile_label_set(struct profile *profile, const struct profile_label *labels, size_t len)
{
	struct wanted_set wanted = {.profile = profile};
	uint32_t id = (uint32_t)profile->label_set_ends.len;
	uint64_t hash;

	if (!len)
		return 0;
	if (len >= PROFILE_NONE - profile->labels.len || id >= PROFILE_NONE - 1 ||
	    vec_reserve(&profile->labels, profile->labels.len + len) < 0 ||
	    vec_reserve(&profile->label_set_ends, (size_t)id + 1) < 0)
		return PROFILE_NONE;
	wanted.labels = profile->labels.items + profile->labels.len;
	wanted.len = order_labels(profile->labels.items + profile->labels.len, labels, len);
	hash = hash_bytes(wanted.labels, wanted.len * sizeof(*labels));
	if (hashindex_find(&profile->label_index, hash, same_set, &wanted) != HASHINDEX_NONE)
		return hashindex_find(&profile->label_index, hash, same_set, &wanted);
	if (hashindex_add(&profile->label_index, hash, id) < 0)
		return PROFILE_NONE;
	profile->labels.len += wanted.len;
	profile->label_set_ends.items[profile->label_set_ends.len++] =
		(uint32_t)profile->labels.len;
	return id;
}

const struct profile_label *profile_label_find(const struct profile *profile, uint32_t set,
					       const char *key)
{
	uint32_t wanted = strtab_find(&profile->strings, key, strlen(key));
	size_t len;
	const struct profile_label *labels = profile_labels(profile, set, &len);

	for (size_t i = 0; i < len; i++)
		if (labels[i].key == wanted)
			return &labels[i];
	return NULL;
}

uint32_t profile_value_type_find(const struct profile *profile, const char *type, const char *unit)
{
	for (uint32_t i = 0; i < profile->value_types_len; i++)
		if (strcmp(profile_text(profile, profile->value_types[i].type), type) == 0 &&
		    strcmp(profile_text(profile, profile->value_types[i].unit), unit) == 0)
			return i;
	return PROFILE_NONE;
}

uint32_t profile_count_type(const struct profile *profile)
{
	uint32_t count = profile_value_type_find(profile, "samples", "count");

	return count == PROFILE_NONE ? profile->default_value_type : count;
}

int64_t profile_total(const struct profile *profile, uint32_t value_type)
{
	__int128 total = 0;

	for (size_t i = 0; i < profile->samples.len; i++)
		total += profile->samples.items[i].values[value_type];
	return total > INT64_MAX ? INT64_MAX : total < INT64_MIN ? INT64_MIN : (int64_t)total;
}

uint32_t profile_stack_depth(const struct profile *profile, uint32_t stack)
{
	uint32_t depth = 0;

	for (; stack; stack = profile->stacks.items[stack].parent)
		depth++;
	return depth;
}

void profile_stack_frames(const struct profile *profile, uint32_t stack, uint32_t *frames,
			  uint32_t depth)
{
	for (; stack && depth; stack = profile->stacks.items[stack].parent)
		frames[--depth] = profile->stacks.items[stack].frame;
}

/* The empty string, stack and label set, and the value types of a CPU profile. */
static int fill_new(struct profile *profile)
{
	struct profile_stack no_stack = {.parent = 0, .frame = PROFILE_NONE};
	uint32_t samples, count, cpu, nanoseconds;
	int r = strtab_init(&profile->strings);

	if (r < 0)
		return r;
	profile->strings.bytes.max_len = STRING_BYTES_MAX;
	samples = profile_string(profile, "samples");
	count = profile_string(profile, "count");
	cpu = profile_string(profile, "cpu");
	nanoseconds = profile_string(profile, "nanoseconds");
	if (nanoseconds == PROFILE_NONE || vec_push(&profile->stacks, no_stack) < 0 ||
	    vec_push(&profile->label_set_ends, 0) < 0)
		return -ENOMEM;
	profile->value_types[0] = (struct profile_value_type){.type = samples, .unit = count};
	profile->value_types[1] = (struct profile_value_type){.type = cpu, .unit = nanoseconds};
	profile->value_types_len = 2;
	profile->default_value_type = 1;
	profile->period_type = profile->value_types[1];
	return 0;
}

int profile_new(struct profile **ret_profile)
{
	_cleanup_profile_ struct profile *profile = calloc(1, sizeof(*profile));
	int r;

	if (!profile)
		return -ENOMEM;
	r = fill_new(profile);
	if (r < 0)
		return r;
	*ret_profile = TAKE_PTR(profile);
	return 0;
}

struct profile *profile_free(struct profile *profile)
{
	if (!profile)
		return NULL;
	strtab_free(&profile->strings);
	vec_free(&profile->mappings);
	vec_free(&profile->functions);
	vec_free(&profile->frames);
	vec_free(&profile->stacks);
	vec_free(&profile->labels);
	vec_free(&profile->label_set_ends);
	vec_free(&profile->samples);
	vec_free(&profile->comments);
	hashindex_free(&profile->mapping_index);
	hashindex_free(&profile->function_index);
	hashindex_free(&profile->frame_index);
	hashindex_free(&profile->stack_index);
	hashindex_free(&profile->label_index);
	hashindex_free(&profile->sample_index);
	free(profile);
	return NULL;
}
