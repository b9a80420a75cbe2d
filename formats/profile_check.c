// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Every invariant that profile.h promises. */
#include "formats/profile.h"

#include <errno.h>
#include <stdarg.h>

struct check {
	const struct profile *profile;
	struct err *err;
};

static int broken(const struct check *check, const char *what, size_t id, const char *why)
{
	return err_set(check->err, -EINVAL, "broken profile: %s %zu: %s", what, id, why);
}

static bool is_string(const struct check *check, uint32_t id)
{
	return id < strtab_count(&check->profile->strings);
}

static bool is_none_or_below(uint32_t id, size_t count)
{
	return id == PROFILE_NONE || id < count;
}

static int check_header(const struct check *check)
{
	const struct profile *profile = check->profile;

	if (!strtab_count(&profile->strings) || strtab_len(&profile->strings, 0))
		return broken(check, "string", 0, "is not empty");
	if (!profile->value_types_len || profile->value_types_len > PROFILE_VALUES_MAX)
		return broken(check, "value types", profile->value_types_len, "bad count");
	if (profile->default_value_type >= profile->value_types_len)
		return broken(check, "value type", profile->default_value_type, "not there");
	for (uint32_t i = 0; i < profile->value_types_len; i++)
		if (!is_string(check, profile->value_types[i].type) ||
		    !is_string(check, profile->value_types[i].unit))
			return broken(check, "value type", i, "no such string");
	if (!is_string(check, profile->period_type.type) ||
	    !is_string(check, profile->period_type.unit))
		return broken(check, "period type", 0, "no such string");
	if (!is_string(check, profile->host) || !is_string(check, profile->command) ||
	    !is_string(check, profile->drop_frames) || !is_string(check, profile->keep_frames) ||
	    !is_string(check, profile->doc_url))
		return broken(check, "description", 0, "no such string");
	for (size_t i = 0; i < profile->comments.len; i++)
		if (!is_string(check, profile->comments.items[i]))
			return broken(check, "comment", i, "no such string");
	return 0;
}

static int check_mappings(const struct check *check)
{
	for (size_t i = 0; i < check->profile->mappings.len; i++) {
		const struct profile_mapping *mapping = &check->profile->mappings.items[i];

		if (!is_string(check, mapping->name) || !is_string(check, mapping->build_id))
			return broken(check, "mapping", i, "no such string");
		if (mapping->limit && mapping->start > mapping->limit)
			return broken(check, "mapping", i, "starts behind its limit");
	}
	return 0;
}

static int check_functions(const struct check *check)
{
	for (size_t i = 0; i < check->profile->functions.len; i++) {
		const struct profile_function *function = &check->profile->functions.items[i];

		if (!is_string(check, function->name) || !is_string(check, function->system_name) ||
		    !is_string(check, function->file))
			return broken(check, "function", i, "no such string");
	}
	return 0;
}

static int check_frames(const struct check *check)
{
	for (size_t i = 0; i < check->profile->frames.len; i++) {
		const struct profile_frame *frame = &check->profile->frames.items[i];

		if (!is_none_or_below(frame->function, check->profile->functions.len))
			return broken(check, "frame", i, "no such function");
		if (!is_none_or_below(frame->mapping, check->profile->mappings.len))
			return broken(check, "frame", i, "no such mapping");
		if (frame->kind > FRAME_MARKER || frame->is_folded > 1)
			return broken(check, "frame", i, "bad kind");
	}
	return 0;
}

static int check_stacks(const struct check *check)
{
	const struct profile *profile = check->profile;

	if (!profile->stacks.len || profile->stacks.items[0].frame != PROFILE_NONE)
		return broken(check, "stack", 0, "is not the empty stack");
	for (size_t i = 1; i < profile->stacks.len; i++) {
		const struct profile_stack *stack = &profile->stacks.items[i];
		const struct profile_frame *frame, *caller;

		if (stack->parent >= i)
			return broken(check, "stack", i, "comes before its parent");
		if (stack->frame >= profile->frames.len)
			return broken(check, "stack", i, "no such frame");
		frame = &profile->frames.items[stack->frame];
		if (frame->kind != FRAME_INLINE || !stack->parent)
			continue;
		caller = &profile->frames.items[profile->stacks.items[stack->parent].frame];
		if (frame->mapping != caller->mapping || frame->address != caller->address)
			return broken(check, "stack", i, "inlined away from its caller");
	}
	return 0;
}

