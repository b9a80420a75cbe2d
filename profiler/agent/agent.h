/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Always on: samples the whole host, cuts a window every minute or so, and has each one named and written
 * to a store in the background, until it is told to end. Keeps its own cost within bounds.
 *
 * SIGTERM and SIGINT end it, with the window that has begun; SIGUSR1 cuts one now; SIGHUP reads the
 * configuration file again.
 */
#ifndef SMOLDER_AGENT_H
#define SMOLDER_AGENT_H

#include "profiler/agent/agent_config.h"

enum agent_message { AGENT_ERROR, AGENT_WARNING, AGENT_INFO, AGENT_VERBOSE };

struct agent_options {
	struct agent_sources sources;
	bool no_cache;   /* neither read nor write the cache of symbols */
	bool no_sandbox; /* parse files that others wrote in this process */
	/* One line for people; may be called from another thread. */
	void (*on_message)(void *ctx, enum agent_message kind, const char *text);
	void *ctx;
};

/* Returns when it was told to end (0), or cannot go on. */
int agent_run(const struct agent_options *options, struct err *err) _warn_unused_;

#endif
