/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stepper in the kernel: its maps, where a walk begins, and the loop. */
#ifndef SMOLDER_BPF_WALKER_BPF_H
#define SMOLDER_BPF_WALKER_BPF_H

#include "bpf/stack_window.bpf.h"
#include "bpf/user_regs.bpf.h"
#include "bpf/walk_abi.h"

const volatile __u64 walk_pool_mask = 0; /* size of the pool - 1 */

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, 4096 + WALK_POOL_SLACK); /* sized: size of the pool and the slack */
} walk_pool SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, WALK_OBJECTS_MAX); /* sized */
	__type(key, __u32);
	__type(value, struct unwind_object);
} walk_objects SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024); /* sized */
	__type(key, __u32);        /* tgid */
	__type(value, struct walk_process);
} walk_processes SEC(".maps");

struct stepper_walk;

struct stepper_memory;
static __always_inline struct stepper_memory *memory_of(__u64 address);

#define STEPPER_FN static __always_inline
#define STEPPER_WALK_HOST                                                                          \
	__u64 process_flags;                                                                       \
	__u64 is_compat;                                                                           \
	struct stack_window window;
#define STEPPER_POOL_MASK walk_pool_mask
#define STEPPER_OBJECT(table) bpf_map_lookup_elem(&walk_objects, &(__u32){table})
#ifdef WALK_NO_MEMORY /* bench/depth.sh */
#define STEPPER_MEMORY(address) ((struct stepper_memory *)NULL)
#else
#define STEPPER_MEMORY(address) memory_of(address)
#endif
#define stepper_read(walk, to, size, addr) bpf_probe_read_user(to, size, (const void *)(addr))
#define stepper_read_stack(walk, to, size, addr) stack_window_read(&walk->window, to, size, addr)

#include "bpf/stepper.h"

/* Spots each CPU remembers: 32 KiB, the largest value a per-CPU map takes (PCPU_MIN_UNIT_SIZE). */
#define WALK_MEMORIES_BITS 10

struct walk_memories {
	struct stepper_memory slots[1 << WALK_MEMORIES_BITS];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct walk_memories);
} walk_memories SEC(".maps");

static __always_inline struct stepper_memory *memory_of(__u64 address)
{
	__u32 zero = 0,
	      slot = (__u32)(address * 0x9e3779b97f4a7c15ull >> (64 - WALK_MEMORIES_BITS));
	struct walk_memories *memories = bpf_map_lookup_elem(&walk_memories, &zero);

	if (!memories)
		return NULL;
	return &memories->slots[slot & ((1 << WALK_MEMORIES_BITS) - 1)];
}

/* A sample in the making: the walk, and the record that is sent, frames in place. */
struct sample_scratch {
	struct stepper_walk walk;
	struct smolder_record head;
	__u64 frames[WALK_FRAMES_MAX + SMOLDER_STACK_DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sample_scratch);
} scratch SEC(".maps");

/*
 * After a system call the program counter is behind the instruction, like a return address; unless the kernel has
 * just set it to where something begins: a signal handler, which finds its frame on the stack and is told of it
 * (arch/x86/include/asm/sigframe.h: the return address, 304 bytes of ucontext, the siginfo), or a program,
 * whose stack is as execve(2) left it.
 */
static __always_inline bool is_call_site(struct task_struct *task,
					 const struct pt_regs___kernel *regs)
{
	if ((__s64)regs->orig_ax < 0)
		return false;
	if (regs->dx == regs->sp + 8 && regs->si == regs->sp + 8 + 304)
		return false;
	return regs->sp != BPF_CORE_READ(task, mm, start_stack);
}

static __always_inline void walk_from_regs(struct stepper_walk *walk, struct task_struct *task)
{
	const struct pt_regs___kernel *regs = user_regs(task);
	__u64 *r = walk->registers;

	r[0] = regs->ax;
	r[1] = regs->dx;
	r[2] = regs->cx;
	r[3] = regs->bx;
	r[4] = regs->si;
	r[5] = regs->di;
	r[6] = regs->bp;
	r[7] = regs->sp;
	r[8] = regs->r8;
	r[9] = regs->r9;
	r[10] = regs->r10;
	r[11] = regs->r11;
	r[12] = regs->r12;
	r[13] = regs->r13;
	r[14] = regs->r14;
	r[15] = regs->r15;
	r[16] = regs->ip;
	walk->call_site = is_call_site(task, regs);
}

