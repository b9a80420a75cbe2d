// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_work.h"

#define STEPS_PER_PERCENT 2000 /* some microseconds: many rounds between two samples at any rate */

static volatile uint64_t sink;

/* Written out in each of the four, so that all the time is spent in the function itself. */
#define DEFINE_SHARE(percent)                                                                      \
	BENCH_KEPT void bench_share_##percent(void);                                               \
	BENCH_KEPT void bench_share_##percent(void)                                                \
	{                                                                                          \
		uint64_t value = sink;                                                             \
                                                                                                   \
		for (uint32_t i = 0; i < (percent)*STEPS_PER_PERCENT; i++) {                       \
			value = value * 6364136223846793005u + (percent);                          \
			__asm__ volatile("" : "+r"(value));                                        \
		}                                                                                  \
		sink = value;                                                                      \
	}

DEFINE_SHARE(40)
DEFINE_SHARE(30)
DEFINE_SHARE(20)
DEFINE_SHARE(10)

_Noreturn void bench_shares(uint64_t *units)
{
	for (;;) {
		bench_share_40();
		bench_share_30();
		bench_share_20();
		bench_share_10();
		__atomic_fetch_add(units, 1, __ATOMIC_RELAXED);
	}
}
