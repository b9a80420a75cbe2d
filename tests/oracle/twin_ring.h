/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Perf events of a command, one a CPU, inherited by its threads and children, whose records hold
 * registers and stack memory (perf_event_open(2), PERF_SAMPLE_STACK_USER).
 */
#ifndef TWIN_RING_H
#define TWIN_RING_H

#include "base/err.h"
#include "bpf/unwind_abi.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct perf_event_mmap_page;

struct twin_ring { /* of one CPU */
	int fd;
	uint32_t cpu;
	struct perf_event_mmap_page *control;
	const unsigned char *data;
	unsigned char *bounce; /* where a record that wraps around is put together */
	uint64_t tail, head;   /* records known to be complete */
	uint64_t lost;         /* records that found the ring full */
};

struct twin_record {
	uint64_t time_ns; /* CLOCK_MONOTONIC */
	uint32_t tid;
	uint64_t registers[UNWIND_REGISTER_CNT]; /* by DWARF number */
	const unsigned char *stack; /* from the stack pointer up; valid until the next call */
	size_t stack_len;
};

struct twin_ring_options {
	pid_t pid;
	int prog_fd; /* the program whose return value decides whether there is a record */
	uint32_t frequency_hz;
};

/* The event begins with the command's exec. -ENODEV: the CPU is offline. */
int twin_ring_open(const struct twin_ring_options *options, uint32_t cpu,
		   struct twin_ring *ret_ring, struct err *err) _warn_unused_;
void twin_ring_close(struct twin_ring *ring);

/* From now on, and until the next call, twin_ring_next() gives what was written up to now. */
void twin_ring_freeze(struct twin_ring *ring);

/* False: no more. */
bool twin_ring_next(struct twin_ring *ring, struct twin_record *ret_record);

#endif
