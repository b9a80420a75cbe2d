/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Facts about a task, read from the kernel's own structures: who it is, which control group. */
#ifndef SMOLDER_BPF_TASK_BPF_H
#define SMOLDER_BPF_TASK_BPF_H

#include "bpf/sampler_config.h"

static __always_inline __u64 start_boottime(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	if (bpf_core_field_exists(leader->start_boottime))
		return leader->start_boottime;
	return BPF_CORE_READ((struct task_struct___old *)leader, real_start_time);
}

static __always_inline void task_identity(struct task_struct *task, struct smolder_task *identity)
{
	identity->tgid = task->tgid;
	identity->exec_gen = (__u32)task->self_exec_id;
	identity->start_ns = start_boottime(task);
}

static __always_inline __u64 ancestor_id(struct cgroup *cgroup, __u32 level)
{
	struct cgroup___ids *old = (void *)cgroup;
	struct cgroup *ancestor;
	__u64 id = 0;

	if (bpf_core_field_exists(cgroup->ancestors)) {
		bpf_core_read(&ancestor, sizeof(ancestor), &cgroup->ancestors[level]);
		return BPF_CORE_READ(ancestor, kn, id);
	}
	bpf_core_read(&id, sizeof(id), &old->ancestor_ids[level]);
	return id;
}

static __always_inline bool in_cgroup(struct task_struct *task,
				      const volatile struct smolder_config *wanted)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	__u32 subsys = wanted->cgroup_subsys & 63; /* no access to relocate */
	struct cgroup_subsys_state *state;
	struct cgroup *cgroup;

	if (wanted->cgroup_subsys == SMOLDER_CGROUP_V2) {
		cgroup = BPF_CORE_READ(set, dfl_cgrp);
	} else {
		bpf_core_read(&state, sizeof(state), &set->subsys[subsys]);
		cgroup = BPF_CORE_READ(state, cgroup);
	}
	if (BPF_CORE_READ(cgroup, level) < (int)wanted->cgroup_level)
		return false;
	return ancestor_id(cgroup, wanted->cgroup_level) == wanted->cgroup_id;
}

#endif
