/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * In which order the spots of a recording are named: those of one object together, objects with the most
 * samples at their leaves first, as it may cost time and files that are limited; what is no code last.
 */
#ifndef SMOLDER_PROFILER_SPOT_ORDER_H
#define SMOLDER_PROFILER_SPOT_ORDER_H

#include "profiler/recording.h"

struct spot_order {
	VEC(uint64_t)
	list; /* a rank, the same for all spots of an object, and below it a spot's id */
};

#define SPOT_ORDER_NO_CODE UINT32_MAX /* the rank of what is in no object */

int spot_order_make(const struct recording *recording, uint32_t object_cnt,
		    struct spot_order *ret_order) _warn_unused_; /* 0 or -ENOMEM */
void spot_order_free(struct spot_order *order);

static inline uint32_t spot_order_rank(const struct spot_order *order, size_t at)
{
	return (uint32_t)(order->list.items[at] >> 32);
}

static inline uint32_t spot_order_id(const struct spot_order *order, size_t at)
{
	return (uint32_t)order->list.items[at];
}

#endif
