/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Answers that were given, to be given again. Strings in them belong to others and must live as long as
 * the answers do; their frames are the cache's own. Not thread-safe.
 */
#ifndef SMOLDER_SYMBOLIZE_ANSWER_CACHE_H
#define SMOLDER_SYMBOLIZE_ANSWER_CACHE_H

#include "base/hashindex.h"
#include "base/vec.h"
#include "symbolize/symbolizer.h"

/* Of some 170 bytes each; when they are this many all are forgotten and found again as needed. */
#define ANSWER_CACHE_MAX (128 * 1024)

struct answer {
	uint64_t offset;
	uint32_t object;
	struct sym_result result;
};

struct answer_cache { /* all zero: empty and valid */
	VEC(struct answer) answers;
	VEC(struct sym_frame *) blocks; /* what answers' frames are in */
	size_t block_used;              /* frames of the last one */
	struct hashindex index;
};

/* The answer, or NULL; good until the next is kept. */
const struct sym_result *answer_cache_find(const struct answer_cache *cache, uint32_t object,
					   uint64_t offset);

/* Keeps a copy of an answer that was not found. The copy, or NULL without memory. */
const struct sym_result *answer_cache_keep(struct answer_cache *cache, uint32_t object,
					   uint64_t offset, const struct sym_result *result);

void answer_cache_forget(struct answer_cache *cache);
void answer_cache_free(struct answer_cache *cache);

#endif
