/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel side and the user side say to each other: the one header both include.
 * Fixed-width kernel types, no pointers, explicit padding, sizes asserted. Both sides are always
 * built together, so there is no versioning.
 */
#ifndef SMOLDER_BPF_ABI_H
#define SMOLDER_BPF_ABI_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define SMOLDER_COMM_LEN 16 /* TASK_COMM_LEN, include/linux/sched.h */

/* PERF_MAX_STACK_DEPTH; the running kernel may allow less (kernel.perf_event_max_stack). */
#define SMOLDER_STACK_DEPTH 127

/*
 * Who was running. `tgid` alone is reused by the kernel and survives exec, so identity is the
 * triple (tgid, start_ns, exec_gen).
 */
struct smolder_task {
	__u32 tgid;     /* in the initial pid namespace */
	__u32 exec_gen; /* low half of task_struct.self_exec_id: +1 at each exec, inherited at fork */
	__u64 start_ns; /* group leader's start_boottime (CLOCK_BOOTTIME) */
};

/*
 * The name of a walked stack: two independent hashes of its frames and of how the walk ended. All 128
 * bits are compared wherever stacks are told apart; both 0: none.
 */
struct smolder_stack_name {
	__u64 hash, check;
};

/*
 * A state of an address space. `changes` is the kernel's own count (mm_struct.mm_lock_seq): it grows whenever
 * mappings may have changed, and one that changed has its value of then. 0: this kernel does not count.
 */
struct smolder_space {
	__u32 changes;
	__u32 code_pages; /* in executable mappings that cannot be written (mm_struct.exec_vm) */
};

/* kernel_stack in struct smolder_key: an id of the epoch's STACK_TRACE map, or: */
#define SMOLDER_NO_STACK (-1)

/* Key of the per-CPU count maps; the value is a __u64 count of samples. */
struct smolder_key {
	struct smolder_task task;
	__u64 cgroup_id; /* of the cgroup v2 hierarchy (kernfs node id); 0: unknown */
	struct smolder_stack_name user_walk; /* defined on ring "samples" */
	__u32 tid;                           /* 0 unless threads are kept apart */
	__s32 kernel_stack;
	char comm[SMOLDER_COMM_LEN]; /* of the thread; NUL-padded */
};

/* What ring "samples" carries. All start with a struct smolder_record. */
enum smolder_record_type {
	/* A walked user stack, once an epoch: samples have its name. */
	SMOLDER_RECORD_STACK = 1,
	/* The exact lane: one sample with its stacks spelt out, because a stack id was taken. */
	SMOLDER_RECORD_EXACT = 2,
	/* One sample whose user stack could not be walked yet: its registers and stack memory. */
	SMOLDER_RECORD_COPY = 3,
};

/*
 * Behind it: user_len __u64 of the user stack, then kernel_len __u64 of the kernel stack, both leaf
 * first. User frames are addresses, or, with user_walked, frame words of bpf/walk_abi.h.
 */
struct smolder_record {
	__u32 type; /* enum smolder_record_type */
	__u32 epoch;
	__u32 user_len, kernel_len;
	__u32 user_walked;
	__u32 walk_end;                 /* enum walk_end */
	struct smolder_stack_name name; /* of SMOLDER_RECORD_STACK */
	struct smolder_key key;         /* of a sample; its stack id and name mean nothing */
};

/*
 * What a function may use below its stack pointer, and what has just been popped from there (System V
 * ABI, AMD64 supplement, 3.2.2).
 */
#define SMOLDER_RED_ZONE 128

struct smolder_run { /* of pages of stack memory */
	__u64 begin;
	__u64 page_cnt;
};

#define SMOLDER_PAGE 4096

#define SMOLDER_RUNS 2

/*
 * SMOLDER_RECORD_COPY, on ring "copies": user_len is 0, the kernel stack is inside. Behind it the pages of its runs,
 * and maybe room for more: the stack the thread is on, and the one that a signal handler on a stack of its own
 * interrupted.
 */
struct smolder_copy {
	struct smolder_record head;
	__u64 time_ns; /* CLOCK_BOOTTIME */
	struct smolder_space space;
	__u64 registers[17]; /* by DWARF number, as in bpf/unwind_abi.h */
	__u32 call_site;     /* the program counter is a return address */
	__u32 absent;        /* of the pages, a set: bit n for the nth, not readable */
	struct smolder_run runs[SMOLDER_RUNS];
	__u64 kernel[SMOLDER_STACK_DEPTH];
};

/* Process life, from sched tracepoints. Ring "events". */
enum smolder_event_type {
	SMOLDER_EVENT_FORK =
		1, /* a new thread group; task is the child's, parent_tgid its parent */
	SMOLDER_EVENT_EXEC = 2, /* task.exec_gen is that of the new image */
	SMOLDER_EVENT_EXIT = 3, /* the last thread is gone */
};

struct smolder_event {
	__u32 type; /* enum smolder_event_type */
	__u32 parent_tgid;
	struct smolder_task task;
	__u64 time_ns; /* CLOCK_BOOTTIME */
	__u64 cgroup_id;
	char comm[SMOLDER_COMM_LEN];
};

/* One counter per fate of a tick and per noteworthy event. SEEN equals the sum of the fates. */
enum smolder_stat {
	SMOLDER_STAT_SEEN, /* the program ran */
	/* fates */
	SMOLDER_STAT_COUNTED,        /* in the count map */
	SMOLDER_STAT_EXACT,          /* sent on the exact lane */
	SMOLDER_STAT_COPIED,         /* sent with its stack memory, to be walked in user space */
	SMOLDER_STAT_IDLE,           /* the idle task */
	SMOLDER_STAT_FILTERED,       /* not in the target, or not on the wanted side */
	SMOLDER_STAT_LOST_COUNT_MAP, /* count map full */
	SMOLDER_STAT_LOST_BUSY,      /* count map bucket locked (NMI) */
	SMOLDER_STAT_LOST_RING,      /* exact lane full */
	SMOLDER_STAT_LOST_OTHER,     /* a helper failed in a way no kernel is known to */
	SMOLDER_STAT_UNATTENDED,     /* user space had not beaten for longer than it promised */
	/* not fates */
	SMOLDER_STAT_DEFINED,      /* walked stacks sent */
	SMOLDER_STAT_USER_STACK,   /* samples with a user stack */
	SMOLDER_STAT_KERNEL_STACK, /* samples with a kernel stack */
	SMOLDER_STAT_COLLISION,    /* stack ids refused with -EEXIST or -ENOMEM */
	SMOLDER_STAT_EVENT_LOST,   /* process events that found ring "events" full */
	SMOLDER_STAT_CHILD_LOST,   /* children that found the target map full */
	SMOLDER_STAT_RUN_NS,       /* time spent in the sampling program */
	SMOLDER_STAT_COUNT
};

/* Value of map "stats", by epoch, on each CPU: together, for they are all touched at each tick. */
struct smolder_stats {
	__u64 counts[SMOLDER_STAT_COUNT];
};

_Static_assert(sizeof(struct smolder_task) == 16, "abi");
_Static_assert(sizeof(struct smolder_key) == 64, "abi");
_Static_assert(sizeof(struct smolder_record) == 104, "abi");
_Static_assert(sizeof(struct smolder_copy) == 104 + 16 + 144 + 32 + 1016, "abi");
_Static_assert(sizeof(struct smolder_event) == 56, "abi");

#endif
