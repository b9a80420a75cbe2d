/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walker's user side: sees to it that the kernel can walk the user stacks of the processes that are
 * sampled, and walks those that were sampled before it could.
 *
 * A process is told of when a sample of it comes back as a copy of its stack. Its objects' tables are
 * then built, and when all are there its mappings are published. Its children inherit them in the
 * kernel. Memory that nothing uses any more is taken back when the pool is full. One thread.
 */
#ifndef SMOLDER_WALK_WALKER_H
#define SMOLDER_WALK_WALKER_H

#include "base/err.h"
#include "profiler/process/processes.h"
#include "profiler/walk/host_stepper.h"
#include "profiler/walk/mapsets.h"

struct walker_kernel {       /* what the loaded BPF side offers, or plain memory; borrowed */
	unsigned char *pool; /* pool_size + WALK_POOL_SLACK bytes, shared with it; readable */
	uint32_t pool_size;
	struct unwind_object *objects; /* WALK_OBJECTS_MAX of them, likewise */
	int processes_fd;              /* map "walk_processes"; -1: nothing is published */
	/* See struct walk_pool; NULL: all of the pool can be read and written. */
	int (*reach)(void *ctx, uint32_t off, uint32_t len);
	/* What lies behind `from` may have to be reached again from now on; NULL: it need not. */
	void (*rest)(void *ctx, uint32_t from);
	/* Returns when no program that is running now is running any more. 0 or a negative errno. */
	int (*wait)(void *ctx);
	void *ctx;
};

struct walker_counters {
	struct walk_tables_counters tables;
	uint32_t pool_size, pool_used;
	uint32_t mapsets, published;
	uint64_t publications, publish_failed, sweeps;
	uint64_t copies, copies_complete;
};

struct walker;

/* As table_builder_new() for the sandbox. */
int walker_new(const struct walker_kernel *kernel, struct processes *processes,
	       struct sandbox *sandbox, struct walker **ret_walker, struct err *err) _warn_unused_;
struct walker *walker_free(struct walker *walker); /* NULL is legal; returns NULL */

/*
 * A sample of this process could not be walked in the kernel. `space`: its address space at that moment, before
 * news of which all that is known then is published; NULL: not known.
 */
void walker_want(struct walker *walker, const struct smolder_task *task,
		 const struct smolder_space *space);

/* That was because a mapping had changed since: a process of which too many come is left alone for a while. */
void walker_note_change(struct walker *walker, uint32_t tgid);

/*
 * Publishes what is ready; cheap when there is nothing to do. With `all`, looks for changed mappings of all
 * published processes.
 */
void walker_update(struct walker *walker, bool all);

/*
 * Waits for tables being built, at the longest so long, and publishes what is ready then. True: there are
 * none to wait for.
 */
bool walker_settle(struct walker *walker, uint64_t timeout_ns);

enum walker_outlook {
	WALKER_UNKNOWN, /* no mapping of the process is known, or not yet */
	WALKER_WAITING, /* tables are on their way */
	WALKER_READY,
};

/*
 * Would a copied stack of this process, of that time (0: now), be walked further if one waited? Asks for the tables it
 * lacks.
 */
enum walker_outlook walker_look_out(struct walker *walker, const struct smolder_task *task,
				    uint64_t time_ns);

/*
 * Lets go of what no process can reach, and of objects that nobody has mapped for a while, as
 * processes_release() does; waits for running programs.
 */
void walker_release(struct walker *walker);

/* What of the pool was not used since the last time is not mapped from now on, until it is used again. */
void walker_rest(struct walker *walker);

/* Builds what is needed to walk this process's stacks of that time (0: now); waits for it. */
void walker_prepare(struct walker *walker, const struct smolder_task *task, uint64_t time_ns);

/*
 * Walks a copied stack, or a stopped thread's, by the mappings of `stack`'s time; its mapset_off is filled in here.
 * WALK_NO_PROCESS without a frame when the process's mappings are not known at all; WALK_CHANGED, likewise, when
 * those of that time are not known any more.
 */
void walker_walk_copy(struct walker *walker, const struct smolder_task *task,
		      struct host_stepper_stack *stack, struct host_stepper_result *ret_result);

void walker_counters(const struct walker *walker, struct walker_counters *ret_counters);

static inline void walker_cleanup_(struct walker **walker)
{
	walker_free(*walker);
}

#define _cleanup_walker_ _cleanup_(walker_cleanup_)

#endif
