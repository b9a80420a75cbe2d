/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Walking by frame pointers alone. A frame pointer leads to a pair of words: the caller's frame pointer
 * and the return address. Frames are addresses. Where such a chain ends does not tell whether that is
 * the base of the stack.
 */
#ifndef SMOLDER_BPF_POINTER_WALKER_BPF_H
#define SMOLDER_BPF_POINTER_WALKER_BPF_H

#include "bpf/walker.bpf.h"

/* No stack is there (vm.mmap_min_addr), and a read that faults costs as much as twenty that do not. */
#define POINTER_MIN 4096

/* The pair at the frame pointer. In 32-bit code it is a pair of half words. */
static __always_inline long pointer_pair(struct stepper_walk *walk, struct stepper_pair *pair)
{
	__u64 halves;

	if (walk->fp < POINTER_MIN)
		return -1;
	if (!walk->is_compat)
		return stack_window_read(&walk->window, pair, sizeof(*pair), walk->fp);
	if (stack_window_read(&walk->window, &halves, sizeof(halves), walk->fp))
		return -1;
	pair->fp = (__u32)halves;
	pair->pc = halves >> 32;
	return 0;
}

static long pointer_one_frame(__u32 index, void *ctx)
{
	__u32 zero = 0;
	struct sample_scratch *sample = bpf_map_lookup_elem(&scratch, &zero);
	struct stepper_pair pair;
	struct stepper_walk *walk;

	if (!sample)
		return 1;
	walk = &sample->walk;
	sample->frames[index & (WALK_FRAMES_MAX - 1)] = walk->pc;
	stepper_mix(walk, walk->pc);
	walk->frames_len++;
	if (pointer_pair(walk, &pair) || !pair.pc)
		return stepper_end(walk, WALK_CHAIN_ENDED);
	walk->fp = pair.fp;
	walk->pc = pair.pc;
	return 0;
}

/* Walks the user stack of the current task into the scratch. */
static __always_inline void pointer_walk(struct sample_scratch *sample, struct task_struct *task,
					 __u32 frames_max)
{
	const struct pt_regs___kernel *regs = user_regs(task);
	struct stepper_walk *walk = &sample->walk;

	walk->pc = USER_PC(regs);
	walk->fp = USER_FP(regs);
	walk->is_compat = USER_IS_COMPAT(regs);
	walk->frames_len = 0;
	walk->end = WALK_RUNNING;
	walk->hash = 0;
	walk->check = 0;
	walk->window.len = 0;
	bpf_loop(frames_max, pointer_one_frame, NULL, 0);
	stepper_finish(walk);
}

#endif
