// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/spot_order.h"

#include <errno.h>

struct weight { /* of an object */
	uint64_t samples;
	uint32_t object, rank;
};

struct weights {
	VEC(struct weight) list;
};

static void free_weights(struct weights *weights)
{
	vec_free(&weights->list);
}

static int compare_weights(const void *left, const void *right)
{
	const struct weight *a = left, *b = right;

	if (a->samples != b->samples)
		return a->samples > b->samples ? -1 : 1;
	return (a->object > b->object) - (a->object < b->object);
}

static int compare_objects(const void *left, const void *right)
{
	const struct weight *a = left, *b = right;

	return (a->object > b->object) - (a->object < b->object);
}

static int compare_orders(const void *left, const void *right)
{
	const uint64_t *a = left, *b = right;

	return (*a > *b) - (*a < *b);
}

static bool has_object(const struct recording_spot *spot, size_t object_cnt)
{
	return spot->kind == SPOT_CODE && spot->object < object_cnt;
}

/* The result is by object again, with ranks. */
static int weigh(const struct recording *recording, uint32_t object_cnt, struct weights *weights)
{
	if (vec_reserve(&weights->list, object_cnt) < 0)
		return -ENOMEM;
	for (uint32_t id = 0; id < object_cnt; id++)
		weights->list.items[id] = (struct weight){.object = id};
	weights->list.len = object_cnt;
	vec_for_each(&recording->samples, sample) {
		uint32_t leaf = recording->nodes.items[sample->node].spot;

		if (sample->node && has_object(&recording->spots.items[leaf], object_cnt))
			weights->list.items[recording->spots.items[leaf].object].samples +=
				sample->count;
	}
	qsort(weights->list.items, object_cnt, sizeof(struct weight), compare_weights);
	for (uint32_t rank = 0; rank < object_cnt; rank++)
		weights->list.items[rank].rank = rank;
	qsort(weights->list.items, object_cnt, sizeof(struct weight), compare_objects);
	return 0;
}

int spot_order_make(const struct recording *recording, uint32_t object_cnt,
		    struct spot_order *ret_order)
{
	_cleanup_(free_weights) struct weights weights = {0};
	struct spot_order order = {0};
	uint32_t spot_cnt = (uint32_t)recording->spots.len;

	if (weigh(recording, object_cnt, &weights) < 0 || vec_reserve(&order.list, spot_cnt) < 0)
		return -ENOMEM;
	for (uint32_t id = 0; id < spot_cnt; id++) {
		const struct recording_spot *spot = &recording->spots.items[id];
		uint64_t rank = SPOT_ORDER_NO_CODE;

		if (has_object(spot, object_cnt))
			rank = weights.list.items[spot->object].rank;
		order.list.items[id] = rank << 32 | id;
	}
	order.list.len = spot_cnt;
	if (spot_cnt)
		qsort(order.list.items, spot_cnt, sizeof(uint64_t), compare_orders);
	*ret_order = order;
	return 0;
}

void spot_order_free(struct spot_order *order)
{
	vec_free(&order->list);
}
