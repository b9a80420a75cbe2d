// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/pprof_order.h"

#include "formats/calltree.h"
#include "formats/frametext.h"
#include "formats/pprof_tables.h"
#include "formats/utf8.h"

#include <errno.h>

int pprof_order_compare_texts(const struct pprof_order *order, uint32_t a, uint32_t b)
{
	size_t a_len, b_len;
	int result;

	if (a == b)
		return 0;
	a_len = strtab_len(&order->strings, a);
	b_len = strtab_len(&order->strings, b);
	result = memcmp(strtab_get(&order->strings, a), strtab_get(&order->strings, b),
			MIN(a_len, b_len));
	return result ? result : a_len < b_len ? -1 : 1;
}

static int clean_strings(struct pprof_order *order)
{
	const struct strtab *from = &order->profile->strings;
	_cleanup_buf_ struct buf text = {0};

	order->clean = calloc(strtab_count(from), sizeof(*order->clean));
	if (!order->clean || strtab_init(&order->strings) < 0)
		return -ENOMEM;
	for (uint32_t i = 0; i < strtab_count(from); i++) {
		buf_clear(&text);
		utf8_append(&text, strtab_get(from, i), strtab_len(from, i));
		if (buf_error(&text))
			return buf_error(&text);
		if (!text.len)
			continue;
		order->clean[i] =
			strtab_intern_len(&order->strings, (const char *)text.data, text.len);
		if (order->clean[i] == STRTAB_NONE)
			return -ENOMEM;
	}
	order->id_unit = strtab_intern(&order->strings, "id");
	return order->id_unit == STRTAB_NONE ? -ENOMEM : 0;
}

/* Which frames are in one location: an inlined one is in that of its caller. */
static bool continues(const struct profile *profile, const struct profile_stack *stack)
{
	const struct profile_frame *frame = &profile->frames.items[stack->frame], *caller;

	if (frame->kind != FRAME_INLINE || !stack->parent)
		return false;
	caller = &profile->frames.items[profile->stacks.items[stack->parent].frame];
	return frame->mapping == caller->mapping && frame->address == caller->address;
}

struct wanted_chain {
	const struct pprof_order *order;
	struct pprof_chain chain;
};

static bool same_chain(const void *ctx, uint32_t id)
{
	const struct wanted_chain *wanted = ctx;
	const struct pprof_chain *chain = &wanted->order->chains.items[id];

	return chain->before == wanted->chain.before && chain->frame == wanted->chain.frame;
}

static uint32_t intern_chain(struct pprof_order *order, uint32_t before, uint32_t frame)
{
	struct wanted_chain wanted = {.order = order, .chain = {.before = before, .frame = frame}};
	uint64_t hash = hash_bytes(&wanted.chain, sizeof(wanted.chain));
	uint32_t id = hashindex_find(&order->chain_index, hash, same_chain, &wanted);

	if (id != HASHINDEX_NONE)
		return id;
	id = (uint32_t)order->chains.len;
	if (vec_push(&order->chains, wanted.chain) < 0 ||
	    hashindex_add(&order->chain_index, hash, id) < 0)
		return PPROF_NO_LOCATION;
	return id;
}

