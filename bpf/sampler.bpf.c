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
#include "bpf/pointer_walker.bpf.h"
#include "bpf/sampler_config.h"
#include "bpf/sampler_maps.bpf.h"
#include "bpf/stack_copy.bpf.h"
#include "bpf/task.bpf.h"
#include "bpf/walker.bpf.h"

char LICENSE[] SEC("license") = "Dual BSD/GPL";

const volatile struct smolder_config config = {};

/* Stored by user space. */
__u32 active_epoch = 0;
__u64 heartbeat_ns = 0; /* CLOCK_MONOTONIC */

__u64 changes_woke_ns = 0; /* when a copy for WALK_CHANGED last woke user space */

#define EEXIST 17
#define ENOMEM 12
#define ENOENT 2
#define E2BIG 7
#define EBUSY 16

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
	if (config.filter_cgroup && !in_cgroup(task, &config))
		return false;
	return user_mode ? !config.kernel_only : !config.user_only;
}

struct tick { /* one sample in the making */
	struct bpf_perf_event_data *ctx;
	__u32 epoch;
	bool kernel, user; /* the stacks it has */
	struct smolder_key key;
};

static __always_inline struct sample_scratch *scratch_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/*
 * The id of the kernel stack in this epoch's map, SMOLDER_NO_STACK when there is none, or -EEXIST or
 * -ENOMEM when its bucket is taken by another stack. No flag that reuses or guesses: a stack that does
 * not fit takes the exact lane.
 */
static __always_inline __s64 kernel_stack_id(const struct tick *tick)
{
	__s64 id;

	if (!tick->kernel)
		return SMOLDER_NO_STACK;
	if (tick->epoch)
		id = bpf_get_stackid(tick->ctx, &stacks_1, 0);
	else
		id = bpf_get_stackid(tick->ctx, &stacks_0, 0);
	return id == -EEXIST || id == -ENOMEM || id >= 0 ? id : SMOLDER_NO_STACK;
}

static __always_inline __u32 copy_stack(void *ctx, __u64 *to)
{
	__s64 len = bpf_get_stack(ctx, to, SMOLDER_STACK_DEPTH * sizeof(__u64), 0);

	return len > 0 ? len / sizeof(__u64) : 0;
}

/*
 * A count that is in bounds already, bounded where the verifier sees it: the empty assembly keeps the
 * compiler from proving the comparison away, or making it on another register than the one used.
 */
static __always_inline __u32 bounded(__u32 count, __u32 max)
{
	__asm__ volatile("" : "+r"(count));
	if (count > max)
		count = max;
	__asm__ volatile("" : "+r"(count));
	return count;
}

static __always_inline void count_sides(__u32 epoch, bool kernel, bool user)
{
	if (kernel)
		count(epoch, SMOLDER_STAT_KERNEL_STACK);
	if (user)
		count(epoch, SMOLDER_STAT_USER_STACK);
}

static __always_inline long send_record(struct sample_scratch *sample, __u32 user_len,
					__u32 kernel_len)
{
	__u64 size = sizeof(sample->head) + (user_len + kernel_len) * sizeof(__u64);

	sample->head.user_len = user_len;
	sample->head.kernel_len = kernel_len;
	return bpf_ringbuf_output(&samples, &sample->head, size, BPF_RB_NO_WAKEUP);
}

/* Sends the sample with its stacks spelt out. The frames of the user stack are there already. */
static __always_inline void send_exact(const struct tick *tick)
{
	struct sample_scratch *sample = scratch_of_cpu();
	__u32 user_len = 0, kernel_len = 0;

	if (!sample) { /* as good as impossible, and still a sample that is gone */
		count(tick->epoch, SMOLDER_STAT_LOST_OTHER);
		return;
	}
	sample->head.type = SMOLDER_RECORD_EXACT;
	sample->head.epoch = tick->epoch;
	sample->head.key = tick->key;
	sample->head.user_walked = config.walk_tables;
	sample->head.walk_end = sample->walk.end;
	if (tick->user)
		user_len = bounded(sample->walk.frames_len, WALK_FRAMES_MAX);
	if (tick->kernel)
		kernel_len = copy_stack(tick->ctx, sample->frames + user_len);
	kernel_len = bounded(kernel_len, SMOLDER_STACK_DEPTH);
	if (send_record(sample, user_len, kernel_len) == 0) {
		count(tick->epoch, SMOLDER_STAT_EXACT);
		count_sides(tick->epoch, kernel_len, user_len);
	} else {
		count(tick->epoch, SMOLDER_STAT_LOST_RING);
	}
}

