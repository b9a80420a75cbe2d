// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sampler: at each tick of a CPU, who is running and where, counted in place. Beside it, the
 * life of processes: fork, exec, exit.
 *
 * Maps that are drained come in two, one an epoch: the programs use the one `active_epoch` names,
 * user space reads the other, once no program that saw the old epoch can still be running.
 */
#include "bpf/vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "bpf/abi.h"
#include "bpf/sampler_config.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct smolder_config config = {};

__u32 active_epoch = 0;

#define EEXIST 17
#define ENOMEM 12
#define E2BIG 7
#define EBUSY 16

/* max_entries of maps marked "sized" are set by the loader from rate, CPUs and budget. */
#define STACK_MAP(map_name)                                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_STACK_TRACE);                                            \
		__uint(max_entries, 1024); /* sized */                                             \
		__type(key, __u32);                                                                \
		__uint(value_size, SMOLDER_STACK_DEPTH * sizeof(__u64));                           \
	} map_name SEC(".maps")

#define COUNT_MAP(map_name)                                                                        \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_PERCPU_HASH);                                            \
		__uint(max_entries, 1024); /* sized */                                             \
		__type(key, struct smolder_key);                                                   \
		__type(value, __u64);                                                              \
	} map_name SEC(".maps")

STACK_MAP(stacks_0);
STACK_MAP(stacks_1);
COUNT_MAP(counts_0);
COUNT_MAP(counts_1);

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 2 * SMOLDER_STAT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} stats SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20); /* sized */
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 18); /* sized */
} events SEC(".maps");

/* Thread groups to profile, when config.filter_targets. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SMOLDER_TARGETS_MAX);
	__type(key, __u32); /* tgid */
	__type(value, struct smolder_target);
} targets SEC(".maps");

struct exact_scratch {
	struct smolder_exact_sample head;
	__u64 addresses[2 * SMOLDER_STACK_DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct exact_scratch);
} scratch SEC(".maps");

/*
 * Read by no program. User space updates its one slot: the kernel then waits until every running
 * program has ended (maybe_wait_bpf_programs(), v4.18, 1ae80cf31938), which proves quiescence.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__type(key, __u32);
		__type(value, __u32);
	});
} barrier SEC(".maps");

static __always_inline void count_many(__u32 epoch, enum smolder_stat stat, __u64 amount)
{
	__u32 index = epoch * SMOLDER_STAT_COUNT + stat;
	__u64 *value = bpf_map_lookup_elem(&stats, &index);

	if (value)
		*value += amount;
}

static __always_inline void count(__u32 epoch, enum smolder_stat stat)
{
	count_many(epoch, stat, 1);
}

static __always_inline __u64 start_boottime(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;

	if (bpf_core_field_exists(leader->start_boottime))
		return BPF_CORE_READ(leader, start_boottime);
	return BPF_CORE_READ((struct task_struct___old *)leader, real_start_time);
}

static __always_inline void task_identity(struct task_struct *task, struct smolder_task *identity)
{
	identity->tgid = task->tgid;
	identity->exec_gen = (__u32)BPF_CORE_READ(task, self_exec_id);
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

static __always_inline bool in_cgroup(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	__u32 subsys = config.cgroup_subsys & 63; /* no access to relocate */
	struct cgroup_subsys_state *state;
	struct cgroup *cgroup;

	if (config.cgroup_subsys == SMOLDER_CGROUP_V2) {
		cgroup = BPF_CORE_READ(set, dfl_cgrp);
	} else {
		bpf_core_read(&state, sizeof(state), &set->subsys[subsys]);
		cgroup = BPF_CORE_READ(state, cgroup);
	}
	if (BPF_CORE_READ(cgroup, level) < (int)config.cgroup_level)
		return false;
	return ancestor_id(cgroup, config.cgroup_level) == config.cgroup_id;
}

/* Entries are made by tgid; a start time of 0 stands for whoever has the tgid now. */
static __always_inline struct smolder_target *target_of(const struct smolder_task *identity)
{
	struct smolder_target *target = bpf_map_lookup_elem(&targets, &identity->tgid);

	if (target && target->start_ns && target->start_ns != identity->start_ns)
		return NULL;
	return target;
}

static __always_inline bool is_wanted(struct task_struct *task, const struct smolder_task *identity,
				      bool user_mode)
{
	if (config.filter_targets && !target_of(identity))
		return false;
	if (config.filter_cgroup && !in_cgroup(task))
		return false;
	return user_mode ? !config.kernel_only : !config.user_only;
}