static __always_inline void walk_begin(struct stepper_walk *walk)
{
	walk->pc = walk->registers[UNWIND_REGISTER_RA];
	walk->sp = walk->registers[UNWIND_REGISTER_SP];
	walk->fp = walk->registers[UNWIND_REGISTER_FP];
	walk->mapset_id = 0;
	walk->mapset_off = 0;
	walk->mapset_len = 0;
	walk->process_flags = 0;
	walk->registers_known = STEPPER_REGISTERS_ALL;
	walk->frames_len = 0;
	walk->end = WALK_RUNNING;
	walk->bx_at = 0;
	walk->fp_lost = 0;
	walk->fp_steps = 0;
	walk->has_mapping = 0;
	walk->hash = 0;
	walk->check = 0;
	walk->window.len = 0;
}

/*
 * Where the process's mappings are in the pool. An entry for another process, another image of it, or
 * one that is being replaced under our eyes, is none.
 */
static __always_inline bool walk_find_mapset(struct stepper_walk *walk, const unsigned char *pool,
					     const struct smolder_task *identity)
{
	struct walk_process *process = bpf_map_lookup_elem(&walk_processes, &identity->tgid);
	__u32 off;

	if (!process || process->start_ns != identity->start_ns ||
	    process->exec_gen != identity->exec_gen)
		return false;
	off = process->mapset_off;
	walk->process_flags = process->flags;
	if (stepper_load32(walk, pool, off) != process->mapset_id)
		return false;
	walk->mapset_id = process->mapset_id;
	walk->mapset_off = off;
	walk->mapset_len = stepper_load32(walk, pool, off + 4);
	return true;
}

static long walk_one_frame(__u32 index, void *ctx)
{
	__u32 zero = 0;
	unsigned char *pool = bpf_map_lookup_elem(&walk_pool, &zero);
	struct sample_scratch *sample = bpf_map_lookup_elem(&scratch, &zero);

	if (!pool || !sample)
		return 1;
	return stepper_step(&sample->walk, pool, &sample->frames[index & (WALK_FRAMES_MAX - 1)]);
}

/* Walks the user stack of the current task into the scratch. `walk.end` says how far it came. */
static __always_inline void walk_user_stack(struct sample_scratch *sample, struct task_struct *task,
					    const struct smolder_task *identity, __u32 frames_max)
{
	const struct pt_regs___kernel *regs = user_regs(task);
	struct stepper_walk *walk = &sample->walk;
	__u32 zero = 0;
	unsigned char *pool = bpf_map_lookup_elem(&walk_pool, &zero);

	walk_from_regs(walk, task);
	walk_begin(walk);
	if (USER_IS_COMPAT(regs))
		walk->end = WALK_COMPAT;
	else if (!pool || !walk_find_mapset(walk, pool, identity))
		walk->end = WALK_NO_PROCESS;
	else
		bpf_loop(frames_max, walk_one_frame, NULL, 0);
	if (!walk->frames_len) { /* not begun: what was interrupted is known all the same */
		sample->frames[0] = WALK_UNPLACED | (walk->pc & WALK_OFFSET_MASK);
		stepper_mix(walk, sample->frames[0]);
		walk->frames_len = 1;
	}
	stepper_finish(walk);
}

/* A child begins with its parent's mappings, and so with its tables. */
static __always_inline void walk_inherit(const struct smolder_task *parent,
					 const struct smolder_task *child)
{
	struct walk_process *process = bpf_map_lookup_elem(&walk_processes, &parent->tgid), copy;

	if (!process || process->start_ns != parent->start_ns ||
	    process->exec_gen != parent->exec_gen)
		return;
	copy = *process;
	copy.start_ns = child->start_ns;
	copy.exec_gen = child->exec_gen;
	bpf_map_update_elem(&walk_processes, &child->tgid, &copy, BPF_ANY);
}

#endif