/* Counts the sample if the same was counted before in this epoch; -ENOENT if not. */
static __always_inline long count_again(void *map, const struct smolder_key *key)
{
	__u64 *value = bpf_map_lookup_elem(map, key);

	if (!value)
		return -ENOENT;
	*value += 1;
	return 0;
}

static __always_inline long count_first(void *map, const struct smolder_key *key)
{
	__u64 one = 1;

	return bpf_map_update_elem(map, key, &one, BPF_ANY);
}

static __always_inline void note_count(const struct tick *tick, long error)
{
	const struct smolder_key *key = &tick->key;
	__u32 epoch = tick->epoch;

	if (error == 0) {
		count(epoch, SMOLDER_STAT_COUNTED);
		count_sides(epoch, key->kernel_stack >= 0, tick->user);
	} else if (error == -E2BIG) {
		count(epoch, SMOLDER_STAT_LOST_COUNT_MAP);
	} else if (error == -EBUSY) {
		count(epoch, SMOLDER_STAT_LOST_BUSY);
	} else {
		count(epoch, SMOLDER_STAT_LOST_OTHER);
	}
}

static __always_inline long count_known(const struct tick *tick)
{
	return tick->epoch ? count_again(&counts_1, &tick->key) :
			     count_again(&counts_0, &tick->key);
}

static __always_inline void count_new(const struct tick *tick)
{
	note_count(tick, tick->epoch ? count_first(&counts_1, &tick->key) :
				       count_first(&counts_0, &tick->key));
}

/* Sends the frames of the walked stack, unless they were sent in this epoch. 0 or the ring's error. */
static __always_inline long define_in(void *map, struct sample_scratch *sample, __u32 epoch)
{
	struct smolder_stack_name name = {.hash = sample->walk.hash, .check = sample->walk.check};
	__u8 yes = 1;
	long error;

	if (bpf_map_lookup_elem(map, &name))
		return 0;
	sample->head.type = SMOLDER_RECORD_STACK;
	sample->head.epoch = epoch;
	sample->head.user_walked = config.walk_tables;
	sample->head.walk_end = sample->walk.end;
	sample->head.name = name;
	error = send_record(sample, bounded(sample->walk.frames_len, WALK_FRAMES_MAX), 0);
	if (error)
		return error;
	count(epoch, SMOLDER_STAT_DEFINED);
	bpf_map_update_elem(map, &name, &yes, BPF_ANY); /* full: it is sent once more */
	return 0;
}

/*
 * Copies wake user space: the sooner it knows, the fewer copies. But not for each library that a process loads for a
 * moment, where that costs more than the copies do. The ring by itself wakes only who has read all before.
 */
static __always_inline __u64 copy_wakeup(const struct smolder_copy *copy)
{
	if (!config.changes_wake_ns)
		return 0;
	if (copy->head.walk_end == WALK_CHANGED) {
		if (copy->time_ns - changes_woke_ns < config.changes_wake_ns)
			return BPF_RB_NO_WAKEUP;
		changes_woke_ns = copy->time_ns;
	}
	return BPF_RB_FORCE_WAKEUP;
}

/*
 * Sends the sample with its stack memory. With that, user space can finish the walk when it has learnt
 * the mappings. 0, or not 0 when there was no room.
 */
