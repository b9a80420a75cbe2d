// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Samples are taken root by root. While one root is built, `known` tells which tree node a stack
 * node has become under it, so each stack is followed only up to the first node that is there.
 */
#include "formats/calltree.h"

#include <errno.h>

struct known {
	uint32_t root; /* the tree node of the root it is known under */
	uint32_t node;
};

struct build {
	const struct calltree_options *options;
	struct calltree *tree;
	struct hashindex index;
	struct known *known;   /* by stack id */
	uint32_t *order;       /* sample ids, by root key */
	VEC(uint32_t) pending; /* stack ids on the way down */
	int64_t sum;
};

static void build_cleanup(struct build *build)
{
	hashindex_free(&build->index);
	free(build->known);
	free(build->order);
	vec_free(&build->pending);
}

struct edge {
	uint32_t parent, key;
};

struct wanted {
	const struct calltree *tree;
	struct edge edge;
};

static bool same_edge(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;
	const struct calltree_node *node = &wanted->tree->nodes.items[id];

	return node->parent == wanted->edge.parent && node->key == wanted->edge.key;
}

/* The child of `parent` with this key, made when it is not there; CALLTREE_NONE: no memory. */
static uint32_t child_of(struct build *build, uint32_t parent, uint32_t key)
{
	struct calltree *tree = build->tree;
	struct wanted wanted = {.tree = tree, .edge = {.parent = parent, .key = key}};
	uint64_t hash = hash_bytes(&wanted.edge, sizeof(wanted.edge));
	uint32_t id = hashindex_find(&build->index, hash, same_edge, &wanted);

	if (id != HASHINDEX_NONE)
		return id;
	id = (uint32_t)tree->nodes.len;
	if (id >= CALLTREE_NONE / 2 ||
	    vec_push(&tree->nodes, ((struct calltree_node){.parent = parent, .key = key})) < 0 ||
	    hashindex_add(&build->index, hash, id) < 0)
		return CALLTREE_NONE;
	return id;
}

/* The tree node that `stack` becomes under `root`. */
static uint32_t place_stack(struct build *build, uint32_t root, uint32_t stack)
{
	const struct profile_stack *stacks = build->options->profile->stacks.items;
	uint32_t node = root;

	build->pending.len = 0;
	for (; stack && build->known[stack].root != root; stack = stacks[stack].parent)
		if (vec_push(&build->pending, stack) < 0)
			return CALLTREE_NONE;
	if (stack)
		node = build->known[stack].node;
	while (build->pending.len && node != CALLTREE_NONE) {
		stack = build->pending.items[--build->pending.len];
		node = child_of(build, node, build->options->frame_keys[stacks[stack].frame]);
		build->known[stack] = (struct known){.root = root, .node = node};
	}
	return node;
}

static uint32_t root_key(const struct calltree_options *options, uint32_t labels)
{
	return options->root_keys ? options->root_keys[labels] : CALLTREE_NONE;
}

/* Where the sample's value belongs: with leaf keys, a sibling of where its stack leads. */
static uint32_t place_sample(struct build *build, const struct profile_sample *sample)
{
	const struct calltree_options *options = build->options;
	const struct profile_stack *stack = &options->profile->stacks.items[sample->stack];
	uint32_t key = root_key(options, sample->labels), root = 0, parent;

	if (!sample->stack && key != CALLTREE_NONE && options->root_leaf_keys)
		key = options->root_leaf_keys[sample->labels];
	if (key != CALLTREE_NONE)
		root = child_of(build, 0, key);
	if (root == CALLTREE_NONE || !sample->stack || !options->frame_leaf_keys)
		return root == CALLTREE_NONE ? root : place_stack(build, root, sample->stack);
	parent = place_stack(build, root, stack->parent);
	if (parent == CALLTREE_NONE)
		return parent;
	return child_of(build, parent, options->frame_leaf_keys[stack->frame]);
}

static int add_sample(struct build *build, const struct profile_sample *sample)
{
	int64_t value = sample->values[build->options->value_type];
	uint32_t node;

	if (value < 0)
		return -EINVAL;
	if (!value)
		return 0;
	if (__builtin_add_overflow(build->sum, value, &build->sum))
		return -ERANGE;
	node = place_sample(build, sample);
	if (node == CALLTREE_NONE)
		return -ENOMEM;
	build->tree->nodes.items[node].self += value;
	return 0;
}

static int compare_roots(const void *a, const void *b, void *ctx)
{
	const struct calltree_options *options = ctx;
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
	uint32_t left_key = root_key(options, options->profile->samples.items[left].labels);
	uint32_t right_key = root_key(options, options->profile->samples.items[right].labels);

	if (left_key != right_key)
		return left_key < right_key ? -1 : 1;
	return left < right ? -1 : left > right;
}

