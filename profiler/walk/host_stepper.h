/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's stack stepper on the host: walks a copy of a thread's stack memory, or a stopped
 * thread, by the same tables in the same pool, with the same code (bpf/stepper.h).
 */
#ifndef SMOLDER_WALK_HOST_STEPPER_H
#define SMOLDER_WALK_HOST_STEPPER_H

#include "bpf/walk_abi.h"

#include <stddef.h>
#include <stdint.h>

struct host_stepper_pool {
	const unsigned char *base; /* WALK_POOL_SLACK readable bytes follow its size */
	uint64_t size;             /* a power of two */
	const struct unwind_object *objects;
	uint32_t objects_len;
};

struct host_stepper_run { /* of the thread's memory */
	uint64_t begin;
	const unsigned char *memory;
	size_t len;
	uint32_t absent; /* of the pages it lies in, a set: bit n for the nth, without contents */
};

#define HOST_STEPPER_RUNS 2

struct host_stepper_stack {
	uint64_t time_ns;          /* when it was so: CLOCK_BOOTTIME; 0: now */
	const uint64_t *registers; /* UNWIND_REGISTER_CNT, by DWARF number */
	int call_site;             /* the program counter is a return address */
	/* What was around the stack pointer; and on another stack that the walk may come to. */
	struct host_stepper_run runs[HOST_STEPPER_RUNS];
	/* Instead of these: reads `size` bytes of the thread's; 0, or not 0. NULL: they count. */
	int (*read)(void *ctx, void *to, size_t size, uint64_t address);
	void *ctx;
	uint32_t mapset_off; /* in the pool */
};

struct host_stepper_result {
	uint64_t frames[WALK_FRAMES_MAX]; /* frame words, leaf first */
	uint32_t len;
	enum walk_end end;
};

/* Safe with any pool, tables and stack. */
void host_stepper_walk(const struct host_stepper_pool *pool, const struct host_stepper_stack *stack,
		       struct host_stepper_result *ret_result);

/* The ledger's word for an end other than WALK_COMPLETE: "no unwind info", … */
const char *walk_end_name(enum walk_end end);

#endif
