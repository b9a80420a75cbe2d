/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A growable array of any type:
 *
 *	VEC(struct node) nodes = {0};
 *	r = vec_push(&nodes, ((struct node){ .parent = p }));
 *
 * Items are contiguous and may move when the array grows. vec_push() and vec_reserve() return 0,
 * or -ENOMEM with the array unchanged. An all-zero array is empty and valid.
 */
#ifndef SMOLDER_BASE_VEC_H
#define SMOLDER_BASE_VEC_H

#include "base/cleanup.h"

#include <stddef.h>
#include <string.h>

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t len, cap;                                                                   \
	}

/* Makes room for at least `need` items in all; growth is geometric. */
int vec_reserve_(void **items, size_t *cap, size_t need, size_t item_size) _warn_unused_;

/* Most calls find room: they should cost no call. */
static inline int _warn_unused_ vec_room_(void **items, size_t *cap, size_t need, size_t item_size)
{
	return need <= *cap ? 0 : vec_reserve_(items, cap, need, item_size);
}

#define vec_reserve(v, need) vec_room_((void **)&(v)->items, &(v)->cap, (need), sizeof(*(v)->items))

#define vec_push(v, ...)                                                                           \
	({                                                                                         \
		int vec_r_ = vec_reserve(v, (v)->len + 1);                                         \
		if (vec_r_ == 0)                                                                   \
			(v)->items[(v)->len++] = (__VA_ARGS__);                                    \
		vec_r_;                                                                            \
	})

#define vec_last(v) (&(v)->items[(v)->len - 1])

#define vec_for_each(v, it)                                                                        \
	for (__typeof__((v)->items + 0) it = (v)->items, it##_end_ = it ? it + (v)->len : it;      \
	     it != it##_end_; it++)

#define vec_free(v)                                                                                \
	do {                                                                                       \
		free((v)->items);                                                                  \
		(v)->items = NULL;                                                                 \
		(v)->len = (v)->cap = 0;                                                           \
	} while (0)

#endif
