/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The lives of processes, by tgid. A tgid is used again and again: each use is a life, told from the
 * others by when it started. A life is a row of images, one for each exec. How exactly a start is known
 * depends on who told of it: the kernel side to the nanosecond, /proc to a tick, the side band to the
 * little while between a task's start and its record. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_LIVES_H
#define SMOLDER_PROFILER_PROCESS_LIVES_H

#include "base/hashindex.h"
#include "base/vec.h"
#include "bpf/abi.h"
#include "profiler/process/mappings.h"

#define LIFE_NONE UINT32_MAX
#define LIFE_IMAGES_MAX 64u /* a shell's chain of execs is shorter than ten */

struct image { /* times are CLOCK_BOOTTIME; 0: unknown, or not yet */
	struct mappings *mappings;
	uint64_t began_ns, ended_ns;
	uint64_t changed_ns;  /* its mappings last changed */
	uint64_t verified_ns; /* records lost after this may concern it */
	uint32_t exec_gen;
	bool exec_gen_known;
	bool follows;      /* exactly one exec lies between it and the image before it */
	bool exec_awaited; /* began with a side-band record; the kernel side's event is to come */
	bool jit_inherited;
	uint32_t jit; /* whose compiled code it runs: id in struct jit_files; maybe its parent's */
	char comm[SMOLDER_COMM_LEN];
};

struct life {
	uint32_t tgid, parent_tgid;
	uint64_t start_ns;    /* exact */
	uint64_t start_ticks; /* as procfs_stat */
	uint64_t fork_ns;     /* of the fork record: just behind the start */
	uint64_t seen_ns;     /* first news of it, when none of the above is known */
	uint64_t known_ns;    /* read from /proc then: older records are part of what was read */
	uint64_t exited_ns;
	uint64_t reread_after_ns, reread_delay_ns;
	VEC(struct image) images; /* oldest first; the last one is current */
	uint32_t labels;          /* of its container, or its parent's */
	bool labels_stale;
	bool leader_exited; /* the main thread is gone; others may live on */
	bool used;
	uint32_t older; /* life of the same tgid, or the next free one; LIFE_NONE: none */
};

struct lives {
	VEC(struct life) items;
	struct hashindex by_tgid; /* newest life of each */
	uint32_t first_free, max;
	uint32_t count, dead;
	uint64_t over_cap, images_over_cap;
};

int lives_init(struct lives *lives, uint32_t max) _warn_unused_;
void lives_free(struct lives *lives);

/*
 * A new life without images, the newest of its tgid. NULL: no room or no memory; counted. Moves lives:
 * pointers to others are no longer valid.
 */
struct life *lives_add(struct lives *lives, uint32_t tgid);

/* The newest life of the tgid, dead or not; NULL: none. */
struct life *lives_newest(struct lives *lives, uint32_t tgid);

/* The life that started at this very time, by the best that is known of each; NULL: none. */
struct life *lives_find(struct lives *lives, uint32_t tgid, uint64_t start_ns);

/*
 * As lives_find(), for news of a given time: also finds a life of which no start is known, since a tgid
 * has one life at a time.
 */
struct life *lives_find_at(struct lives *lives, const struct smolder_task *task, uint64_t time_ns);

void lives_note_exit(struct lives *lives, struct life *life, uint64_t time_ns);

/* Lives that exited, images that ended and mappings that were replaced, all before this time. */
void lives_forget_before(struct lives *lives, uint64_t time_ns);

/* The image running now; NULL before the first. */
struct image *life_current(const struct life *life);

/*
 * A new current image, which takes over the reference to `mappings`, on failure too. NULL: no memory.
 */
struct image *life_add_image(struct lives *lives, struct life *life, uint64_t began_ns,
			     struct mappings *mappings);

/* What follows for the images around from the known exec_gen of one: each exec adds 1. */
void life_deduce_exec_gens(struct life *life);

#endif
