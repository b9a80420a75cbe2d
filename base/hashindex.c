// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Open addressing with linear probing, at most 3/4 full; removal closes the gap it makes. */
#define XXH_INLINE_ALL
#include "base/hashindex.h"

#include <errno.h>
#include <string.h>
#include <xxhash.h>

#define MIN_CAP 64u

uint64_t hash_bytes(const void *data, size_t len)
{
	return XXH3_64bits(data, len);
}

static uint32_t fold(uint64_t hash)
{
	return (uint32_t)(hash ^ (hash >> 32));
}

static void place(struct hashindex_slot *slots, uint32_t cap, struct hashindex_slot slot)
{
	uint32_t i = slot.hash & (cap - 1);

	while (slots[i].id != HASHINDEX_NONE)
		i = (i + 1) & (cap - 1);
	slots[i] = slot;
}

static int grow(struct hashindex *index)
{
	uint32_t cap = index->cap ? index->cap * 2 : MIN_CAP;
	struct hashindex_slot *slots;

	if (cap < index->cap)
		return -ENOMEM;
	slots = malloc((size_t)cap * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memset(slots, 0xff, (size_t)cap * sizeof(*slots));
	for (uint32_t i = 0; i < index->cap; i++)
		if (index->slots[i].id != HASHINDEX_NONE)
			place(slots, cap, index->slots[i]);
	free(index->slots);
	index->slots = slots;
	index->cap = cap;
	return 0;
}

uint32_t hashindex_find(const struct hashindex *index, uint64_t hash, hashindex_same_fn same,
			const void *ctx)
{
	uint32_t wanted = fold(hash);

	if (!index->cap)
		return HASHINDEX_NONE;
	for (uint32_t i = wanted & (index->cap - 1);; i = (i + 1) & (index->cap - 1)) {
		const struct hashindex_slot *slot = &index->slots[i];

		if (slot->id == HASHINDEX_NONE)
			return HASHINDEX_NONE;
		if (slot->hash == wanted && same(ctx, slot->id))
			return slot->id;
	}
}

int hashindex_add(struct hashindex *index, uint64_t hash, uint32_t id)
{
	if (index->len + 1 > index->cap / 4 * 3) {
		int r = grow(index);

		if (r < 0)
			return r;
	}
	place(index->slots, index->cap, (struct hashindex_slot){.id = id, .hash = fold(hash)});
	index->len++;
	return 0;
}

/* Moves later members of the probe run back over the gap, so that none becomes unreachable. */
static void close_gap(struct hashindex *index, uint32_t gap)
{
	uint32_t mask = index->cap - 1;

	for (uint32_t i = (gap + 1) & mask; index->slots[i].id != HASHINDEX_NONE;
	     i = (i + 1) & mask) {
		uint32_t home = index->slots[i].hash & mask;

		if (((i - home) & mask) >= ((i - gap) & mask)) {
			index->slots[gap] = index->slots[i];
			gap = i;
		}
	}
	index->slots[gap].id = HASHINDEX_NONE;
}

void hashindex_remove(struct hashindex *index, uint64_t hash, uint32_t id)
{
	uint32_t mask = index->cap - 1;

	if (!index->cap)
		return;
	for (uint32_t i = fold(hash) & mask; index->slots[i].id != HASHINDEX_NONE;
	     i = (i + 1) & mask) {
		if (index->slots[i].id != id)
			continue;
		close_gap(index, i);
		index->len--;
		return;
	}
}

void hashindex_clear(struct hashindex *index)
{
	if (index->cap)
		memset(index->slots, 0xff, (size_t)index->cap * sizeof(*index->slots));
	index->len = 0;
}

void hashindex_free(struct hashindex *index)
{
	free(index->slots);
	*index = (struct hashindex){0};
}