static __always_inline int send_copy(const struct tick *tick, const struct stepper_walk *walk,
				     const struct smolder_run runs[SMOLDER_RUNS], const __u32 pages)
{
	struct smolder_copy *copy =
		bpf_ringbuf_reserve(&copies, sizeof(*copy) + pages * SMOLDER_PAGE, 0);

	if (!copy)
		return -1;
	copy->head.type = SMOLDER_RECORD_COPY;
	copy->head.epoch = tick->epoch;
	copy->head.key = tick->key;
	copy->head.user_len = 0;
	copy->head.kernel_len = tick->kernel ? copy_stack(tick->ctx, copy->kernel) : 0;
	copy->head.walk_end = walk->end;
	copy->time_ns = bpf_ktime_get_boot_ns();
	copy->space = space_of(bpf_get_current_task_btf());
	__builtin_memcpy(copy->registers, walk->registers, sizeof(copy->registers));
	copy->call_site = walk->call_site;
	copy->runs[0] = runs[0];
	copy->runs[1] = runs[1];
	copy_pages(copy, pages);
	count_sides(tick->epoch, copy->head.kernel_len, 1);
	bpf_ringbuf_submit(copy, copy_wakeup(copy));
	count(tick->epoch, SMOLDER_STAT_COPIED);
	return 0;
}

/* The ring gives room by sizes that are known beforehand. */
static __always_inline int copy_stack_memory(const struct tick *tick)
{
	struct sample_scratch *sample = scratch_of_cpu();
	struct task_struct *task = bpf_get_current_task_btf();
	struct smolder_run runs[SMOLDER_RUNS];
	struct stepper_walk *walk;
	__u64 cnt;

	if (!sample)
		return -1;
	walk = &sample->walk;
	walk_from_regs(walk, task); /* a signal frame has others */
	find_runs(task, walk->registers[UNWIND_REGISTER_SP], runs);
	cnt = runs[0].page_cnt + runs[1].page_cnt;
	if (cnt <= 2)
		return send_copy(tick, walk, runs, 2);
	if (cnt <= 4)
		return send_copy(tick, walk, runs, 4);
	if (cnt <= 8)
		return send_copy(tick, walk, runs, 8);
	return send_copy(tick, walk, runs, COPY_PAGES_MAX);
}

/* Mappings that user space does not know yet, or did not when it last told us. */
static __always_inline bool is_worth_a_copy(const struct stepper_walk *walk)
{
	if (walk->end == WALK_CHANGED)
		return !(walk->process_flags & WALK_PROCESS_RESTLESS);
	if (walk->process_flags & WALK_PROCESS_NO_COPIES)
		return false;
	return walk->end == WALK_NO_PROCESS || walk->end == WALK_UNMAPPED;
}

/*
 * In the middle of execve(2), when the old program's memory has been let go, the registers are still its:
 * there is no user stack any more.
 */
static __always_inline bool has_lost_its_image(struct task_struct *task, __u32 end)
{
	return end != WALK_COMPLETE && bpf_core_field_exists(task->in_execve) &&
	       BPF_CORE_READ_BITFIELD(task, in_execve);
}

/* A sample that was counted before has a stack that was defined before. */
static __always_inline void count_sample(struct tick *tick, struct sample_scratch *sample)
{
	long error = 0;

	if (count_known(tick) == 0) {
		note_count(tick, 0);
		return;
	}
	if (tick->user)
		error = tick->epoch ? define_in(&defined_1, sample, 1) :
				      define_in(&defined_0, sample, 0);
	if (error)
		count(tick->epoch, SMOLDER_STAT_LOST_RING);
	else
		count_new(tick);
}

/* Walks the user stack. False when the sample has been sent as a copy instead. */
static __always_inline bool take_user_stack(struct tick *tick, struct sample_scratch *sample)
{
	struct task_struct *task = bpf_get_current_task_btf();

	if (config.walk_tables)
		walk_user_stack(sample, task, &tick->key.task, config.walk_frames_max);
	else
		pointer_walk(sample, task, config.walk_frames_max);
	if (has_lost_its_image(task, sample->walk.end)) {
		tick->user = false;
		return true;
	}
	if (config.walk_tables && is_worth_a_copy(&sample->walk) && copy_stack_memory(tick) == 0)
		return false;
	tick->key.user_walk.hash = sample->walk.hash;
	tick->key.user_walk.check = sample->walk.check;
	return true;
}

