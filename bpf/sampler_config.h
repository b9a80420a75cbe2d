/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the sampler is told before it is loaded (its .rodata, so that the verifier prunes what is not
 * wanted) and the value of its "targets" map. Included by both sides, after bpf/abi.h.
 */
#ifndef SMOLDER_BPF_SAMPLER_CONFIG_H
#define SMOLDER_BPF_SAMPLER_CONFIG_H

#include "bpf/abi.h"

#ifdef __bpf__
/* Was user code interrupted? The low two bits of CS are the privilege level (Intel SDM 3A, 5.5). */
#if defined(__TARGET_ARCH_x86)
#define SMOLDER_USER_MODE(ctx) (((ctx)->regs.cs & 3) == 3)
#elif defined(__TARGET_ARCH_arm64)
#define SMOLDER_USER_MODE(ctx) (((ctx)->regs.pstate & 0xf) == 0) /* PSR_MODE_EL0t */
#else
#error "no SMOLDER_USER_MODE() for this architecture"
#endif
#else
#include <stdbool.h>
#endif

#define SMOLDER_TARGETS_MAX 65536

/* smolder_config.cgroup_subsys: the unified hierarchy instead of a v1 controller's index. */
#define SMOLDER_CGROUP_V2 0xffffffffu

struct smolder_config {
	__u64 cgroup_id;            /* kernfs node id */
	__u64 heartbeat_timeout_ns; /* without a beat for so long nothing is recorded; 0: for ever */
	__u64 changes_wake_ns;      /* copies for WALK_CHANGED wake that often at most; 0: each */
	__u32 cgroup_level;         /* its depth below the hierarchy's root (0) */
	__u32 cgroup_subsys; /* enum cgroup_subsys_id of the running kernel, or SMOLDER_CGROUP_V2 */
	__u32 walk_frames_max; /* 1 to WALK_FRAMES_MAX */
	bool filter_cgroup;
	bool filter_targets;  /* only thread groups in map "targets" */
	bool follow_children; /* children of targets become targets */
	bool keep_threads;
	bool walk_tables;            /* user stacks by unwind tables; else by frame pointers */
	bool user_only, kernel_only; /* ticks that hit the other side are filtered */
};

struct smolder_target {
	__u64 start_ns; /* as struct smolder_task; 0: any */
	__u32 exited;   /* its last thread is gone; what is left of it is still its own time */
	__u32 pad;
};

#endif
