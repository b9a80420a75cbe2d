/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The house's one hash table: a set of 32-bit ids, found by key. The things themselves live in an
 * array of the caller's, in order of first sight; the table holds only their positions. So what is
 * interned is contiguous, its order is deterministic, and an id is all that travels.
 *
 *	uint64_t hash = hash_bytes(&key, sizeof(key));
 *	uint32_t id = hashindex_find(&index, hash, same_key, &ctx);
 *	if (id == HASHINDEX_NONE) { push the thing; hashindex_add(&index, hash, new_id); }
 *
 * Not thread-safe.
 */
#ifndef SMOLDER_BASE_HASHINDEX_H
#define SMOLDER_BASE_HASHINDEX_H

#include "base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASHINDEX_NONE UINT32_MAX

struct hashindex_slot {
	uint32_t id; /* HASHINDEX_NONE: free */
	uint32_t hash;
};

struct hashindex { /* all zero: empty and valid */
	struct hashindex_slot *slots;
	uint32_t cap; /* a power of two, or 0 */
	uint32_t len;
};

/* 64-bit hash of a byte string (XXH3); the same on every run of one build. */
uint64_t hash_bytes(const void *data, size_t len);

/* Is the thing with this id the one looked for? `ctx` holds the key and the caller's array. */
typedef bool (*hashindex_same_fn)(const void *ctx, uint32_t id);

/* The id for which same() is true, or HASHINDEX_NONE. */
uint32_t hashindex_find(const struct hashindex *index, uint64_t hash, hashindex_same_fn same,
			const void *ctx);

/* Adds an id that hashindex_find() has just not found. 0 or -ENOMEM. */
int hashindex_add(struct hashindex *index, uint64_t hash, uint32_t id) _warn_unused_;

/* Removes an id that is in the table under this hash; nothing happens when it is not. */
void hashindex_remove(struct hashindex *index, uint64_t hash, uint32_t id);

/* Empties the table, keeps its memory. */
void hashindex_clear(struct hashindex *index);

void hashindex_free(struct hashindex *index);

#endif
