/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The stepper in the kernel: its maps, where a walk begins, and the loop. */
#ifndef SMOLDER_BPF_WALKER_BPF_H
#define SMOLDER_BPF_WALKER_BPF_H

#include "bpf/mapping_check.bpf.h"
#include "bpf/stack_window.bpf.h"
#include "bpf/task.bpf.h"
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
static __always_inline bool walk_trusts(struct stepper_walk *walk, __u64 address, __u64 word);

#define STEPPER_FN static __always_inline
#define STEPPER_WALK_HOST                                                                          \
	__u64 process_flags;                                                                       \
	__u64 known_changes; /* what changed from then on is not what was published */             \
	__u64 checked_start, checked_len; /* the mapping that was last seen not to have changed */ \
	struct mapping_search search;                                                              \
	__u64 is_compat;                                                                           \
	struct stack_window window;
#define STEPPER_POOL_MASK walk_pool_mask
#define STEPPER_OBJECT(table) bpf_map_lookup_elem(&walk_objects, &(__u32){table})
#ifdef WALK_NO_MEMORY /* bench/depth.sh */
#define STEPPER_MEMORY(address) ((struct stepper_memory *)NULL)
#else
#define STEPPER_MEMORY(address) memory_of(address)
#endif
#define STEPPER_TRUSTS(address, word) walk_trusts(walk, address, word)
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

static long walk_search_level(__u32 index, void *ctx)
{
	__u32 zero = 0;
	struct sample_scratch *sample = bpf_map_lookup_elem(&scratch, &zero);

	return sample ? search_one_level(&sample->walk.search) : 1;
}

/*
 * Has the mapping that holds the address been there, unchanged, since the mapping set was published? Memory without a
 * file only has to be that. Code that runs is mapped: where no mapping is found, the tree is not what we take it for, and
 * tells nothing. Global, so that the verifier looks at it once.
 */
__noinline int walk_check_mapping(struct stepper_walk *walk, __u64 address, __u64 word)
{
	struct task_struct *task = bpf_get_current_task_btf();
	__u32 object = (word & ~WALK_UNPLACED) >> WALK_OFFSET_BITS;
	struct vm_area_struct *vma;
	__u64 start, len;

	if (!walk || !kernel_counts_changes() || object < WALK_OBJECT_MEMORY_FIRST)
		return 1;
	walk->search.address = address;
	walk->search.entry = (__u64)task->mm->mm_mt.ma_root;
	walk->search.found = 0;
	bpf_loop(MAPLE_LEVELS_MAX, walk_search_level, NULL, 0);
	if (!walk->search.found)
		return 1;
	vma = (void *)walk->search.entry;
	start = BPF_CORE_READ(vma, vm_start);
	len = BPF_CORE_READ(vma, vm_end) - start;
	if (address - start >= len || BPF_CORE_READ(vma, vm_mm) != task->mm)
		return 1;
	walk->checked_start = start;
	walk->checked_len = len;
	if (object <= WALK_OBJECT_MEMORY_LAST)
		return !BPF_CORE_READ(vma, vm_file);
	return (__s32)(BPF_CORE_READ(vma, vm_lock_seq) - (__u32)walk->known_changes) < 0;
}

static __always_inline bool walk_trusts(struct stepper_walk *walk, __u64 address, __u64 word)
{
	if (walk->true_mapset_id || address - walk->checked_start < walk->checked_len)
		return true;
	return walk_check_mapping(walk, address, word);
}

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
	walk->true_mapset_id = 0;
	walk->mapset_off = 0;
	walk->mapset_len = 0;
	walk->process_flags = 0;
	walk->checked_len = 0;
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
	__u32 off, changes;

	if (!process || process->start_ns != identity->start_ns ||
	    process->exec_gen != identity->exec_gen)
		return false;
	off = process->mapset_off;
	walk->process_flags = process->flags;
	changes = process->space.changes;
	walk->known_changes = changes;
	if (stepper_load32(walk, pool, off) != process->mapset_id)
		return false;
	walk->mapset_id = process->mapset_id;
	if (!changes || changes == changes_of(bpf_get_current_task_btf()->mm))
		walk->true_mapset_id = walk->mapset_id;
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

/*
 * At fork the kernel marks all mappings as changed, and the child's begin anew. As good as no change, unless there is
 * less code or more.
 */
static __always_inline bool walk_renew_space(struct walk_process *process,
					     struct task_struct *parent)
{
	struct smolder_space space = space_of(parent);

	if (!process->space.changes)
		return true;
	if (process->space.code_pages != space.code_pages)
		return false;
	process->space.changes = space.changes;
	return true;
}

/* A child begins with its parent's mappings, and so with its tables. */
static __always_inline void walk_inherit(struct task_struct *parent, struct task_struct *child,
					 const struct smolder_task *parent_identity)
{
	struct walk_process *process = bpf_map_lookup_elem(&walk_processes, &parent_identity->tgid);
	struct walk_process copy;
	__u32 tgid = child->tgid;
	struct smolder_task identity;

	if (!process || process->start_ns != parent_identity->start_ns ||
	    process->exec_gen != parent_identity->exec_gen)
		return;
	if (child->mm != parent->mm && !walk_renew_space(process, parent))
		return;
	task_identity(child, &identity);
	copy = *process;
	copy.start_ns = identity.start_ns;
	copy.exec_gen = identity.exec_gen;
	if (copy.space.changes && child->mm != parent->mm)
		copy.space.changes = changes_of(child->mm);
	bpf_map_update_elem(&walk_processes, &tgid, &copy, BPF_ANY);
}

#endif
