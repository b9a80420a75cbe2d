/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How large the kernel maps are. The count map of one epoch must hold every sample of one window
 * even if no two are alike; so the maps follow from rate, CPUs and window length, and where that
 * breaks the memory budget the window is cut shorter instead.
 */
#ifndef SMOLDER_COLLECT_PLAN_H
#define SMOLDER_COLLECT_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#define PLAN_WINDOW_NS UINT64_C(1000000000)
#define PLAN_WINDOW_MIN_NS UINT64_C(100000000)
#define PLAN_RING_MIN_BYTES 4096u
#define PLAN_BUDGET_BYTES (UINT64_C(64) << 20)

struct plan_request {
	uint32_t frequency_hz;
	uint32_t cpus;          /* to be sampled */
	uint32_t possible_cpus; /* a per-CPU value exists for each of these */
	uint32_t stack_depth;   /* addresses per STACK_TRACE bucket */
	uint64_t window_ns;     /* wished for; 0: PLAN_WINDOW_NS */
	uint64_t budget_bytes;  /* 0: PLAN_BUDGET_BYTES */
	bool walk_tables;       /* stacks may come as copies */
	/* Forced sizes, 0 for none: for tests and for hosts that know better. */
	uint32_t stack_buckets, count_entries, ring_bytes;
};

struct plan {
	uint64_t window_ns;
	uint32_t stack_buckets; /* of each of the two stack maps; a power of two */
	uint32_t count_entries; /* of each of the two count maps */
	/* powers of two, multiples of a page */
	uint32_t sample_ring_bytes, event_ring_bytes, copy_ring_bytes;
	uint64_t bytes; /* estimated kernel memory of all maps */
};

void plan_maps(const struct plan_request *request, struct plan *ret_plan);

#endif
