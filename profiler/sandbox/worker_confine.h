/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A process gives up, for good, all it could do to others: it keeps its memory, its CPU for a while, and
 * the descriptors it is handed. See capabilities(7), seccomp(2), prctl(2).
 */
#ifndef SMOLDER_SANDBOX_WORKER_CONFINE_H
#define SMOLDER_SANDBOX_WORKER_CONFINE_H

#include <stdint.h>

/* A set: what was given up. */
enum worker_right {
	WORKER_GAVE_USER = 1,         /* runs as nobody, without groups; or was no root before */
	WORKER_GAVE_CAPABILITIES = 2, /* has none */
	WORKER_GAVE_PRIVILEGES = 4,   /* execve() will not give it any */
	WORKER_GAVE_SYSTEM_CALLS = 8, /* all but those that reading needs, by a seccomp filter */
	WORKER_GAVE_RESOURCES = 16,   /* limits are set */
	WORKER_GAVE_ALL = 31
};

/*
 * What a process gives up whose children are to be workers: all but forking. Returns the set of what that
 * was. Descriptors above WORKER_FD are closed.
 */
uint32_t worker_confine_zygote(void);

/* Gives up the rest, in such a child; returns the part of the set `gave` that holds of it. */
uint32_t worker_confine(uint32_t gave);

/* Limits memory to what parsing files of this length together may need. */
void worker_confine_memory(uint64_t files_len);

/* The words for what of WORKER_GAVE_ALL is missing in a set; "" when nothing is. */
const char *worker_confine_missing(uint32_t gave, char *text, uint32_t size);

#endif