/*
 * The id of the stack of one side in this epoch's map, SMOLDER_NO_STACK when that side has none, or
 * -EEXIST / -ENOMEM when its bucket is taken by another stack. No flag that reuses or guesses: a
 * stack that does not fit takes the exact lane.
 */
static __always_inline __s64 stack_id(void *ctx, __u32 epoch, __u64 side)
{
	__s64 id;

	if (epoch)
		id = bpf_get_stackid(ctx, &stacks_1, side);
	else
		id = bpf_get_stackid(ctx, &stacks_0, side);
	return id == -EEXIST || id == -ENOMEM || id >= 0 ? id : SMOLDER_NO_STACK;
}

static __always_inline __u32 copy_stack(void *ctx, __u64 *to, __u64 side)
{
	__s64 len = bpf_get_stack(ctx, to, SMOLDER_STACK_DEPTH * sizeof(__u64), side);

	return len > 0 ? len / sizeof(__u64) : 0;
}

/* Sends the sample with its stacks spelt out. */
static __always_inline void send_exact(void *ctx, __u32 epoch, const struct smolder_key *key,
				       bool kernel, bool user)
{
	__u32 zero = 0, kernel_len = 0, user_len = 0;
	struct exact_scratch *sample = bpf_map_lookup_elem(&scratch, &zero);
	__u64 size;

	if (!sample)
		return;
	sample->head.key = *key;
	sample->head.key.kernel_stack = SMOLDER_NO_STACK;
	sample->head.key.user_stack = SMOLDER_NO_STACK;
	sample->head.epoch = epoch;
	if (kernel)
		kernel_len = copy_stack(ctx, sample->addresses, 0);
	if (kernel_len > SMOLDER_STACK_DEPTH)
		kernel_len = SMOLDER_STACK_DEPTH; /* for the verifier: it is not */
	if (user)
		user_len = copy_stack(ctx, sample->addresses + kernel_len, BPF_F_USER_STACK);
	if (user_len > SMOLDER_STACK_DEPTH)
		user_len = SMOLDER_STACK_DEPTH;
	sample->head.kernel_len = kernel_len;
	sample->head.user_len = user_len;
	size = sizeof(sample->head) + (kernel_len + user_len) * sizeof(__u64);
	if (bpf_ringbuf_output(&samples, sample, size, BPF_RB_NO_WAKEUP) == 0) {
		count(epoch, SMOLDER_STAT_EXACT);
		if (kernel_len)
			count(epoch, SMOLDER_STAT_KERNEL_STACK);
		if (user_len)
			count(epoch, SMOLDER_STAT_USER_STACK);
	} else {
		count(epoch, SMOLDER_STAT_LOST_RING);
	}
}

static __always_inline long add_count(void *map, const struct smolder_key *key)
{
	__u64 *value = bpf_map_lookup_elem(map, key), one = 1;

	if (!value)
		return bpf_map_update_elem(map, key, &one, BPF_ANY);
	*value += 1;
	return 0;
}

static __always_inline void count_sample(__u32 epoch, const struct smolder_key *key)
{
	long error = epoch ? add_count(&counts_1, key) : add_count(&counts_0, key);

	if (error == 0) {
		count(epoch, SMOLDER_STAT_COUNTED);
		if (key->kernel_stack >= 0)
			count(epoch, SMOLDER_STAT_KERNEL_STACK);
		if (key->user_stack >= 0)
			count(epoch, SMOLDER_STAT_USER_STACK);
	} else if (error == -E2BIG) {
		count(epoch, SMOLDER_STAT_LOST_COUNT_MAP);
	} else if (error == -EBUSY) {
		count(epoch, SMOLDER_STAT_LOST_BUSY);
	} else {
		count(epoch, SMOLDER_STAT_LOST_OTHER);
	}
}

static __always_inline void record_sample(struct bpf_perf_event_data *ctx, __u32 epoch,
					  struct smolder_key *key, bool user_mode, bool has_user)
{
	bool kernel = !user_mode, user = has_user && !config.kernel_only;
	__s64 kernel_id = SMOLDER_NO_STACK, user_id = SMOLDER_NO_STACK;

