/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A call tree: the profile's stacks with its frames taken together as the caller sees fit (all
 * addresses of a function, all lines, all frames of one text), optionally under a level of roots
 * made from the label sets (processes, threads). One value type's samples are summed into it.
 *
 * A key is any number the caller gives a frame or a label set; frames of equal key below one node
 * are one node.
 */
#ifndef SMOLDER_FORMATS_CALLTREE_H
#define SMOLDER_FORMATS_CALLTREE_H

#include "formats/profile.h"

#define CALLTREE_NONE UINT32_MAX

struct calltree_node {
	uint32_t parent; /* smaller than the node's own position; node 0 is the root of all */
	uint32_t key;
	int64_t self, total;
};

struct calltree {
	VEC(struct calltree_node) nodes;
	/* Node n's children: children[child_starts[n] .. child_starts[n + 1]). */
	uint32_t *child_starts;
	uint32_t *children; /* in order of first sight until sorted */
};

struct calltree_options {
	const struct profile *profile;
	uint32_t value_type;
	const uint32_t *frame_keys; /* by frame id */
	const uint32_t *root_keys;  /* by label set; NULL or CALLTREE_NONE: no level of roots */
	const uint32_t *frame_leaf_keys,
		*root_leaf_keys; /* keys where a stack ends; NULL: as above */
};

/*
 * Samples whose value is 0 are left out. -EINVAL when a value is negative, -ERANGE when the sum
 * does not fit in 63 bits, -ENOMEM.
 */
int calltree_build(const struct calltree_options *options, struct calltree *ret_tree) _warn_unused_;

/* Sorts the children of every node; `compare` gets node ids, as qsort_r()'s does. */
void calltree_sort(struct calltree *tree, int (*compare)(const void *a, const void *b, void *ctx),
		   void *ctx);

/*
 * Visits all nodes but the root of all, depth first, in the order of the children; node 0's children
 * have depth 0. leave() may be NULL. Stops at the first result < 0 and returns it.
 */
struct calltree_visitor {
	int (*enter)(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth);
	int (*leave)(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth);
	void *ctx;
};

int calltree_walk(const struct calltree *tree, const struct calltree_visitor *visitor)
	_warn_unused_;

/*
 * Children lists for any parent array (parents[0] is ignored, the others are smaller than their
 * position or CALLTREE_NONE: not in the tree): the children of n are
 * (*ret_children)[(*ret_starts)[n] .. (*ret_starts)[n + 1]), in rising order. Both are the caller's to free.
 */
int calltree_group(const uint32_t *parents, uint32_t count, uint32_t **ret_starts,
		   uint32_t **ret_children) _warn_unused_;

void calltree_free(struct calltree *tree); /* leaves an empty tree */

#define _cleanup_calltree_ _cleanup_(calltree_free)

#endif
