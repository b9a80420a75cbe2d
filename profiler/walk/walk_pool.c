// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/walk_pool.h"

#include <errno.h>

#define RESERVED_LEN 64u

static uint32_t round_up(uint32_t len)
{
	return (len + WALK_POOL_ALIGN - 1) & ~(WALK_POOL_ALIGN - 1);
}

int walk_pool_init(struct walk_pool *pool, unsigned char *base, uint32_t size)
{
	*pool = (struct walk_pool){.base = base, .size = size, .used = RESERVED_LEN};
	return vec_push(&pool->free,
			((struct walk_extent){.off = RESERVED_LEN, .len = size - RESERVED_LEN}));
}

void walk_pool_done(struct walk_pool *pool)
{
	vec_free(&pool->free);
	vec_free(&pool->retired);
}

static void remove_extent(struct walk_pool *pool, size_t i)
{
	memmove(&pool->free.items[i], &pool->free.items[i + 1],
		(pool->free.len - i - 1) * sizeof(struct walk_extent));
	pool->free.len--;
}

int walk_pool_reach(struct walk_pool *pool, uint32_t off, uint32_t len)
{
	return pool->reach ? pool->reach(pool->ctx, off, len) : 0;
}

static int begin_alloc(struct walk_pool *pool, uint32_t *len)
{
	if (*len > pool->size)
		return -ENOSPC;
	*len = round_up(*len);
	return vec_reserve(&pool->retired, pool->retired.len + 1);
}

/* The beginning, or the end, of the i-th free run. */
static int take(struct walk_pool *pool, size_t i, struct walk_extent wanted)
{
	struct walk_extent *extent = &pool->free.items[i];
	int r = walk_pool_reach(pool, wanted.off, wanted.len);

	if (r < 0)
		return r;
	if (extent->off == wanted.off)
		extent->off += wanted.len;
	extent->len -= wanted.len;
	if (!extent->len)
		remove_extent(pool, i);
	pool->used += wanted.len;
	return 0;
}

/* First fit: what is asked for lives long or short, but rarely in between. */
int walk_pool_alloc(struct walk_pool *pool, uint32_t len, uint32_t *ret_off)
{
	int r = begin_alloc(pool, &len);

	if (r < 0)
		return r;
	for (size_t i = 0; i < pool->free.len; i++) {
		struct walk_extent wanted = {.off = pool->free.items[i].off, .len = len};

		if (pool->free.items[i].len < len)
			continue;
		r = take(pool, i, wanted);
		if (r == 0)
			*ret_off = wanted.off;
		return r;
	}
	return -ENOSPC;
}

int walk_pool_alloc_last(struct walk_pool *pool, uint32_t len, uint32_t *ret_off)
{
	int r = begin_alloc(pool, &len);

	if (r < 0)
		return r;
	for (size_t i = pool->free.len; i-- > 0;) {
		const struct walk_extent *extent = &pool->free.items[i];
		struct walk_extent wanted = {.off = extent->off + extent->len - len, .len = len};

		if (extent->len < len)
			continue;
		r = take(pool, i, wanted);
		if (r == 0)
			*ret_off = wanted.off;
		return r;
	}
	return -ENOSPC;
}

/* Without memory to note it down, the extent is lost to the pool: wasted, never reused too early. */
void walk_pool_retire(struct walk_pool *pool, uint32_t off, uint32_t len)
{
	(void)!vec_push(&pool->retired, ((struct walk_extent){.off = off, .len = round_up(len)}));
}

static size_t find_place(const struct walk_pool *pool, uint32_t off)
{
	size_t i = 0;

	while (i < pool->free.len && pool->free.items[i].off < off)
		i++;
	return i;
}

static void insert_extent(struct walk_pool *pool, struct walk_extent extent)
{
	size_t i = find_place(pool, extent.off);
	struct walk_extent *next, *before;

	if (vec_reserve(&pool->free, pool->free.len + 1) < 0)
		return;
	next = &pool->free.items[i];
	before = i ? next - 1 : NULL;
	if (before && before->off + before->len == extent.off) {
		before->len += extent.len;
		if (i < pool->free.len && extent.off + extent.len == next->off) {
			before->len += next->len;
			remove_extent(pool, i);
		}
		return;
	}
	if (i < pool->free.len && extent.off + extent.len == next->off) {
		next->off = extent.off;
		next->len += extent.len;
		return;
	}
	memmove(next + 1, next, (pool->free.len - i) * sizeof(*next));
	*next = extent;
	pool->free.len++;
}

void walk_pool_release(struct walk_pool *pool)
{
	vec_for_each(&pool->retired, extent) {
		insert_extent(pool, *extent);
		pool->used -= extent->len;
	}
	pool->retired.len = 0;
}
