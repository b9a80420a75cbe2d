/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel types the BPF programs read: only these, only the fields used. libbpf relocates every
 * access to the running kernel's layout (CO-RE), so order and neighbours do not matter. A field that
 * not every kernel has is asked for with bpf_core_field_exists() before it is read.
 */
#ifndef SMOLDER_BPF_VMLINUX_H
#define SMOLDER_BPF_VMLINUX_H

#include <linux/bpf.h>
#include <linux/bpf_perf_event.h>
#include <stdbool.h>
#include <stddef.h>

#define PF_KTHREAD 0x00200000 /* include/linux/sched.h */

typedef __s32 pid_t;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

typedef struct {
	int counter;
} atomic_t;

struct kernfs_node {
	__u64 id;
};

struct cgroup {
	struct kernfs_node *kn;
	int level;
	struct cgroup
		*ancestors[0]; /* since v6.1, 7f203bc89eb6 ("cgroup: Replace ->ancestor_ids[]") */
};

/* Before v6.1. */
struct cgroup___ids {
	__u64 ancestor_ids[0];
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

struct css_set {
	struct cgroup_subsys_state *subsys[64]; /* longer than any kernel's CGROUP_SUBSYS_COUNT */
	struct cgroup *dfl_cgrp;
};

struct signal_struct {
	atomic_t live;
};

typedef struct seqcount {
	unsigned int sequence;
} seqcount_t;

struct maple_tree {
	void *ma_root;
};

/* Since v6.1; the layout of nodes: include/linux/maple_tree.h. */
struct maple_range_64 {
	unsigned long pivot[15];
	void *slot[16];
};

struct maple_arange_64 {
	unsigned long pivot[9];
	void *slot[10];
};

enum maple_type {
	maple_dense,
	maple_leaf_64,
	maple_range_64,
	maple_arange_64,
};

struct file;

struct mm_struct {
	unsigned long start_stack;
	unsigned long exec_vm;
	struct maple_tree mm_mt;
	seqcount_t mm_lock_seq; /* since v6.13, with CONFIG_PER_VMA_LOCK; an int from v6.4 on */
};

/* From v6.4 to v6.12. */
struct mm_struct___int {
	int mm_lock_seq;
};

struct vm_area_struct {
	unsigned long vm_start, vm_end;
	struct mm_struct *vm_mm;
	struct file *vm_file;
	unsigned int vm_lock_seq; /* an int before v6.13 */
};

struct thread_struct {
	unsigned long fsbase;
};

struct task_struct {
	unsigned int flags;
	unsigned int in_execve : 1;
	struct mm_struct *mm;
	pid_t pid;
	pid_t tgid;
	struct task_struct *group_leader;
	struct signal_struct *signal;
	struct css_set *cgroups;
	unsigned long sas_ss_sp, sas_ss_size;
	struct thread_struct thread;
	__u64 start_boottime; /* since v5.5, cf25e24db61c ("time: Rename tsk->real_start_time") */
	__u64 self_exec_id;   /* u64 since v5.7, d1e7fd6462ca; relocated as u32 before */
	char comm[16];
};

/* Before v5.5. */
struct task_struct___old {
	__u64 real_start_time;
};

#pragma clang attribute pop

#endif
