/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a process and all below it take, seen from outside (/proc). Not thread-safe. */
#ifndef SMOLDER_BENCH_PROCESS_TREE_H
#define SMOLDER_BENCH_PROCESS_TREE_H

#include <stdint.h>
#include <sys/types.h>

struct process_usage {
	uint64_t cpu_ns;    /* of threads that live (schedstat), of children that ended (stat) */
	uint64_t rss_bytes; /* what they share is counted in each */
	uint64_t map_bytes; /* of BPF maps the processes hold (fdinfo, memlock) */
	uint32_t processes;
};

/* Whatever cannot be read, as it has just ended, counts nothing. */
void process_tree_usage(pid_t root, struct process_usage *ret_usage);

#endif
