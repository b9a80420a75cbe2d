/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Does the memory of a process hold what a file holds? Such memory may be filled by anybody: it may
 * be another file by now, one that the process itself serves (FUSE), or wait for it (userfaultfd); and
 * who reads it then waits for as long as they like. So a child of ours reads, for which we wait a
 * moment. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_MEMORY_COMPARE_H
#define SMOLDER_PROFILER_PROCESS_MEMORY_COMPARE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define MEMORY_COMPARE_MAX 200 /* a minute: each costs a fork() */

struct memory_compare {    /* all zero at first */
	pid_t stuck;       /* was killed, and may wait in the kernel even so; 0: none */
	uint64_t since_ns; /* CLOCK_MONOTONIC: the minute's begin */
	uint32_t asked;    /* in it */
};

struct memory_span {
	uint32_t tgid;
	uint64_t address, len;
	int fd; /* the file's */
	uint64_t offset;
};

/*
 * Is it the same at sixteen places, spread evenly? False also when it is too short or nearly all
 * zeros, cannot be read in time, or was asked too often; after one that could not be read in time,
 * for a minute.
 */
bool memory_compare_is_same(struct memory_compare *compare, const struct memory_span *span);

#endif