static int prepare(struct build *build)
{
	const struct profile *profile = build->options->profile;
	struct calltree_options options = *build->options;

	build->known = malloc(profile->stacks.len * sizeof(*build->known));
	build->order = malloc((profile->samples.len + 1) * sizeof(*build->order));
	if (!build->known || !build->order)
		return -ENOMEM;
	for (size_t i = 0; i < profile->stacks.len; i++)
		build->known[i].root = CALLTREE_NONE;
	for (size_t i = 0; i < profile->samples.len; i++)
		build->order[i] = (uint32_t)i;
	qsort_r(build->order, profile->samples.len, sizeof(*build->order), compare_roots, &options);
	return vec_push(&build->tree->nodes,
			((struct calltree_node){.parent = CALLTREE_NONE, .key = CALLTREE_NONE}));
}

static void sum_totals(struct calltree *tree)
{
	for (size_t i = tree->nodes.len; i-- > 0;) {
		struct calltree_node *node = &tree->nodes.items[i];

		node->total += node->self;
		if (i)
			tree->nodes.items[node->parent].total += node->total;
	}
}

int calltree_group(const uint32_t *parents, uint32_t count, uint32_t **ret_starts,
		   uint32_t **ret_children)
{
	uint32_t *starts = calloc((size_t)count + 2, sizeof(*starts));
	uint32_t *children = malloc(((size_t)count + 1) * sizeof(*children));

	if (!starts || !children) {
		free(starts);
		free(children);
		return -ENOMEM;
	}
	/* Counted two places up, then summed, each start moves to its place as its group fills. */
	for (uint32_t i = 1; i < count; i++)
		if (parents[i] != CALLTREE_NONE)
			starts[parents[i] + 2]++;
	for (uint32_t i = 2; i < count + 2; i++)
		starts[i] += starts[i - 1];
	for (uint32_t i = 1; i < count; i++)
		if (parents[i] != CALLTREE_NONE)
			children[starts[parents[i] + 1]++] = i;
	*ret_starts = starts;
	*ret_children = children;
	return 0;
}

static int group_children(struct calltree *tree)
{
	_cleanup_free_ uint32_t *parents = malloc(tree->nodes.len * sizeof(*parents));

	if (!parents)
		return -ENOMEM;
	for (size_t i = 0; i < tree->nodes.len; i++)
		parents[i] = tree->nodes.items[i].parent;
	return calltree_group(parents, (uint32_t)tree->nodes.len, &tree->child_starts,
			      &tree->children);
}

int calltree_build(const struct calltree_options *options, struct calltree *ret_tree)
{
	_cleanup_calltree_ struct calltree tree = {0};
	_cleanup_(build_cleanup) struct build build = {.options = options, .tree = &tree};
	int r = prepare(&build);

	for (size_t i = 0; r == 0 && i < options->profile->samples.len; i++)
		r = add_sample(&build, &options->profile->samples.items[build.order[i]]);
	if (r < 0)
		return r;
	sum_totals(&tree);
	r = group_children(&tree);
	if (r < 0)
		return r;
	*ret_tree = tree;
	tree = (struct calltree){0};
	return 0;
}

void calltree_sort(struct calltree *tree, int (*compare)(const void *a, const void *b, void *ctx),
		   void *ctx)
{
	for (size_t i = 0; i < tree->nodes.len; i++) {
		uint32_t start = tree->child_starts[i], end = tree->child_starts[i + 1];

		if (end - start > 1)
			qsort_r(tree->children + start, end - start, sizeof(*tree->children),
				compare, ctx);
	}
}

struct level {
	uint32_t node;
	uint32_t next, end; /* children still to visit */
};

static struct level level_of(const struct calltree *tree, uint32_t node)
{
	return (struct level){.node = node,
			      .next = tree->child_starts[node],
			      .end = tree->child_starts[node + 1]};
}

int calltree_walk(const struct calltree *tree, const struct calltree_visitor *visitor)
{
	VEC(struct level) levels = {0};
	int r = vec_push(&levels, level_of(tree, 0));

	while (r == 0 && levels.len) {
		struct level *level = vec_last(&levels);
		uint32_t depth = (uint32_t)levels.len - 1;

		if (level->next < level->end) {
			uint32_t child = tree->children[level->next++];

			r = visitor->enter(visitor->ctx, tree, child, depth);
			if (r == 0)
				r = vec_push(&levels, level_of(tree, child));
		} else {
			if (visitor->leave && depth)
				r = visitor->leave(visitor->ctx, tree, level->node, depth - 1);
			levels.len--;
		}
	}
	vec_free(&levels);
	return r;
}

void calltree_free(struct calltree *tree)
{
	vec_free(&tree->nodes);
	free(tree->child_starts);
	free(tree->children);
	*tree = (struct calltree){0};
}
