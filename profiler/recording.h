/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a run has gathered: stacks as (object, offset), counted by who. Between the kernel's windows
 * (addresses of processes that may be gone in a moment) and the profile (names). It grows with the
 * number of distinct stacks, not with time, and up to a cap.
 *
 * A stack is a path in a trie, outermost frame first: user frames, then kernel frames. In front of
 * the user frames stands a spot of kind SPOT_WALK: how the walk of the user stack ended.
 * Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_RECORDING_H
#define SMOLDER_PROFILER_RECORDING_H

#include "base/hashindex.h"
#include "base/strtab.h"
#include "base/vec.h"
#include "profiler/collect/window.h"
#include "profiler/process/processes.h"
#include "profiler/walk/walker.h"

enum spot_kind {
	SPOT_CODE,     /* an offset in an object */
	SPOT_UNPLACED, /* an address with a place_reason instead of an object */
	SPOT_WALK,     /* not a frame: how the walk ended, an enum walk_end */
};

struct recording_spot { /* something a stack can pass through; distinct */
	uint32_t kind;
	uint32_t object; /* SPOT_CODE: id; SPOT_UNPLACED: enum place_reason; SPOT_WALK: the end */
	uint64_t offset; /* calls already adjusted: it lies inside the call instruction */
};

struct recording_node {
	uint32_t parent; /* node 0 is the empty stack */
	uint32_t spot;
};

struct recording_who { /* distinct; strings by id */
	struct smolder_task task;
	uint32_t tid; /* 0 unless threads are kept apart */
	uint32_t comm, cgroup, container_id;
};

struct recording_sample { /* distinct by (who, node) */
	uint32_t who, node;
	uint64_t count;
};

struct recording {
	struct strtab strings;
	VEC(struct recording_spot) spots;
	VEC(struct recording_node) nodes;
	VEC(struct recording_who) whos;
	VEC(struct recording_sample) samples;
	struct hashindex spot_index, node_index, who_index, sample_index;
	uint64_t recorded;     /* sum of the samples' counts */
	uint64_t user, kernel; /* samples with a stack of that side */
	uint64_t lost_full;    /* samples that found the recording full, or no memory */
	size_t nodes_max;
	uint64_t end_ns; /* CLOCK_MONOTONIC: nothing in it was sampled later */
};

int recording_init(struct recording *recording) _warn_unused_;
void recording_free(struct recording *recording);

struct recording_source { /* all borrowed */
	const struct window *window;
	struct processes *processes; /* those that were sampled should still be known there */
	struct walker *walker;       /* walks stacks that came as copies; NULL: there are none */
	/*
	 * Samples whose stacks could be walked further once tables are built that are on their way are put
	 * off: they go here, while there is room. NULL: they are walked as far as can be.
	 */
	struct window *late;
	uint64_t since_ns; /* what is put off here was sampled then or later (CLOCK_BOOTTIME) */
};

/* Adds a closed window. */
void recording_add_window(struct recording *recording, const struct recording_source *source);

/*
 * Cuts the recording off from the table its objects are in: afterwards its spots name objects of the table
 * returned, which is the caller's, and nothing may be added. -ENOMEM leaves all as it was.
 */
int recording_detach(struct recording *recording, const struct objects *objects,
		     struct objects **ret_objects) _warn_unused_;

/* Distinct stacks, whoever they belong to. -ENOMEM. */
int recording_count_stacks(const struct recording *recording, uint64_t *ret_count) _warn_unused_;

#endif
