// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/toplist.h"

#include <errno.h>
#include <string.h>

struct count {
	struct toplist_item *items; /* by name */
	uint32_t *open;             /* by name: how often it is on the way to the node visited */
};

/* Under recursion only the outermost of a function's nodes counts into its total. */
static int enter_node(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth)
{
	struct count *count = ctx;
	const struct calltree_node *item = &tree->nodes.items[node];

	(void)depth;
	count->items[item->key].self += item->self;
	if (count->open[item->key]++ == 0)
		count->items[item->key].total += item->total;
	return 0;
}

static int leave_node(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth)
{
	struct count *count = ctx;

	(void)depth;
	count->open[tree->nodes.items[node].key]--;
	return 0;
}

static bool is_function(const struct callname *name)
{
	return name->kind != CALLNAME_PROCESS && name->kind != FRAME_MARKER;
}

static int gather_items(struct toplist *list, const struct count *count)
{
	for (uint32_t i = 0; i < list->names.names.len; i++) {
		struct toplist_item item = count->items[i];

		item.name = i;
		if (!item.total || !is_function(&list->names.names.items[i]))
			continue;
		if (vec_push(&list->items, item) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int count_nodes(struct toplist *list, const struct calltree *tree)
{
	size_t names = list->names.names.len + 1;
	_cleanup_free_ struct toplist_item *items = calloc(names, sizeof(*items));
	_cleanup_free_ uint32_t *open = calloc(names, sizeof(*open));
	struct count count = {.items = items, .open = open};
	const struct calltree_visitor visitor = {
		.enter = enter_node, .leave = leave_node, .ctx = &count};
	int r;

	if (!items || !open)
		return -ENOMEM;
	list->total = tree->nodes.items[0].total;
	r = calltree_walk(tree, &visitor);
	return r < 0 ? r : gather_items(list, &count);
}

static int compare_texts(const struct toplist *list, const struct toplist_item *a,
			 const struct toplist_item *b)
{
	const struct callname *left = &list->names.names.items[a->name];
	const struct callname *right = &list->names.names.items[b->name];
	int order = strcmp(callname_text(&list->names, left->name),
			   callname_text(&list->names, right->name));

	if (!order)
		order = strcmp(callname_text(&list->names, left->module),
			       callname_text(&list->names, right->module));
	return order ? order : a->name < b->name ? -1 : a->name > b->name;
}

static int compare_falling(int64_t a, int64_t b)
{
	return a > b ? -1 : a < b;
}

static int compare_self(const void *left, const void *right, void *ctx)
{
	const struct toplist_item *a = left, *b = right;
	int order = compare_falling(a->self, b->self);

	if (!order)
		order = compare_falling(a->total, b->total);
	return order ? order : compare_texts(ctx, a, b);
}

static int compare_total(const void *left, const void *right, void *ctx)
{
	const struct toplist_item *a = left, *b = right;
	int order = compare_falling(a->total, b->total);

	if (!order)
		order = compare_falling(a->self, b->self);
	return order ? order : compare_texts(ctx, a, b);
}

static void sort(struct toplist *list, int (*compare)(const void *, const void *, void *))
{
	if (list->items.len > 1)
		qsort_r(list->items.items, list->items.len, sizeof(*list->items.items), compare,
			list);
}

void toplist_sort_by_total(struct toplist *list)
{
	sort(list, compare_total);
}

static int fill(struct toplist *list, const struct profile *profile, uint32_t value_type)
{
	_cleanup_calltree_ struct calltree tree = {0};
	struct calltree_options options = {.profile = profile, .value_type = value_type};
	int r = callnames_init(profile, CALLNAMES_FUNCTIONS, &list->names);

	options.frame_keys = list->names.frames;
	if (r == 0)
		r = calltree_build(&options, &tree);
	if (r == 0)
		r = count_nodes(list, &tree);
	if (r == 0)
		sort(list, compare_self);
	return r;
}

int toplist_init(const struct profile *profile, uint32_t value_type, struct toplist *ret_list)
{
	struct toplist list = {0};
	int r = fill(&list, profile, value_type);

	if (r < 0)
		toplist_free(&list);
	else
		*ret_list = list;
	return r;
}

void toplist_free(struct toplist *list)
{
	callnames_free(&list->names);
	vec_free(&list->items);
	*list = (struct toplist){0};
}
