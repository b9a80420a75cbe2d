// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/mappings.h"

#include "base/vec.h"

#include <errno.h>
#include <string.h>

struct mappings {
	uint32_t refs;
	VEC(struct mapping) current;  /* by address, disjoint */
	VEC(struct mapping) replaced; /* oldest first */
};

struct mappings *mappings_new(void)
{
	struct mappings *mappings = calloc(1, sizeof(*mappings));

	if (mappings)
		mappings->refs = 1;
	return mappings;
}

struct mappings *mappings_ref(struct mappings *mappings)
{
	mappings->refs++;
	return mappings;
}

struct mappings *mappings_unref(struct mappings *mappings)
{
	if (!mappings || --mappings->refs)
		return NULL;
	vec_free(&mappings->current);
	vec_free(&mappings->replaced);
	free(mappings);
	return NULL;
}

static void mappings_cleanup(struct mappings **mappings)
{
	mappings_unref(*mappings);
}

int mappings_own(struct mappings **mappings)
{
	_cleanup_(mappings_cleanup) struct mappings *copy = NULL;
	const struct mappings *from = *mappings;

	if (from->refs == 1)
		return 0;
	copy = mappings_new();
	if (!copy || vec_reserve(&copy->current, from->current.len + 1) < 0 ||
	    vec_reserve(&copy->replaced, from->replaced.len + 1) < 0)
		return -ENOMEM;
	vec_for_each(&from->current, mapping)
		copy->current.items[copy->current.len++] = *mapping;
	vec_for_each(&from->replaced, mapping)
		copy->replaced.items[copy->replaced.len++] = *mapping;
	mappings_unref(*mappings);
	*mappings = TAKE_PTR(copy);
	return 0;
}

/* Index of the first mapping that ends behind the address. */
static size_t first_behind(const struct mappings *mappings, uint64_t address)
{
	size_t low = 0, high = mappings->current.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (mappings->current.items[middle].limit <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The part of a mapping from `start` to `limit`. */
static struct mapping part_of(const struct mapping *whole, uint64_t start, uint64_t limit)
{
	return (struct mapping){.start = start,
				.limit = limit,
				.file_offset = whole->file_offset + (start - whole->start),
				.object = whole->object};
}

static bool is_same_code(const struct mapping *a, const struct mapping *b)
{
	return a->object == b->object && a->file_offset - a->start == b->file_offset - b->start;
}

/* Losing one for want of memory costs no more than one past the cap does. */
static void remember_replaced(struct mappings *mappings, const struct mapping *mapping)
{
	if (mappings->replaced.len == MAPPINGS_REPLACED_MAX) {
		mappings->replaced.len--;
		memmove(mappings->replaced.items, mappings->replaced.items + 1,
			mappings->replaced.len * sizeof(*mapping));
	}
	if (vec_push(&mappings->replaced, *mapping) < 0)
		return;
}

int mappings_insert(struct mappings *mappings, const struct mapping *mapping)
{
	size_t first, last, pieces_len = 0, new_len;
	struct mapping pieces[3];

	if (mapping->start >= mapping->limit)
		return -EINVAL;
	first = last = first_behind(mappings, mapping->start);
	while (last < mappings->current.len && mappings->current.items[last].start < mapping->limit)
		last++;
	/* At most two pieces stick out: of the first one at its front, of the last one at its end. */
	if (first < last && mappings->current.items[first].start < mapping->start)
		pieces[pieces_len++] =
			part_of(&mappings->current.items[first],
				mappings->current.items[first].start, mapping->start);
	pieces[pieces_len++] = *mapping;
	if (first < last && mappings->current.items[last - 1].limit > mapping->limit)
		pieces[pieces_len++] = part_of(&mappings->current.items[last - 1], mapping->limit,
					       mappings->current.items[last - 1].limit);
	new_len = mappings->current.len - (last - first) + pieces_len;
	if (new_len > MAPPINGS_MAX)
		return -ENOSPC;
	if (vec_reserve(&mappings->current, new_len) < 0)
		return -ENOMEM;
	for (size_t i = first; i < last; i++)
		if (!is_same_code(&mappings->current.items[i], mapping))
			remember_replaced(mappings, &mappings->current.items[i]);
	memmove(mappings->current.items + first + pieces_len, mappings->current.items + last,
		(mappings->current.len - last) * sizeof(*mapping));
	memcpy(mappings->current.items + first, pieces, pieces_len * sizeof(*mapping));
	mappings->current.len = new_len;
	return 0;
}

void mappings_supersede(struct mappings *mappings, const struct mappings *before)
{
	vec_for_each(&before->replaced, mapping)
		remember_replaced(mappings, mapping);
	vec_for_each(&before->current, mapping) {
		const struct mapping *now = mappings_find(mappings, mapping->start);

		if (!now || !is_same_code(now, mapping) || now->limit < mapping->limit)
			remember_replaced(mappings, mapping);
	}
}

const struct mapping *mappings_find(const struct mappings *mappings, uint64_t address)
{
	size_t i = first_behind(mappings, address);

	if (i == mappings->current.len || mappings->current.items[i].start > address)
		return NULL;
	return &mappings->current.items[i];
}

const struct mapping *mappings_find_replaced(const struct mappings *mappings, uint64_t address)
{
	for (size_t i = mappings->replaced.len; i-- > 0;) {
		const struct mapping *mapping = &mappings->replaced.items[i];

		if (mapping->start <= address && address < mapping->limit)
			return mapping;
	}
	return NULL;
}

void mappings_forget_replaced(struct mappings *mappings)
{
	mappings->replaced.len = 0;
}

void mappings_name_objects(const struct mappings *mappings,
			   void (*name)(void *ctx, uint32_t object), void *ctx)
{
	vec_for_each(&mappings->current, mapping)
		name(ctx, mapping->object);
	vec_for_each(&mappings->replaced, mapping)
		name(ctx, mapping->object);
}

size_t mappings_count(const struct mappings *mappings)
{
	return mappings->current.len;
}

const struct mapping *mappings_get(const struct mappings *mappings, size_t i)
{
	return &mappings->current.items[i];
}
