/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The sampler's user side: loads the BPF programs and maps, flips their epoch, and drains the closed
 * one into a window. Nothing slow happens here: no /proc, no file, no log. One thread.
 */
#ifndef SMOLDER_COLLECT_SAMPLER_H
#define SMOLDER_COLLECT_SAMPLER_H

#include "base/err.h"
#include "bpf/sampler_config.h"
#include "bpf/walk_abi.h"
#include "profiler/collect/plan.h"
#include "profiler/collect/window.h"

/* Unwind tables of a busy host take some 20 MB. */
#define SAMPLER_POOL_SIZE (UINT32_C(64) << 20)
#define SAMPLER_POOL_SIZE_MIN (UINT32_C(1) << 20)
#define SAMPLER_POOL_SIZE_MAX (UINT32_C(256) << 20)

struct sampler_options {
	struct smolder_config config;
	struct plan plan;
	uint32_t stack_depth;    /* addresses a stack may have; from sampler_stack_depth() */
	uint32_t walk_pool_size; /* bytes, a power of two; with config.walk_tables */
	/* Both are called from sampler_consume() and sampler_rotate(). */
	void (*on_event)(void *ctx, const struct smolder_event *event);
	/* Called for each sample that comes as a copy of its stack; may be NULL. */
	void (*on_copy)(void *ctx, const struct smolder_copy *copy);
	void *ctx;
};

struct sampler;

/* kernel.perf_event_max_stack, at most SMOLDER_STACK_DEPTH. */
uint32_t sampler_stack_depth(void);

/* Loads everything and attaches the process tracepoints. Errors say what is missing. */
int sampler_open(const struct sampler_options *options, struct sampler **ret_sampler,
		 struct err *err) _warn_unused_;
struct sampler *sampler_free(struct sampler *sampler); /* NULL is legal */

/* The program to attach to events; owned by the sampler. */
int sampler_prog_fd(const struct sampler *sampler);

/*
 * Tells the kernel that this process lives. With config.heartbeat_timeout_ns, ticks that come longer
 * than that after the last beat are not recorded, only counted (SMOLDER_STAT_UNATTENDED): a process
 * that hangs or is stopped costs next to nothing. Opening, consuming and rotating beat too.
 */
void sampler_beat(struct sampler *sampler);

/* Adds a thread group to the target, with config.filter_targets. */
int sampler_add_target(struct sampler *sampler, uint32_t tgid, struct err *err) _warn_unused_;

/* Thread groups of the target that still run; 0 also when it cannot be told. */
uint32_t sampler_count_targets(const struct sampler *sampler);

/* Readable when a sample has come as a copy, and the rings should be emptied soon. */
int sampler_poll_fd(const struct sampler *sampler);

/* Empties the rings: process events to the callback, exact samples to their windows. */
int sampler_consume(struct sampler *sampler, struct err *err) _warn_unused_;

/* So many stacks have come as copies that the window had better be closed. */
bool sampler_is_crowded(const struct sampler *sampler);

/*
 * Closes the current window: flips the epoch, waits until no program can still be using the old
 * one, drains it. The window belongs to the sampler and lives until the next call but one.
 */
int sampler_rotate(struct sampler *sampler, struct window **ret_window, struct err *err)
	_warn_unused_;

/* Returns when no program that is running now is running any more. 0 or a negative errno. */
int sampler_wait(struct sampler *sampler) _warn_unused_;

struct sampler_walk_maps {   /* belong to the sampler */
	unsigned char *pool; /* pool_size + WALK_POOL_SLACK bytes */
	uint32_t pool_size;
	struct unwind_object *objects; /* WALK_OBJECTS_MAX */
	int processes_fd;
};

/*
 * Only parts of the pool are mapped: every page that is mapped counts as memory of this process. Where it is not,
 * it reads as zeros. To reach maps a part, 0 or a negative errno; to rest unmaps what lies behind `from` and
 * was not reached since the rest before.
 */
int sampler_reach_pool(struct sampler *sampler, uint32_t off, uint32_t len) _warn_unused_;
void sampler_rest_pool(struct sampler *sampler, uint32_t from);

/* The maps stacks are walked by, with config.walk_tables. */
void sampler_walk_maps(const struct sampler *sampler, struct sampler_walk_maps *ret_maps);

/* Kernel memory charged for the maps, as the kernel itself states it. */
uint64_t sampler_map_bytes(const struct sampler *sampler);

/* Bytes of maps that are mapped into this process, and so part of its resident size. */
uint64_t sampler_mapped_bytes(const struct sampler *sampler);

/* Instructions of the sampling program as verified. */
uint32_t sampler_insn_count(const struct sampler *sampler);

static inline void sampler_cleanup_(struct sampler **sampler)
{
	sampler_free(*sampler);
}

#define _cleanup_sampler_ _cleanup_(sampler_cleanup_)

#endif
