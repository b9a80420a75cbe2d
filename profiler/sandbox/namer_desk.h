/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a namer asks workers, one at a time, each about its object. Several desks may be used at once, each by
 * one thread; what opens files for their workers is then still called by one thread at a time.
 */
#ifndef SMOLDER_SANDBOX_NAMER_DESK_H
#define SMOLDER_SANDBOX_NAMER_DESK_H

#include "profiler/sandbox/namer.h"
#include "profiler/sandbox/namer_files.h"

#include <pthread.h>

struct namer_subject { /* an object, as its worker is told of it */
	int id;        /* the namer's */
	int fd;
	const char *path;
	uint32_t owner;
	bool is_jit;
	uint64_t jit_time_ns;
};

struct namer_desk {
	const struct namer_options *options; /* borrowed, as is the mutex */
	pthread_mutex_t *files_mutex;        /* held while files are opened */
	struct namer_files files;
	struct sandbox_worker *worker; /* of `object`; NULL: none now */
	int object;
	bool has_news;                /* its worker knows what the cache does not */
	struct worker_lookup *lookup; /* what is asked next */
};

static inline bool namer_may_spend(const struct namer_options *options)
{
	return !options->may_spend || options->may_spend(options->spend_ctx);
}

/* `cache` is a directory, borrowed; -1: none. 0 or -ENOMEM. */
int namer_desk_init(struct namer_desk *desk, const struct namer_options *options, int cache,
		    pthread_mutex_t *files_mutex) _warn_unused_;

void namer_desk_free(struct namer_desk *desk); /* all zero is legal */

/*
 * Asks what `lookup` holds. Another object's worker must have been sent home before. 0, -EPIPE (the worker
 * failed), or what else it takes to ask one.
 */
int namer_desk_ask(struct namer_desk *desk, const struct namer_subject *subject,
		   struct sandbox_reply *reply) _warn_unused_;

/* Sends the worker home, when the cache has what it knows. 0, or -EPIPE: it failed at that. */
int namer_desk_rest(struct namer_desk *desk);

/* Ends the worker, whatever it knows. */
void namer_desk_drop(struct namer_desk *desk);

#endif