static int chain_stacks(struct pprof_order *order)
{
	const struct profile *profile = order->profile;

	order->stack_chains = calloc(profile->stacks.len, sizeof(*order->stack_chains));
	order->stack_callers = calloc(profile->stacks.len, sizeof(*order->stack_callers));
	if (!order->stack_chains || !order->stack_callers)
		return -ENOMEM;
	for (size_t i = 1; i < profile->stacks.len; i++) {
		const struct profile_stack *stack = &profile->stacks.items[i];
		bool inlined = continues(profile, stack);

		order->stack_callers[i] =
			inlined ? order->stack_callers[stack->parent] : stack->parent;
		order->stack_chains[i] = intern_chain(
			order, inlined ? order->stack_chains[stack->parent] : PPROF_NO_LOCATION,
			stack->frame);
		if (order->stack_chains[i] == PPROF_NO_LOCATION)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Stacks where a location ends, with the stacks that call them, as a tree: parents[i] is
 * CALLTREE_NONE where stack i is only the beginning of a location.
 */
static uint32_t *find_location_ends(const struct pprof_order *order)
{
	const struct profile *profile = order->profile;
	uint32_t *parents = malloc(profile->stacks.len * sizeof(*parents));

	if (!parents)
		return NULL;
	memset(parents, 0xff, profile->stacks.len * sizeof(*parents));
	vec_for_each(&profile->samples, sample)
		for (uint32_t at = sample->stack; at && parents[at] == CALLTREE_NONE;
		     at = order->stack_callers[at])
			parents[at] = order->stack_callers[at];
	return parents;
}

struct location_sort {
	const struct pprof_order *order;
	const uint32_t *uses; /* by chain */
};

static int compare_locations(const void *left, const void *right, void *ctx)
{
	const struct location_sort *sort = ctx;
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	if (sort->uses[a] != sort->uses[b])
		return sort->uses[a] > sort->uses[b] ? -1 : 1;
	return pprof_tables_compare_chains(sort->order, a, b);
}

static int order_locations(struct pprof_order *order, const uint32_t *parents)
{
	_cleanup_free_ uint32_t *uses = calloc(order->chains.len + 1, sizeof(*uses));
	struct location_sort sort = {.order = order, .uses = uses};

	order->locations = calloc(order->chains.len + 1, sizeof(*order->locations));
	order->chain_locations = calloc(order->chains.len + 1, sizeof(*order->chain_locations));
	if (!uses || !order->locations || !order->chain_locations)
		return -ENOMEM;
	for (size_t i = 1; i < order->profile->stacks.len; i++)
		if (parents[i] != CALLTREE_NONE)
			uses[order->stack_chains[i]]++;
	for (uint32_t i = 0; i < order->chains.len; i++) {
		order->chain_locations[i] = PPROF_NO_LOCATION;
		if (uses[i])
			order->locations[order->locations_len++] = i;
	}
	qsort_r(order->locations, order->locations_len, sizeof(*order->locations),
		compare_locations, &sort);
	for (uint32_t i = 0; i < order->locations_len; i++)
		order->chain_locations[order->locations[i]] = i;
	return 0;
}

static uint32_t location_of(const struct pprof_order *order, uint32_t stack)
{
	return order->chain_locations[order->stack_chains[stack]];
}

static int compare_siblings(const void *left, const void *right, void *ctx)
{
	const struct pprof_order *order = ctx;
	uint32_t a = location_of(order, *(const uint32_t *)left);
	uint32_t b = location_of(order, *(const uint32_t *)right);

	return a < b ? -1 : a > b;
}

/* ranks[i]: the place of stack i in a walk of the tree, parents first, siblings by location. */
static int rank_stacks(struct pprof_order *order, const uint32_t *parents, uint32_t *ranks)
{
	_cleanup_free_ uint32_t *starts = NULL, *children = NULL;
	VEC(uint32_t) pending = {0};
	uint32_t count = (uint32_t)order->profile->stacks.len, rank = 0;
	int r = calltree_group(parents, count, &starts, &children);

	if (r == 0)
		r = vec_push(&pending, 0);
	while (r == 0 && pending.len) {
		uint32_t at = pending.items[--pending.len];

		ranks[at] = rank++;
		if (starts[at + 1] - starts[at] > 1)
			qsort_r(children + starts[at], starts[at + 1] - starts[at],
				sizeof(*children), compare_siblings, order);
		for (uint32_t i = starts[at + 1]; r == 0 && i-- > starts[at];)
			r = vec_push(&pending, children[i]);
	}
	vec_free(&pending);
	return r;
}

struct sample_sort {
	const struct pprof_order *order;
	const uint32_t *stack_ranks;
};

static int compare_samples(const void *left, const void *right, void *ctx)
{
	const struct sample_sort *sort = ctx;
	const struct profile_sample *samples = sort->order->profile->samples.items;
	const struct profile_sample *a = &samples[*(const uint32_t *)left];
	const struct profile_sample *b = &samples[*(const uint32_t *)right];
	uint32_t a_rank = sort->stack_ranks[a->stack], b_rank = sort->stack_ranks[b->stack];

	if (a_rank != b_rank)
		return a_rank < b_rank ? -1 : 1;
	a_rank = sort->order->label_ranks[a->labels];
	b_rank = sort->order->label_ranks[b->labels];
	return a_rank < b_rank ? -1 : a_rank > b_rank;
}

static int order_samples(struct pprof_order *order, const uint32_t *parents)
{
	_cleanup_free_ uint32_t *ranks = calloc(order->profile->stacks.len, sizeof(*ranks));
	struct sample_sort sort = {.order = order, .stack_ranks = ranks};
	size_t count = order->profile->samples.len;
	int r;

	order->samples = calloc(count + 1, sizeof(*order->samples));
	if (!ranks || !order->samples)
		return -ENOMEM;
	r = rank_stacks(order, parents, ranks);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++)
		order->samples[i] = i;
	qsort_r(order->samples, count, sizeof(*order->samples), compare_samples, &sort);
	return 0;
}

static int fill(struct pprof_order *order)
{
	static int (*const steps[])(struct pprof_order *) = {clean_strings, pprof_tables_functions,
							     chain_stacks, pprof_tables_labels};
	_cleanup_free_ uint32_t *parents = NULL;
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(steps); i++)
		r = steps[i](order);
	if (r < 0)
		return r;
	parents = find_location_ends(order);
	if (!parents)
		return -ENOMEM;
	r = pprof_tables_mappings(order, parents);
	if (r == 0)
		r = order_locations(order, parents);
	return r < 0 ? r : order_samples(order, parents);
}

int pprof_order_init(const struct profile *profile, struct pprof_order *ret_order)
{
	struct pprof_order order = {.profile = profile};
	int r = fill(&order);

	if (r < 0)
		pprof_order_free(&order);
	else
		*ret_order = order;
	return r;
}

void pprof_order_free(struct pprof_order *order)
{
	strtab_free(&order->strings);
	free(order->clean);
	vec_free(&order->functions);
	hashindex_free(&order->function_index);
	free(order->frame_functions);
	vec_free(&order->chains);
	hashindex_free(&order->chain_index);
	free(order->stack_chains);
	free(order->stack_callers);
	free(order->locations);
	free(order->chain_locations);
	free(order->mappings);
	free(order->mapping_ranks);
	free(order->label_ranks);
	free(order->samples);
	*order = (struct pprof_order){0};
}
