/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The stacks of a process's threads, now: each thread is stopped for the moment its stack is walked, by
 * unwind tables, and goes on.
 */
#ifndef SMOLDER_PROFILER_THREAD_STACKS_H
#define SMOLDER_PROFILER_THREAD_STACKS_H

#include "base/err.h"
#include "formats/profile.h"
#include "profiler/sandbox/sandbox.h"

#include <stdbool.h>
#include <stdint.h>

struct thread_stacks_options {
	uint32_t pid;
	bool no_cache;
	struct sandbox *sandbox; /* borrowed; NULL: files are parsed in this process */
};

/*
 * A profile with one sample a thread (labels pid, tid, comm), in the order of thread ids. -ESRCH without such
 * a process, -EPERM without the right to trace it; a thread that ends meanwhile is left out.
 */
int thread_stacks_take(const struct thread_stacks_options *options, struct profile **ret_profile,
		       struct err *err) _warn_unused_;

#endif