	if (kernel)
		kernel_id = stack_id(ctx, epoch, 0);
	if (user)
		user_id = stack_id(ctx, epoch, BPF_F_USER_STACK);
	if (kernel_id < SMOLDER_NO_STACK || user_id < SMOLDER_NO_STACK) {
		count(epoch, SMOLDER_STAT_COLLISION);
		send_exact(ctx, epoch, key, kernel, user);
		return;
	}
	key->kernel_stack = kernel_id;
	key->user_stack = user_id;
	count_sample(epoch, key);
}

static __always_inline void take_sample(struct bpf_perf_event_data *ctx, __u32 epoch)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool user_mode = SMOLDER_USER_MODE(ctx);
	struct smolder_key key = {};

	count(epoch, SMOLDER_STAT_SEEN);
	if (task->pid == 0) { /* each CPU's idle task, and nothing else, has pid 0 */
		count(epoch, SMOLDER_STAT_IDLE);
		return;
	}
	task_identity(task, &key.task);
	if (!is_wanted(task, &key.task, user_mode)) {
		count(epoch, SMOLDER_STAT_FILTERED);
		return;
	}
	if (config.keep_threads)
		key.tid = task->pid;
	key.cgroup_id = bpf_get_current_cgroup_id();
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	record_sample(ctx, epoch, &key, user_mode, !(task->flags & PF_KTHREAD));
}

SEC("perf_event")
int sample_tick(struct bpf_perf_event_data *ctx)
{
	__u64 begin_ns = bpf_ktime_get_ns();
	__u32 epoch = *(volatile __u32 *)&active_epoch & 1;

	take_sample(ctx, epoch);
	count_many(epoch, SMOLDER_STAT_RUN_NS, bpf_ktime_get_ns() - begin_ns);
	return 0; /* no perf record, no wake-up */
}

static __always_inline void send_event(enum smolder_event_type type, struct task_struct *task,
				       __u32 parent_tgid)
{
	struct smolder_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		count(*(volatile __u32 *)&active_epoch & 1, SMOLDER_STAT_EVENT_LOST);
		return;
	}
	event->type = type;
	event->parent_tgid = parent_tgid;
	task_identity(task, &event->task);
	event->time_ns = bpf_ktime_get_boot_ns();
	event->cgroup_id = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&event->comm, task, comm);
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* With a process filter, the others' lives are nobody's business. */
static __always_inline bool is_followed(const struct smolder_task *identity)
{
	return !config.filter_targets || target_of(identity);
}

static __always_inline void adopt_child(struct task_struct *child)
{
	struct smolder_target target = {};
	struct smolder_task identity;

	task_identity(child, &identity);
	target.start_ns = identity.start_ns;
	if (bpf_map_update_elem(&targets, &identity.tgid, &target, BPF_ANY) < 0)
		count(*(volatile __u32 *)&active_epoch & 1, SMOLDER_STAT_CHILD_LOST);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	struct smolder_task identity;

	if (child->pid != child->tgid) /* a thread */
		return 0;
	task_identity(parent, &identity);
	if (!is_followed(&identity))
		return 0;
	if (config.filter_targets) {
		if (!config.follow_children)
			return 0;
		adopt_child(child);
	}
	send_event(SMOLDER_EVENT_FORK, child, parent->tgid);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	struct smolder_task identity;

	task_identity(task, &identity);
	if (is_followed(&identity))
		send_event(SMOLDER_EVENT_EXEC, task, 0);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct smolder_task identity;

	if (BPF_CORE_READ(task, signal, live.counter) > 0) /* other threads live on */
		return 0;
	task_identity(task, &identity);
	if (is_followed(&identity))
		send_event(SMOLDER_EVENT_EXIT, task, 0);
	return 0;
}

/*
 * A target leaves the map when its task is freed, not when it exits: tearing down its memory comes
 * after sched_process_exit and is its own time too.
 */
SEC("tp_btf/sched_process_free")
int BPF_PROG(process_free, struct task_struct *task)
{
	__u32 tgid = BPF_CORE_READ(task, tgid);
	struct smolder_target *target;

	if (!config.filter_targets || (__u32)BPF_CORE_READ(task, pid) != tgid)
		return 0;
	target = bpf_map_lookup_elem(&targets, &tgid);
	if (target && (!target->start_ns ||
		       target->start_ns == BPF_CORE_READ(task, start_boottime)))
		bpf_map_delete_elem(&targets, &tgid);
	return 0;
}
