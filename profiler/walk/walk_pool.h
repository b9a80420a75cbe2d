/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Memory shared with the kernel's walker: who has which part of the pool. What is given back is not
 * given out again before walk_pool_release(): until then a program may still be reading it.
 * Not thread-safe.
 */
#ifndef SMOLDER_WALK_POOL_H
#define SMOLDER_WALK_POOL_H

#include "base/vec.h"

#include <stdint.h>

#define WALK_POOL_ALIGN 8u

struct walk_extent {
	uint32_t off, len;
};

struct walk_pool {
	unsigned char *base; /* borrowed */
	uint32_t size;
	/* Makes bytes readable and writable, for a while; NULL: all are. 0 or a negative errno. */
	int (*reach)(void *ctx, uint32_t off, uint32_t len);
	void *ctx;
	uint32_t used;                /* bytes given out, and given back but not released */
	VEC(struct walk_extent) free; /* by offset, never adjacent */
	VEC(struct walk_extent) retired;
};

/* The first bytes stay unused, so that offset 0 means nothing. `size` is a power of two. */
int walk_pool_init(struct walk_pool *pool, unsigned char *base, uint32_t size) _warn_unused_;
void walk_pool_done(struct walk_pool *pool);

/* -ENOSPC when no free run is that long; -ENOMEM; what reach() says. The last one searches from the end. */
int walk_pool_alloc(struct walk_pool *pool, uint32_t len, uint32_t *ret_off) _warn_unused_;
int walk_pool_alloc_last(struct walk_pool *pool, uint32_t len, uint32_t *ret_off) _warn_unused_;

/* To be read again, a while after it was written. */
int walk_pool_reach(struct walk_pool *pool, uint32_t off, uint32_t len) _warn_unused_;

/* Nothing new may lead there from now on. */
void walk_pool_retire(struct walk_pool *pool, uint32_t off, uint32_t len);

/* No program that began before the last retirement is running any more. */
void walk_pool_release(struct walk_pool *pool);

#endif
