// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/answer_cache.h"

#include <string.h>

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

static int copy_frames(struct sym_result *result)
{
	struct sym_frame *frames;

	if (!result->frames_len)
		return 0;
	frames = reallocarray(NULL, result->frames_len, sizeof(*frames));
	if (!frames)
		return -1;
	memcpy(frames, result->frames, result->frames_len * sizeof(*frames));
	result->frames = frames;
	return 0;
}

static void free_frames(struct sym_result *result)
{
	free((void *)(uintptr_t)result->frames);
}

const struct sym_result *answer_cache_keep(struct answer_cache *cache, uint32_t object,
					   uint64_t offset, const struct sym_result *result)
{
	struct answer answer = {offset, object, *result};

	if (cache->answers.len >= ANSWER_CACHE_MAX)
		answer_cache_forget(cache);
	if (copy_frames(&answer.result) < 0)
		return NULL;
	if (vec_reserve(&cache->answers, cache->answers.len + 1) < 0 ||
	    hashindex_add(&cache->index, place_hash(object, offset), (uint32_t)cache->answers.len) <
		    0) {
		free_frames(&answer.result);
		return NULL;
	}
	cache->answers.items[cache->answers.len++] = answer;
	return &vec_last(&cache->answers)->result;
}

void answer_cache_forget(struct answer_cache *cache)
{
	vec_for_each(&cache->answers, answer)
		free_frames(&answer->result);
	cache->answers.len = 0;
	hashindex_clear(&cache->index);
}

void answer_cache_free(struct answer_cache *cache)
{
	answer_cache_forget(cache);
	vec_free(&cache->answers);
	hashindex_free(&cache->index);
}
