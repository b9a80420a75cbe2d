/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The conductor: sets the rooms up in order, runs them until the recording ends, and turns what was
 * gathered into a profile. The only place that knows them all.
 */
#ifndef SMOLDER_PROFILER_PIPELINE_H
#define SMOLDER_PROFILER_PIPELINE_H

#include "base/err.h"
#include "formats/profile.h"
#include "profiler/collect/ticks.h"
#include "profiler/sandbox/sandbox.h"
#include "profiler/target.h"

struct pipeline_progress {
	uint64_t elapsed_ns, recorded, stacks, lost;
};

/* What the end of a recording took. */
struct pipeline_times {
	uint64_t stop_ns;    /* until all that was sampled is here */
	uint64_t kernel_ns;  /* until the kernel's symbols are, too */
	uint64_t dismiss_ns; /* to give back what the kernel's side had */
	uint64_t name_ns;    /* to name it */
};

/* How user stacks are walked. */
enum call_graph {
	CALL_GRAPH_AUTO,  /* by unwind tables where the kernel can, which is everywhere */
	CALL_GRAPH_FP,    /* by frame pointers, in the kernel's own code */
	CALL_GRAPH_DWARF, /* by unwind tables */
};

struct pipeline_options {
	struct target_options target;
	enum tick_event event;
	enum call_graph call_graph;
	uint32_t frames_max;   /* by unwind tables: 1 to WALK_FRAMES_MAX */
	uint32_t unwind_bytes; /* memory for unwind tables: a power of two */
	uint32_t frequency_hz;
	struct sandbox *sandbox; /* borrowed; NULL: files are parsed in this process */
	uint64_t duration_ns;    /* 0: until a signal, or the target's end */
	bool keep_threads, user_only, kernel_only, no_dwarf, no_cache;
	/* Gets debug files that are not on this host: symbolizer_options.fetch_debug. NULL: no. */
	int (*fetch_debug)(void *ctx, const char *build_id);
	void *fetch_ctx;
	/* Forced sizes of kernel maps, 0 for none; see struct plan_request. */
	uint64_t window_ns, budget_bytes;
	uint32_t stack_buckets, count_entries, ring_bytes;
	/* Called after each window; may be NULL. */
	void (*on_progress)(void *ctx, const struct pipeline_progress *progress);
	/* Called for what the user should know though the recording goes on; may be NULL. */
	void (*on_warning)(void *ctx, const char *text);
	void *ctx;
	struct pipeline_times *ret_times; /* filled on success; may be NULL */
};

/*
 * Records and returns the profile, ledger included. Ends by itself at the duration, on SIGINT or
 * SIGTERM (which it blocks meanwhile), or when the target ends. No profile on failure.
 */
int pipeline_run(const struct pipeline_options *options, struct profile **ret_profile,
		 struct err *err) _warn_unused_;

#endif
