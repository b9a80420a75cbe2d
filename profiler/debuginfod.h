/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Debug files from the servers that DEBUGINFOD_URLS names, by the library that all its clients share and
 * that is loaded only here. What it fetches it keeps ($DEBUGINFOD_CACHE_PATH, ~/.cache/debuginfod_client)
 * for all of them. It writes and reaches out, so it is asked in this process, after a recording, and never
 * for more than a build-id. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_DEBUGINFOD_H
#define SMOLDER_PROFILER_DEBUGINFOD_H

#include "base/err.h"

#include <stdint.h>

struct debuginfod;

struct debuginfod_options {
	uint64_t patience_ns; /* for all files together, from the first on; 0: 60 s */
	/* What the user should know while it takes its time; may be NULL. */
	void (*say)(void *ctx, const char *text);
	void *ctx;
};

struct debuginfod_counters {
	uint64_t fetched, missing, failed, late; /* late: not asked for, as patience was over */
};

/* -ENOENT: no server is configured; -ELIBACC: the library cannot be loaded; -ENOMEM. */
int debuginfod_open(const struct debuginfod_options *options, struct debuginfod **ret_client,
		    struct err *err) _warn_unused_;

/* NULL is legal; says what was not got; returns NULL. */
struct debuginfod *debuginfod_close(struct debuginfod *client);

/* A descriptor of the debug file of a build-id in hex, or -errno. `client` is a struct debuginfod. */
int debuginfod_fetch(void *client, const char *build_id);

const struct debuginfod_counters *debuginfod_counters(const struct debuginfod *client);

#endif
