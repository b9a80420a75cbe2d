// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/mappings.h"

#include "base/vec.h"

#include <errno.h>
#include <string.h>

struct past_mapping {
	struct mapping mapping; /* the part that was replaced */
	uint64_t until_ns;
};

struct mappings {
	uint32_t refs;
	VEC(struct mapping) current;       /* by address, disjoint */
	VEC(struct past_mapping) replaced; /* oldest first */
	uint64_t known_ns;                 /* what was replaced before that time is not all here */
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

/* With the same current mappings, and none that were replaced. */
static struct mappings *copy_current(const struct mappings *from)
{
	_cleanup_mappings_ struct mappings *copy = mappings_new();

	if (!copy || vec_reserve(&copy->current, from->current.len + 1) < 0)
		return NULL;
	vec_for_each(&from->current, mapping)
		copy->current.items[copy->current.len++] = *mapping;
	return TAKE_PTR(copy);
}

int mappings_own(struct mappings **mappings)
{
	_cleanup_mappings_ struct mappings *copy = NULL;
	const struct mappings *from = *mappings;

	if (from->refs == 1)
		return 0;
	copy = copy_current(from);
	if (!copy || vec_reserve(&copy->replaced, from->replaced.len + 1) < 0)
		return -ENOMEM;
	vec_for_each(&from->replaced, past)
		copy->replaced.items[copy->replaced.len++] = *past;
	copy->known_ns = from->known_ns;
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
				.object = whole->object,
				.since_ns = whole->since_ns};
}

static bool is_same_code(const struct mapping *a, const struct mapping *b)
{
	return a->object == b->object && a->file_offset - a->start == b->file_offset - b->start;
}

static void forget_oldest(struct mappings *mappings, size_t count)
{
	mappings->replaced.len -= count;
	memmove(mappings->replaced.items, mappings->replaced.items + count,
		mappings->replaced.len * sizeof(*mappings->replaced.items));
}

static void remember_replaced(struct mappings *mappings, const struct past_mapping *past)
{
	if (mappings->replaced.len == MAPPINGS_REPLACED_MAX) {
		mappings->known_ns = MAX(mappings->known_ns, mappings->replaced.items[0].until_ns);
		forget_oldest(mappings, 1);
	}
	if (vec_push(&mappings->replaced, *past) < 0)
		mappings->known_ns = MAX(mappings->known_ns, past->until_ns);
}

/* The part of `before` that `mapping` takes the place of. */
static void remember_covered(struct mappings *mappings, const struct mapping *before,
			     const struct mapping *mapping)
{
	struct past_mapping past = {
		.mapping = part_of(before, MAX(before->start, mapping->start),
				   MIN(before->limit, mapping->limit)),
		.until_ns = mapping->since_ns,
	};

	if (!is_same_code(before, mapping))
		remember_replaced(mappings, &past);
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
		remember_covered(mappings, &mappings->current.items[i], mapping);
	memmove(mappings->current.items + first + pieces_len, mappings->current.items + last,
		(mappings->current.len - last) * sizeof(*mapping));
	memcpy(mappings->current.items + first, pieces, pieces_len * sizeof(*mapping));
	mappings->current.len = new_len;
	return 0;
}

/* Where the code of `before` is still there, it is as old as it was. False: other code lies there now. */
static bool carry_over(struct mappings *mappings, const struct mapping *before)
{
	size_t i = first_behind(mappings, before->start);
	bool same = true;

	for (; i < mappings->current.len && mappings->current.items[i].start < before->limit; i++) {
		if (is_same_code(&mappings->current.items[i], before))
			mappings->current.items[i].since_ns = before->since_ns;
		else
			same = false;
	}
	return same;
}

void mappings_supersede(struct mappings *mappings, const struct mappings *before, uint64_t time_ns)
{
	mappings->known_ns = before->known_ns;
	vec_for_each(&before->replaced, past)
		remember_replaced(mappings, past);
	vec_for_each(&before->current, mapping) {
		const struct mapping *now = mappings_find(mappings, mapping->start);
		struct past_mapping past = {.mapping = *mapping, .until_ns = time_ns};

		if (!now || !is_same_code(now, mapping) || now->limit < mapping->limit)
			remember_replaced(mappings, &past);
		if (!carry_over(mappings, mapping))
			mappings->known_ns = time_ns;
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
		const struct mapping *mapping = &mappings->replaced.items[i].mapping;

		if (mapping->start <= address && address < mapping->limit)
			return mapping;
	}
	return NULL;
}

static bool was_there(const struct past_mapping *past, uint64_t time_ns)
{
	return past->mapping.since_ns <= time_ns && time_ns < past->until_ns;
}

/* The first of the replaced ones, from `i` on, that was there; their count when there is none. */
static size_t next_there(const struct mappings *mappings, size_t i, uint64_t time_ns)
{
	while (i < mappings->replaced.len && !was_there(&mappings->replaced.items[i], time_ns))
		i++;
	return i;
}

int mappings_at(struct mappings *mappings, uint64_t time_ns, struct mappings **ret_then)
{
	_cleanup_mappings_ struct mappings *then = NULL;
	size_t i = next_there(mappings, 0, time_ns);
	int r = 0;

	if (time_ns < mappings->known_ns)
		return -ESTALE;
	if (i == mappings->replaced.len) {
		*ret_then = mappings_ref(mappings);
		return 0;
	}
	then = copy_current(mappings);
	for (; r == 0 && i < mappings->replaced.len; i = next_there(mappings, i + 1, time_ns))
		r = then ? mappings_insert(then, &mappings->replaced.items[i].mapping) : -ENOMEM;
	if (r < 0)
		return r;
	then->replaced.len = 0;
	*ret_then = TAKE_PTR(then);
	return 0;
}

bool mappings_agree(const struct mappings *a, const struct mappings *b)
{
	if (a->current.len != b->current.len)
		return false;
	for (size_t i = 0; i < a->current.len; i++) {
		const struct mapping *x = &a->current.items[i], *y = &b->current.items[i];

		if (x->start != y->start || x->limit != y->limit || !is_same_code(x, y))
			return false;
	}
	return true;
}

/* They are in the order of `until_ns`, but for those of which that is not known exactly. */
void mappings_forget_replaced(struct mappings *mappings, uint64_t time_ns)
{
	size_t old = 0;

	while (old < mappings->replaced.len && mappings->replaced.items[old].until_ns < time_ns)
		old++;
	forget_oldest(mappings, old);
}

void mappings_name_objects(const struct mappings *mappings,
			   void (*name)(void *ctx, uint32_t object), void *ctx)
{
	vec_for_each(&mappings->current, mapping)
		name(ctx, mapping->object);
	vec_for_each(&mappings->replaced, past)
		name(ctx, past->mapping.object);
}

size_t mappings_count(const struct mappings *mappings)
{
	return mappings->current.len;
}

const struct mapping *mappings_get(const struct mappings *mappings, size_t i)
{
	return &mappings->current.items[i];
}
