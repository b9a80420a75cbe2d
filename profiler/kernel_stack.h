/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where a thread waits in the kernel, as the kernel itself tells it: proc(5), /proc/PID/task/TID/stack and
 * syscall, for root. It tells names and no addresses, so there are no lines.
 */
#ifndef SMOLDER_PROFILER_KERNEL_STACK_H
#define SMOLDER_PROFILER_KERNEL_STACK_H

#include "base/buf.h"
#include "formats/profile.h"

struct kernel_stack {
	uint64_t user_stack, user_code; /* the stack pointer and address it left user code with */
	struct buf text;
};

/* 0; -EAGAIN: it does not wait in the kernel; -EACCES, -EPERM, -ENOENT, … */
int kernel_stack_read(uint32_t tgid, uint32_t tid, struct kernel_stack *ret_stack) _warn_unused_;
void kernel_stack_free(struct kernel_stack *stack);

/* Puts its frames on top of a stack of the profile, *stack_id. 0 or -ENOMEM. */
int kernel_stack_add(const struct kernel_stack *stack, struct profile *profile, uint32_t *stack_id)
	_warn_unused_;

#endif