static __always_inline void record(struct tick *tick)
{
	struct sample_scratch *sample = scratch_of_cpu();
	__s64 kernel_stack;

	if (!sample) {
		count(tick->epoch, SMOLDER_STAT_LOST_OTHER);
		return;
	}
	if (tick->user && !take_user_stack(tick, sample))
		return;
	kernel_stack = kernel_stack_id(tick);
	if (kernel_stack < SMOLDER_NO_STACK) {
		count(tick->epoch, SMOLDER_STAT_COLLISION);
		send_exact(tick);
		return;
	}
	tick->key.kernel_stack = kernel_stack;
	count_sample(tick, sample);
}

/*
 * A task that is exiting may have given up its memory already. Threads that work for a process in the
 * kernel (io_uring) share its memory and have no user registers.
 */
static __always_inline bool has_user_stack(struct task_struct *task)
{
	return task->mm && !(task->flags & PF_KTHREAD) && user_regs(task)->sp;
}

static __always_inline void take_sample(struct bpf_perf_event_data *ctx, __u32 epoch)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool user_mode = SMOLDER_USER_MODE(ctx);
	struct tick tick = {
		.ctx = ctx,
		.epoch = epoch,
		.kernel = !user_mode,
		.user = !config.kernel_only && has_user_stack(task),
		.key = {.kernel_stack = SMOLDER_NO_STACK},
	};

	if (task->pid == 0) { /* each CPU's idle task, and nothing else, has pid 0 */
		count(epoch, SMOLDER_STAT_IDLE);
		return;
	}
	task_identity(task, &tick.key.task);
	if (!is_wanted(task, &tick.key.task, user_mode)) {
		count(epoch, SMOLDER_STAT_FILTERED);
		return;
	}
	if (config.keep_threads)
		tick.key.tid = task->pid;
	tick.key.cgroup_id = bpf_get_current_cgroup_id();
	bpf_get_current_comm(tick.key.comm, sizeof(tick.key.comm));
	record(&tick);
}

/*
 * Whoever should drain the maps has stopped or hangs: what is recorded now would be late or lost, and
 * costs those who run. Signed, as the beat may be younger than `now_ns`.
 */
static __always_inline bool is_unattended(__u64 now_ns)
{
	__s64 silence_ns = now_ns - *(volatile __u64 *)&heartbeat_ns;

	return config.heartbeat_timeout_ns && silence_ns > (__s64)config.heartbeat_timeout_ns;
}

SEC("perf_event")
int sample_tick(struct bpf_perf_event_data *ctx)
{
	__u64 begin_ns = bpf_ktime_get_ns();
	__u32 epoch = *(volatile __u32 *)&active_epoch & 1;

	count(epoch, SMOLDER_STAT_SEEN);
	if (is_unattended(begin_ns)) {
		count(epoch, SMOLDER_STAT_UNATTENDED);
		return 0;
	}
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
	if (config.walk_tables)
		walk_inherit(parent, child, &identity);
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

static __always_inline void note_exit(const struct smolder_task *identity)
{
	struct smolder_target *target = target_of(identity);

	if (target)
		target->exited = 1;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct smolder_task identity;

	if (BPF_CORE_READ(task, signal, live.counter) > 0) /* other threads live on */
		return 0;
	task_identity(task, &identity);
	if (config.walk_tables)
		bpf_map_delete_elem(&walk_processes, &identity.tgid);
	if (config.filter_targets)
		note_exit(&identity);
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
	if (target &&
	    (!target->start_ns || target->start_ns == BPF_CORE_READ(task, start_boottime)))
		bpf_map_delete_elem(&targets, &tgid);
	return 0;
}
