// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Built with frame pointers; see mk/program.mk. */
#include "profiler/bench/bench_work.h"

BENCH_DEFINE_CALLS(bench_calls_pointers)
