/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One sample as the kernel's walker saw it, beside the perf record of the same interrupt. */
#ifndef SAME_SAMPLE_ABI_H
#define SAME_SAMPLE_ABI_H

#include "bpf/abi.h"
#include "bpf/walk_abi.h"

struct same_sample {
	struct smolder_task task;
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 boottime_ns;
	struct smolder_space space;
	__u64 registers[UNWIND_REGISTER_CNT];
	__u32 tid, cpu;
	__u32 call_site; /* the program counter is a return address */
	__u32 end;       /* enum walk_end */
	__u32 frames_len, pad;
	__u64 frames[WALK_FRAMES_MAX];
};

#endif
