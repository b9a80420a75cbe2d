// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/mapsets.h"

#include "bpf/walk_abi.h"

#include <errno.h>
#include <string.h>

_Static_assert(OBJECT_ID_ANON == WALK_OBJECT_MEMORY_FIRST, "walk abi");
_Static_assert(OBJECT_FIRST_FILE == WALK_OBJECT_MEMORY_LAST + 1, "walk abi");

struct wanted {
	const struct mapsets *mapsets;
	const struct buf *content;
};

void mapsets_init(struct mapsets *mapsets, struct walk_pool *pool)
{
	*mapsets = (struct mapsets){.pool = pool};
}

void mapsets_done(struct mapsets *mapsets)
{
	vec_free(&mapsets->sets);
	hashindex_free(&mapsets->by_content);
	buf_free(&mapsets->scratch);
}

/* Content is all that follows the head: the head's id differs, its length follows. */
static const unsigned char *content_of(const struct mapsets *mapsets, const struct mapset *set)
{
	return mapsets->pool->base + set->off + sizeof(struct walk_mapset);
}

static bool same_content(const void *ctx, uint32_t position)
{
	const struct wanted *wanted = ctx;
	const struct mapset *set = &wanted->mapsets->sets.items[position];

	return set->len == wanted->content->len + sizeof(struct walk_mapset) &&
	       memcmp(content_of(wanted->mapsets, set), wanted->content->data,
		      wanted->content->len) == 0;
}

/*
 * Files are known by their offsets, memory without a file by its addresses. Where the table's address for
 * the mapping's first byte cannot be told, there is none that speaks of it.
 */
static struct walk_mapping walk_mapping_of(const struct mapping *mapping,
					   const struct walk_tables *tables)
{
	const struct walk_table *table = walk_tables_get(tables, mapping->object);
	struct walk_mapping result = {
		.limit = mapping->limit,
		.object = MIN(mapping->object, WALK_OBJECT_ID_MAX),
		.table = WALK_NO_TABLE,
	};
	uint64_t address;

	if (mapping->object != OBJECT_ID_ANON && mapping->object != OBJECT_ID_HEAP &&
	    mapping->object != OBJECT_ID_STACK)
		result.file_bias = mapping->start - mapping->file_offset;
	if (table->state == WALK_TABLE_FAILED)
		result.table = WALK_TABLE_BROKEN;
	else if (table->state != WALK_TABLE_NONE && table->state != WALK_TABLE_READY)
		result.table = WALK_TABLE_NO_ROOM; /* or not built yet */
	if (table->state != WALK_TABLE_READY ||
	    !walk_table_address(table, mapping->file_offset, &address))
		return result;
	result.table = table->slot;
	result.table_bias = mapping->start - address;
	return result;
}

static int spell_content(struct mapsets *mapsets, const struct mappings *mappings,
			 const struct walk_tables *tables)
{
	size_t count = mappings_count(mappings);
	struct buf *content = &mapsets->scratch;

	if (!count)
		return -ENODATA;
	if (count > WALK_MAPPINGS_MAX)
		return -E2BIG;
	buf_clear(content);
	for (size_t i = 0; i < count; i++)
		buf_append(content, &mappings_get(mappings, i)->start, sizeof(uint64_t));
	for (size_t i = 0; i < count; i++) {
		struct walk_mapping mapping = walk_mapping_of(mappings_get(mappings, i), tables);

		buf_append(content, &mapping, sizeof(mapping));
	}
	return buf_error(content);
}

static int free_position(struct mapsets *mapsets, uint32_t *ret_position)
{
	for (uint32_t i = 0; i < mapsets->sets.len; i++) {
		if (mapsets->sets.items[i].len)
			continue;
		*ret_position = i;
		return 0;
	}
	*ret_position = (uint32_t)mapsets->sets.len;
	return vec_push(&mapsets->sets, ((struct mapset){0}));
}

static void write_set(struct mapsets *mapsets, const struct mapset *set, uint32_t mappings_cnt)
{
	struct walk_mapset head = {.id = set->id, .len = mappings_cnt};
	unsigned char *at = mapsets->pool->base + set->off;

	memcpy(at + sizeof(head), mapsets->scratch.data, mapsets->scratch.len);
	memcpy(at, &head, sizeof(head));
}

static int add_set(struct mapsets *mapsets, uint64_t hash, uint32_t mappings_cnt,
		   uint32_t *ret_position)
{
	struct mapset set = {
		.id = mapsets->last_id + 1 ? mapsets->last_id + 1 : 1,
		.len = (uint32_t)(sizeof(struct walk_mapset) + mapsets->scratch.len),
		.hash = hash,
	};
	uint32_t position;
	int r = free_position(mapsets, &position);

	if (r == 0)
		r = walk_pool_alloc(mapsets->pool, set.len, &set.off);
	if (r < 0)
		return r;
	r = hashindex_add(&mapsets->by_content, hash, position);
	if (r < 0) {
		walk_pool_retire(mapsets->pool, set.off, set.len);
		return r;
	}
	write_set(mapsets, &set, mappings_cnt);
	mapsets->last_id = set.id;
	mapsets->sets.items[position] = set;
	*ret_position = position;
	return 0;
}

int mapsets_get(struct mapsets *mapsets, const struct mappings *mappings,
		const struct walk_tables *tables, uint32_t *ret_mapset)
{
	struct wanted wanted = {.mapsets = mapsets, .content = &mapsets->scratch};
	int r = spell_content(mapsets, mappings, tables);
	uint32_t position;
	uint64_t hash;

	if (r < 0)
		return r;
	hash = hash_bytes(mapsets->scratch.data, mapsets->scratch.len);
	position = hashindex_find(&mapsets->by_content, hash, same_content, &wanted);
	if (position == HASHINDEX_NONE)
		r = add_set(mapsets, hash, (uint32_t)mappings_count(mappings), &position);
	if (r == 0)
		*ret_mapset = position;
	return r;
}

struct mapset *mapsets_find(struct mapsets *mapsets, uint32_t id)
{
	vec_for_each(&mapsets->sets, set)
		if (set->len && set->id == id)
			return set;
	return NULL;
}

uint32_t mapsets_limit(const struct mapsets *mapsets)
{
	uint32_t limit = 0;

	vec_for_each(&mapsets->sets, set)
		if (set->len)
			limit = MAX(limit, set->off + set->len);
	return limit;
}

static void mark_tables(const struct mapsets *mapsets, const struct mapset *set,
			struct walk_tables *tables)
{
	uint32_t count = (set->len - (uint32_t)sizeof(struct walk_mapset)) /
			 (uint32_t)(sizeof(uint64_t) + sizeof(struct walk_mapping));
	const unsigned char *at = content_of(mapsets, set) + count * sizeof(uint64_t);

	for (uint32_t i = 0; i < count; i++, at += sizeof(struct walk_mapping)) {
		struct walk_mapping mapping;

		memcpy(&mapping, at, sizeof(mapping));
		walk_tables_mark(tables, mapping.object);
	}
}

void mapsets_sweep(struct mapsets *mapsets, struct walk_tables *tables)
{
	for (uint32_t i = 0; i < mapsets->sets.len; i++) {
		struct mapset *set = &mapsets->sets.items[i];

		if (!set->len)
			continue;
		if (set->marked) {
			mark_tables(mapsets, set, tables);
			set->marked = false;
			continue;
		}
		hashindex_remove(&mapsets->by_content, set->hash, i);
		walk_pool_retire(mapsets->pool, set->off, set->len);
		set->len = 0;
	}
}
