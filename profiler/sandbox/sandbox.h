/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Workers without privileges, which parse what others wrote (worker.h). Each serves for one object and
 * is then gone, so that none who was taken over by one object can lie about another. One who crashes,
 * hangs, takes too long or talks nonsense is killed and not missed: whoever asked learns that there is no
 * answer. A sandbox may be used from several threads, a worker from one at a time.
 */
#ifndef SMOLDER_SANDBOX_SANDBOX_H
#define SMOLDER_SANDBOX_SANDBOX_H

#include "base/buf.h"
#include "base/err.h"
#include "profiler/sandbox/worker_channel.h"

#include <stdbool.h>

struct sandbox;
struct sandbox_worker;

/* Of a worker, at what it was asked. */
enum sandbox_failure {
	SANDBOX_CRASHED,   /* or was killed by somebody else */
	SANDBOX_HUNG,      /* neither answered nor used its CPU */
	SANDBOX_EXHAUSTED, /* used more CPU or time than its file can need */
	SANDBOX_LIED,      /* said what no worker says */
	SANDBOX_UNSTARTED, /* there was none */
	SANDBOX_FAILURE_CNT
};

/* The ledger's word for it. */
const char *sandbox_failure_name(enum sandbox_failure failure);

struct sandbox_options {
	const char *program; /* the program that has workers in it; NULL: this one */
	uint64_t hang_ns;    /* patience with one who does nothing; 0: 1 s */
	uint64_t cpu_ns;     /* CPU for any one question, and more for long files; 0: 2 s */
};

struct sandbox_counters {
	uint64_t workers;                     /* that were started */
	uint64_t failed[SANDBOX_FAILURE_CNT]; /* questions: one costs an object its answers */
	uint64_t cpu_ns;                      /* of those that have ended */
	uint64_t rss_bytes;                   /* the most that one of them had */
};

/* Starts a first worker. 0, or -ENOMEM. */
int sandbox_new(const struct sandbox_options *options, struct sandbox **ret_sandbox) _warn_unused_;

/* 0, or what workers here lack, -errno: they cannot be started, or could not give up some right. */
int sandbox_check(struct sandbox *sandbox, struct err *err) _warn_unused_;

/* No worker may be in use any more. NULL is legal; returns NULL. */
struct sandbox *sandbox_free(struct sandbox *sandbox);

/* What happened since the last time. Waits a moment for those that were just killed. */
void sandbox_take_counters(struct sandbox *sandbox, struct sandbox_counters *ret_counters);

/* What a worker may be given while it is asked. */
struct sandbox_files {
	/* A descriptor, which is closed after it was handed over, or -errno. */
	int (*open)(void *ctx, enum worker_kind kind, const char *path);
	/* The next bytes of the object's file in the cache; none: these were all. */
	void (*index)(void *ctx, const void *bytes, size_t len);
	void *ctx;
};

struct sandbox_reply {    /* all zero before */
	struct buf bytes; /* of all BYTES */
	struct buf end;   /* what END ends with */
};

void sandbox_reply_free(struct sandbox_reply *reply);

/* 0 or -errno: it could not be started. */
int sandbox_worker_start(struct sandbox *sandbox, struct sandbox_worker **ret_worker) _warn_unused_;

/* Tells without an answer. 0, or -EPIPE: it is dead, here and in the next. */
int sandbox_worker_tell(struct sandbox_worker *worker, const struct worker_message *message)
	_warn_unused_;

/*
 * Asks, and waits for the answer; `files` may be NULL, who wants any is then refused. 0, what the worker
 * failed with (not -EPIPE), or -EPIPE.
 */
int sandbox_worker_ask(struct sandbox_worker *worker, const struct worker_message *message,
		       const struct sandbox_files *files, struct sandbox_reply *reply)
	_warn_unused_;

/* Of one who failed: at what. */
enum sandbox_failure sandbox_worker_failure(const struct sandbox_worker *worker);

/* Its answer made no sense: it is dead from now on. */
void sandbox_worker_lied(struct sandbox_worker *worker);

/* Ends it, whatever it may be at. NULL is legal; returns NULL. */
struct sandbox_worker *sandbox_worker_end(struct sandbox_worker *worker);

static inline void sandbox_worker_cleanup_(struct sandbox_worker **worker)
{
	sandbox_worker_end(*worker);
}

#define _cleanup_sandbox_worker_ _cleanup_(sandbox_worker_cleanup_)

#endif
