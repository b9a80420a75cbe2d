/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Code that is loaded into the kernel and leaves it again while we record: BPF programs and trampolines.
 * What is gone by the time the kernel's own list of symbols is read has its name from here. Not
 * thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_KERNEL_PROGRAMS_H
#define SMOLDER_PROFILER_PROCESS_KERNEL_PROGRAMS_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define KERNEL_PROGRAMS_MAX 16384u

struct kernel_program {
	uint64_t start, limit;
	uint64_t ended_ns; /* CLOCK_BOOTTIME; 0: it is there */
	uint32_t object;   /* id in struct objects */
};

struct kernel_programs {                     /* all zero: empty */
	VEC(struct kernel_program) programs; /* by address, disjoint */
	uint64_t over_cap;                   /* not kept, for want of room or memory */
};

/* One that was loaded, or, with an end, one whose loading we missed and that is gone now. */
void kernel_programs_add(struct kernel_programs *programs, const struct kernel_program *program);

/* The one that starts here has left. False: it is not known. */
bool kernel_programs_end(struct kernel_programs *programs, uint64_t start, uint64_t time_ns);

/* The one that has, or last had, the address; NULL: none. */
const struct kernel_program *kernel_programs_find(const struct kernel_programs *programs,
						  uint64_t address);

/* Those that left before this time. */
void kernel_programs_forget_before(struct kernel_programs *programs, uint64_t time_ns);

void kernel_programs_free(struct kernel_programs *programs);

#endif
