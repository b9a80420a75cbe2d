/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the loads compute. Each function is one that a profile shows by name. */
#ifndef SMOLDER_BENCH_WORK_H
#define SMOLDER_BENCH_WORK_H

#include <stdint.h>

/* Never to be inlined, nor merged with another that does the same. */
#define BENCH_KEPT __attribute__((noinline, noclone, used, visibility("default")))

/* Computes for ever below `depth` calls, adding to `units`; one file is built with frame pointers. */
void bench_calls_plain(uint64_t *units, uint32_t depth);
void bench_calls_pointers(uint64_t *units, uint32_t depth);

/* Four functions that share the work 40 : 30 : 20 : 10, for ever. */
_Noreturn void bench_shares(uint64_t *units);

/*
 * The body of both bench_calls_*(). What comes after the call keeps it from being a tail call, and the
 * room that each frame has is that of a usual function.
 */
#define BENCH_DEFINE_CALLS(name)                                                                   \
	BENCH_KEPT void name(uint64_t *units, uint32_t depth)                                      \
	{                                                                                          \
		char room[64];                                                                     \
                                                                                                   \
		__asm__ volatile("" : : "r"(room) : "memory");                                     \
		while (depth == 0 && __atomic_fetch_add(units, 1, __ATOMIC_RELAXED) < UINT64_MAX)  \
			;                                                                          \
		if (depth > 0)                                                                     \
			name(units, depth - 1);                                                    \
		__asm__ volatile("" : : "r"(room) : "memory");                                     \
	}

#endif
