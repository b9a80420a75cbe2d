// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/pprof_tables.h"

#include "formats/calltree.h"
#include "formats/frametext.h"
#include "formats/utf8.h"

#include <errno.h>
#include <string.h>

static int compare_numbers(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

struct wanted_function {
	const struct pprof_order *order;
	const struct pprof_function *function;
};

static bool same_function(const void *ctx, uint32_t id)
{
	const struct wanted_function *wanted = ctx;

	return memcmp(&wanted->order->functions.items[id], wanted->function,
		      sizeof(*wanted->function)) == 0;
}

static uint32_t intern_function(struct pprof_order *order, const struct pprof_function *function)
{
	struct wanted_function wanted = {.order = order, .function = function};
	uint64_t hash = hash_bytes(function, sizeof(*function));
	uint32_t id = hashindex_find(&order->function_index, hash, same_function, &wanted);

	if (id != HASHINDEX_NONE)
		return id;
	id = (uint32_t)order->functions.len;
	if (vec_push(&order->functions, *function) < 0 ||
	    hashindex_add(&order->function_index, hash, id) < 0)
		return PROFILE_NONE;
	return id;
}

/* The clean text of the frame's name when it has no function to give it one. */
static uint32_t name_place(struct pprof_order *order, uint32_t frame)
{
	_cleanup_buf_ struct buf name = {0}, clean = {0};

	frametext_append_name(order->profile, frame, &name);
	if (!buf_error(&name))
		utf8_append(&clean, (const char *)name.data, name.len);
	if (buf_error(&name) || buf_error(&clean))
		return STRTAB_NONE;
	return strtab_intern_len(&order->strings, (const char *)clean.data, clean.len);
}

static uint32_t frame_function(struct pprof_order *order, uint32_t frame)
{
	const struct profile *profile = order->profile;
	uint32_t id = profile->frames.items[frame].function;
	struct pprof_function function = {0};

	if (id != PROFILE_NONE) {
		const struct profile_function *from = &profile->functions.items[id];

		function.name = order->clean[from->name];
		function.system_name = order->clean[from->system_name];
		function.file = order->clean[from->file];
		function.start_line = from->start_line;
	}
	if (!function.name)
		function.name = name_place(order, frame);
	if (function.name == STRTAB_NONE)
		return PROFILE_NONE;
	if (!function.system_name)
		function.system_name = function.name;
	return intern_function(order, &function);
}

int pprof_tables_functions(struct pprof_order *order)
{
	size_t count = order->profile->frames.len;

	order->frame_functions = calloc(count + 1, sizeof(*order->frame_functions));
	if (!order->frame_functions)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		order->frame_functions[i] = frame_function(order, i);
		if (order->frame_functions[i] == PROFILE_NONE)
			return -ENOMEM;
	}
	return 0;
}

static int compare_functions(const struct pprof_order *order, uint32_t a, uint32_t b)
{
	const struct pprof_function *left = &order->functions.items[a];
	const struct pprof_function *right = &order->functions.items[b];
	int result = pprof_order_compare_texts(order, left->name, right->name);

	if (!result)
		result = pprof_order_compare_texts(order, left->file, right->file);
	if (!result)
		result = pprof_order_compare_texts(order, left->system_name, right->system_name);
	return result ? result : compare_numbers(left->start_line, right->start_line);
}

static uint32_t mapping_rank(const struct pprof_order *order, uint32_t mapping)
{
	return mapping == PROFILE_NONE ? PROFILE_NONE : order->mapping_ranks[mapping];
}

static int compare_frames(const struct pprof_order *order, uint32_t a, uint32_t b)
{
	const struct profile_frame *left = &order->profile->frames.items[a];
	const struct profile_frame *right = &order->profile->frames.items[b];
	int result = compare_numbers(mapping_rank(order, left->mapping),
				     mapping_rank(order, right->mapping));

	if (!result)
		result = compare_numbers(left->address, right->address);
	if (!result)
		result = compare_functions(order, order->frame_functions[a],
					   order->frame_functions[b]);
	if (!result)
		result = compare_numbers(left->line, right->line);
	if (!result)
		result = compare_numbers(left->column, right->column);
	return result ? result : compare_numbers(left->is_folded, right->is_folded);
}

/* From the innermost frame outwards; of two that agree, the shorter one comes first. */
int pprof_tables_compare_chains(const struct pprof_order *order, uint32_t a, uint32_t b)
{
	while (a != b && a != PPROF_NO_LOCATION && b != PPROF_NO_LOCATION) {
		const struct pprof_chain *left = &order->chains.items[a];
		const struct pprof_chain *right = &order->chains.items[b];
		int result = compare_frames(order, left->frame, right->frame);

		if (result)
			return result;
		a = left->before;
		b = right->before;
	}
	return a == b ? 0 : a == PPROF_NO_LOCATION ? -1 : 1;
}

struct mapping_sort {
	const struct pprof_order *order;
	const uint64_t *weights; /* by mapping */
};

/* An object file that is not a shared library, as far as its name tells. */
static bool is_executable(const struct profile *profile, const struct profile_mapping *mapping)
{
	const char *name = profile_text(profile, mapping->name);

	return name[0] == '/' && !strstr(name, ".so");
}

