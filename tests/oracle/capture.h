/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Samples of a command, each twice: as the kernel's walker walked it, and with the registers and stack
 * memory of the very same interrupt.
 */
#ifndef CAPTURE_H
#define CAPTURE_H

#include "profiler/process/processes.h"
#include "profiler/walk/walker.h"
#include "tests/oracle/same_sample_abi.h"
#include "tests/oracle/twin_ring.h"

struct capture;

struct capture_options {
	uint32_t frequency_hz;
	pid_t pid;                   /* about to be released into its exec */
	struct processes *processes; /* gets process events; borrowed */
	/* Called from capture_drain(). */
	void (*on_sample)(void *ctx, const struct same_sample *walked,
			  const struct twin_record *copied);
	void *ctx;
};

struct capture_counters {
	uint64_t matched;
	uint64_t walked_alone; /* the perf record was lost */
	uint64_t copied_alone; /* a perf record without a walk: must not happen */
	uint64_t lost; /* the walk's record found its ring full; there is no perf record then */
};

int capture_open(const struct capture_options *options, struct capture **ret_capture,
		 struct err *err) _warn_unused_;
struct capture *capture_free(struct capture *capture); /* NULL is legal; returns NULL */

/* What a walker needs. */
void capture_walk_maps(struct capture *capture, struct walker_kernel *ret_kernel);

/* Process events first, then all pairs that are complete. */
void capture_drain(struct capture *capture);

void capture_counters(const struct capture *capture, struct capture_counters *ret_counters);

#endif
