/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The registers user code of the current task was left with, by the kernel's own names for them. */
#ifndef SMOLDER_BPF_USER_REGS_BPF_H
#define SMOLDER_BPF_USER_REGS_BPF_H

#if defined(__TARGET_ARCH_x86)

/* User space's <asm/ptrace.h> has other names. */
struct pt_regs___kernel {
	unsigned long r15, r14, r13, r12, bp, bx, r11, r10, r9, r8, ax, cx, dx, si, di, orig_ax, ip;
	unsigned long cs, flags, sp, ss;
} __attribute__((preserve_access_index));

#define USER_PC(regs) ((regs)->ip)
#define USER_FP(regs) ((regs)->bp)
#define USER_IS_COMPAT(regs) ((regs)->cs == 0x23) /* __USER32_CS, arch/x86/.../segment.h */

#elif defined(__TARGET_ARCH_arm64)

struct pt_regs___kernel {
	unsigned long regs[31], sp, pc, pstate;
} __attribute__((preserve_access_index));

#define USER_PC(regs) ((regs)->pc)
#define USER_FP(regs) ((regs)->regs[29])
#define USER_IS_COMPAT(regs) false /* not told apart: its stack ends early */

#endif

static __always_inline const struct pt_regs___kernel *user_regs(struct task_struct *task)
{
	return (void *)bpf_task_pt_regs(task);
}

#endif