static int check_label_sets(const struct check *check)
{
	const struct profile *profile = check->profile;
	uint32_t start = 0;

	if (!profile->label_set_ends.len || profile->label_set_ends.items[0])
		return broken(check, "label set", 0, "is not empty");
	for (size_t i = 0; i < profile->label_set_ends.len; i++) {
		uint32_t end = profile->label_set_ends.items[i];

		if (end < start || end > profile->labels.len)
			return broken(check, "label set", i, "bad end");
		for (uint32_t j = start + 1; j < end; j++)
			if (profile->labels.items[j - 1].key > profile->labels.items[j].key)
				return broken(check, "label set", i, "not sorted");
		start = end;
	}
	for (size_t i = 0; i < profile->labels.len; i++) {
		const struct profile_label *label = &profile->labels.items[i];

		if (!is_string(check, label->key) || !is_string(check, label->str) ||
		    !is_string(check, label->unit))
			return broken(check, "label", i, "no such string");
	}
	return 0;
}

static int check_samples(const struct check *check)
{
	for (size_t i = 0; i < check->profile->samples.len; i++) {
		const struct profile_sample *sample = &check->profile->samples.items[i];

		if (sample->stack >= check->profile->stacks.len)
			return broken(check, "sample", i, "no such stack");
		if (sample->labels >= check->profile->label_set_ends.len)
			return broken(check, "sample", i, "no such label set");
	}
	return 0;
}

struct items {
	const void *items;
	size_t size, key_size;
	const void *key;
};

static bool same_item(const void *ctx, uint32_t id)
{
	const struct items *items = ctx;

	return memcmp((const char *)items->items + id * items->size, items->key, items->key_size) ==
	       0;
}

/* Does each item come once only? The position of the first that does not, len, or -ENOMEM. */
static int64_t first_double(struct items items, size_t len)
{
	_cleanup_(hashindex_free) struct hashindex index = {0};

	for (size_t i = 0; i < len; i++) {
		uint64_t hash;

		items.key = (const char *)items.items + i * items.size;
		hash = hash_bytes(items.key, items.key_size);
		if (hashindex_find(&index, hash, same_item, &items) != HASHINDEX_NONE)
			return (int64_t)i;
		if (hashindex_add(&index, hash, (uint32_t)i) < 0)
			return -ENOMEM;
	}
	return (int64_t)len;
}

#define ITEMS(vec, key_bytes) ((struct items){(vec)->items, sizeof(*(vec)->items), key_bytes, NULL})

static int check_unique(const struct check *check)
{
	const struct profile *p = check->profile;
	const struct {
		const char *what;
		struct items items;
		size_t len;
	} tables[] = {
		{"mapping", ITEMS(&p->mappings, offsetof(struct profile_mapping, has_functions)),
		 p->mappings.len},
		{"function", ITEMS(&p->functions, sizeof(*p->functions.items)), p->functions.len},
		{"frame", ITEMS(&p->frames, sizeof(*p->frames.items)), p->frames.len},
		{"stack", ITEMS(&p->stacks, sizeof(*p->stacks.items)), p->stacks.len},
		{"sample", ITEMS(&p->samples, offsetof(struct profile_sample, values)),
		 p->samples.len},
	};

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		int64_t id = first_double(tables[i].items, tables[i].len);

		if (id < 0)
			return err_errno(check->err, (int)id, "cannot check the profile");
		if ((size_t)id < tables[i].len)
			return broken(check, tables[i].what, (size_t)id, "is there twice");
	}
	return 0;
}

int profile_check(const struct profile *profile, struct err *err)
{
	static int (*const checks[])(const struct check *) = {
		check_header, check_mappings,   check_functions, check_frames,
		check_stacks, check_label_sets, check_samples,   check_unique,
	};
	const struct check check = {.profile = profile, .err = err};

	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		int r = checks[i](&check);

		if (r < 0)
			return r;
	}
	return 0;
}
