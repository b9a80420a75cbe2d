// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/answer_cache.h"

#include <string.h>

#define BLOCK_FRAMES ((size_t)512) /* no answer has more than a quarter of that */

struct wanted {
	const struct answer_cache *cache;
	uint64_t offset;
	uint32_t object;
};

static bool same_place(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;
	const struct answer *answer = &wanted->cache->answers.items[id];

	return answer->offset == wanted->offset && answer->object == wanted->object;
}

static uint64_t place_hash(uint32_t object, uint64_t offset)
{
	uint64_t key[] = {object, offset};

	return hash_bytes(key, sizeof(key));
}

const struct sym_result *answer_cache_find(const struct answer_cache *cache, uint32_t object,
					   uint64_t offset)
{
	struct wanted wanted = {cache, offset, object};
	uint32_t id =
		hashindex_find(&cache->index, place_hash(object, offset), same_place, &wanted);

	return id == HASHINDEX_NONE ? NULL : &cache->answers.items[id].result;
}

static int add_block(struct answer_cache *cache)
{
	_cleanup_free_ struct sym_frame *block = reallocarray(NULL, BLOCK_FRAMES, sizeof(*block));

	if (!block || vec_push(&cache->blocks, block) < 0)
		return -1;
	(void)TAKE_PTR(block);
	cache->block_used = 0;
	return 0;
}

static int copy_frames(struct answer_cache *cache, struct sym_result *result)
{
	size_t len = result->frames_len;
	struct sym_frame *frames;

	if (!len)
		return 0;
	if (len > BLOCK_FRAMES || ((!cache->blocks.len || BLOCK_FRAMES - cache->block_used < len) &&
				   add_block(cache) < 0))
		return -1;
	frames = *vec_last(&cache->blocks) + cache->block_used;
	memcpy(frames, result->frames, len * sizeof(*frames));
	cache->block_used += len;
	result->frames = frames;
	return 0;
}

const struct sym_result *answer_cache_keep(struct answer_cache *cache, uint32_t object,
					   uint64_t offset, const struct sym_result *result)
{
	struct answer answer = {offset, object, *result};

	if (cache->answers.len >= ANSWER_CACHE_MAX)
		answer_cache_forget(cache);
	if (copy_frames(cache, &answer.result) < 0 ||
	    vec_reserve(&cache->answers, cache->answers.len + 1) < 0 ||
	    hashindex_add(&cache->index, place_hash(object, offset), (uint32_t)cache->answers.len) <
		    0)
		return NULL;
	cache->answers.items[cache->answers.len++] = answer;
	return &vec_last(&cache->answers)->result;
}

void answer_cache_forget(struct answer_cache *cache)
{
	vec_for_each(&cache->blocks, block)
		free(*block);
	cache->blocks.len = 0;
	cache->answers.len = 0;
	hashindex_clear(&cache->index);
}

void answer_cache_free(struct answer_cache *cache)
{
	answer_cache_forget(cache);
	vec_free(&cache->blocks);
	vec_free(&cache->answers);
	hashindex_free(&cache->index);
}