static int compare_mappings(const void *left, const void *right, void *ctx)
{
	const struct mapping_sort *sort = ctx;
	const struct pprof_order *order = sort->order;
	uint32_t left_id = *(const uint32_t *)left, right_id = *(const uint32_t *)right;
	const struct profile_mapping *a = &order->profile->mappings.items[left_id];
	const struct profile_mapping *b = &order->profile->mappings.items[right_id];
	int result = compare_numbers(is_executable(order->profile, b) && sort->weights[right_id],
				     is_executable(order->profile, a) && sort->weights[left_id]);

	if (!result)
		result = compare_numbers(sort->weights[right_id], sort->weights[left_id]);
	if (!result)
		result = pprof_order_compare_texts(order, order->clean[a->name],
						   order->clean[b->name]);
	if (!result)
		result = pprof_order_compare_texts(order, order->clean[a->build_id],
						   order->clean[b->build_id]);
	if (!result)
		result = compare_numbers(a->start, b->start);
	if (!result)
		result = compare_numbers(a->limit, b->limit);
	return result ? result : compare_numbers(a->file_offset, b->file_offset);
}

/*
 * A mapping weighs as much as the samples below its locations, each as often as it is in their
 * stacks. Sums of hostile values may wrap: an order comes of it all the same.
 */
static int weigh_mappings(const struct pprof_order *order, const uint32_t *parents,
			  uint64_t *weights)
{
	const struct profile *profile = order->profile;
	_cleanup_free_ uint64_t *totals = calloc(profile->stacks.len, sizeof(*totals));

	if (!totals)
		return -ENOMEM;
	vec_for_each(&profile->samples, sample)
		totals[sample->stack] += (uint64_t)sample->values[profile->default_value_type];
	for (size_t i = profile->stacks.len; i-- > 1;) {
		uint32_t mapping = profile->frames.items[profile->stacks.items[i].frame].mapping;

		if (parents[i] == CALLTREE_NONE)
			continue;
		totals[parents[i]] += totals[i];
		if (mapping != PROFILE_NONE)
			weights[mapping] += totals[i];
	}
	return 0;
}

int pprof_tables_mappings(struct pprof_order *order, const uint32_t *parents)
{
	size_t count = order->profile->mappings.len;
	_cleanup_free_ uint64_t *weights = calloc(count + 1, sizeof(*weights));
	struct mapping_sort sort = {.order = order, .weights = weights};
	int r;

	order->mappings = calloc(count + 1, sizeof(*order->mappings));
	order->mapping_ranks = calloc(count + 1, sizeof(*order->mapping_ranks));
	if (!weights || !order->mappings || !order->mapping_ranks)
		return -ENOMEM;
	r = weigh_mappings(order, parents, weights);
	if (r < 0)
		return r;
	for (uint32_t i = 0; i < count; i++)
		order->mappings[i] = i;
	qsort_r(order->mappings, count, sizeof(*order->mappings), compare_mappings, &sort);
	for (uint32_t i = 0; i < count; i++)
		order->mapping_ranks[order->mappings[i]] = i;
	return 0;
}

static int compare_labels(const struct pprof_order *order, const struct profile_label *a,
			  const struct profile_label *b)
{
	int result = pprof_order_compare_texts(order, order->clean[a->key], order->clean[b->key]);

	if (!result)
		result = pprof_order_compare_texts(order, order->clean[a->str],
						   order->clean[b->str]);
	if (!result)
		result = a->num < b->num ? -1 : a->num > b->num;
	if (!result)
		result = pprof_order_compare_texts(order, order->clean[a->unit],
						   order->clean[b->unit]);
	return result;
}

struct label_sort {
	const struct pprof_order *order;
};

static int compare_label_items(const void *left, const void *right, void *ctx)
{
	const struct label_sort *sort = ctx;

	return compare_labels(sort->order, left, right);
}

void pprof_order_labels(const struct pprof_order *order, uint32_t set, struct profile_label *labels)
{
	struct label_sort sort = {.order = order};
	size_t len;
	const struct profile_label *from = profile_labels(order->profile, set, &len);

	if (!len)
		return;
	memcpy(labels, from, len * sizeof(*labels));
	qsort_r(labels, len, sizeof(*labels), compare_label_items, &sort);
}

struct set_sort {
	const struct pprof_order *order;
	const struct profile_label *labels; /* of all sets, each set's in the order of the file */
};

static int compare_sets(const void *left, const void *right, void *ctx)
{
	const struct set_sort *sort = ctx;
	const struct profile *profile = sort->order->profile;
	size_t a_len, b_len;
	const struct profile_label *a = profile_labels(profile, *(const uint32_t *)left, &a_len);
	const struct profile_label *b = profile_labels(profile, *(const uint32_t *)right, &b_len);

	a = sort->labels + (a - profile->labels.items);
	b = sort->labels + (b - profile->labels.items);
	for (size_t i = 0; i < MIN(a_len, b_len); i++) {
		int result = compare_labels(sort->order, &a[i], &b[i]);

		if (result)
			return result;
	}
	return compare_numbers(a_len, b_len);
}

int pprof_tables_labels(struct pprof_order *order)
{
	const struct profile *profile = order->profile;
	size_t count = profile->label_set_ends.len;
	_cleanup_free_ struct profile_label *labels =
		calloc(profile->labels.len + 1, sizeof(*labels));
	_cleanup_free_ uint32_t *sets = calloc(count, sizeof(*sets));
	struct set_sort sort = {.order = order, .labels = labels};

	order->label_ranks = calloc(count, sizeof(*order->label_ranks));
	if (!labels || !sets || !order->label_ranks)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++) {
		size_t len;

		sets[i] = i;
		pprof_order_labels(
			order, i,
			labels + (profile_labels(profile, i, &len) - profile->labels.items));
	}
	qsort_r(sets, count, sizeof(*sets), compare_sets, &sort);
	for (uint32_t i = 0; i < count; i++)
		order->label_ranks[sets[i]] = i;
	return 0;
}
