/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Emptying the maps of a quiescent epoch. Uses the batch and the lookup-and-delete calls where the
 * kernel has them; what it lacks is found out by trying, once, and replaced by a named fallback.
 */
#ifndef SMOLDER_COLLECT_DRAIN_H
#define SMOLDER_COLLECT_DRAIN_H

#include "base/err.h"
#include "profiler/collect/window.h"

#include <stdbool.h>

struct drain_ref {
	uint32_t id, off, len;
};

struct drain_maps { /* of one epoch */
	int counts_fd, stacks_fd;
	int defined_fd; /* -1: none */
};

struct drain {
	const struct drain_maps *maps; /* being drained … */
	struct window *window;         /* … into this */
	uint32_t possible_cpus;
	uint32_t stack_depth, stack_buckets;
	bool no_batch;       /* fallback "one key at a time" */
	bool no_take;        /* fallback "lookup, then delete" */
	void *keys, *values; /* batch_len of each; values hold one u64 per possible CPU */
	uint32_t batch_len;
	uint32_t *stack_refs; /* stack id → 1 + number of its entry in `refs` */
	VEC(struct drain_ref) refs;
};

int drain_init(struct drain *drain, uint32_t stack_depth, uint32_t stack_buckets) _warn_unused_;
void drain_free(struct drain *drain);

/* Moves counts and stacks of one epoch into the window; its maps are empty afterwards. */
int drain_epoch(struct drain *drain, const struct drain_maps *maps, struct window *window,
		struct err *err) _warn_unused_;

#endif
