/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What sandbox.c, sandbox_worker.c and sandbox_zygote.c share. */
#ifndef SMOLDER_SANDBOX_SANDBOX_INTERNAL_H
#define SMOLDER_SANDBOX_SANDBOX_INTERNAL_H

#include "base/vec.h"
#include "profiler/sandbox/sandbox.h"

#include <pthread.h>
#include <sys/types.h>

struct sandbox_zygote {
	pthread_mutex_t mutex; /* of all below; not taken while one has the sandbox's */
	pid_t pid;
	int channel; /* -1: there is none */
};

struct sandbox {
	struct sandbox_options options; /* all given */
	struct sandbox_zygote zygote;   /* what workers are forked from */
	pthread_mutex_t mutex;          /* of all below */
	struct sandbox_worker *spare;   /* started ahead, for the next who wants one; or NULL */
	VEC(pid_t) dying;
	struct sandbox_counters counters;
	uint64_t wasted_ns, wasted_at_ns; /* by those who died, as of this moment */
};

/* Forks a process whose WORKER_FD is `channel`, which stays ours. 0 or -errno. */
int sandbox_zygote_fork(struct sandbox *sandbox, int channel, pid_t *ret_pid) _warn_unused_;

/* The next one is forked from another zygote. */
void sandbox_zygote_end(struct sandbox *sandbox);

/* Starts a process that will be ready soon. */
int sandbox_worker_spawn(struct sandbox *sandbox, struct sandbox_worker **ret_worker) _warn_unused_;

/* Sees to it that the next who wants a worker finds one ready. */
void sandbox_start_spare(struct sandbox *sandbox);

/* Makes it as important as the calling thread, which wants it. */
void sandbox_worker_set_priority(const struct sandbox_worker *worker);

/* Waits until it is ready; -EPIPE: it died. */
int sandbox_worker_await_ready(struct sandbox_worker *worker) _warn_unused_;

/* The set of enum worker_right that it gave up; once it is ready. */
uint32_t sandbox_worker_gave(const struct sandbox_worker *worker);

/* Of a process that was killed: its CPU and memory are added when it is gone. */
void sandbox_bury(struct sandbox *sandbox, pid_t pid);

/* Of a worker that took so much time for nothing. */
void sandbox_note_failure(struct sandbox *sandbox, enum sandbox_failure failure,
			  uint64_t wasted_ns);

/* Was so much time wasted lately that the next are to be treated with less patience? */
bool sandbox_is_in_a_hurry(struct sandbox *sandbox);

#endif
