/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which stack memory a copy has: the pages from the stack pointer up; and of a handler on an alternate signal
 * stack also those of the stack it interrupted.
 */
#ifndef SMOLDER_BPF_STACK_COPY_BPF_H
#define SMOLDER_BPF_STACK_COPY_BPF_H

#define COPY_PAGES_MAX 16
#define COPY_HANDLER_PAGES_MAX 8 /* of an alternate stack */

/*
 * A signal frame as the kernel writes it (arch/x86/include/asm/sigframe.h, struct rt_sigframe): 8 bytes of return
 * address, the ucontext with the stack_t of sigaltstack(2) and the registers, the siginfo. It begins 8 bytes below a
 * multiple of 16, and above it lies what the processor saves of its wide registers, up to the stack's end.
 */
#define SIGFRAME_LEN 440
#define SIGFRAME_STACK 24
#define SIGFRAME_SP 168
#define SIGFRAME_ALIGN 16
#define SIGFRAME_TRIES 1024 /* all of these registers together are less than 16 KiB */

struct signal_search {
	__u64 highest;             /* where a frame may begin */
	__u64 stack_sp, stack_len; /* the alternate stack */
	__u64 found;               /* 0: none yet */
};

static long try_signal_frame(__u32 index, void *ctx)
{
	struct signal_search *search = ctx;
	__u64 frame = search->highest - (__u64)index * SIGFRAME_ALIGN, stack[3];

	if (bpf_probe_read_user(stack, sizeof(stack), (void *)(frame + SIGFRAME_STACK)))
		return 0;
	if (stack[0] != search->stack_sp || stack[2] != search->stack_len)
		return 0;
	search->found = frame;
	return 1;
}

/*
 * The stack pointer of what was interrupted for the handler that runs on the alternate stack; 0: not found. The outermost
 * frame of the stack is the first from above. Whoever walks the copy finds the way by the registers in it: a
 * wrong guess costs it pages that it has no use for.
 */
static __always_inline __u64 interrupted_sp(struct task_struct *task)
{
	struct signal_search search = {
		.stack_sp = task->sas_ss_sp,
		.stack_len = task->sas_ss_size,
	};
	__u64 sp = 0;

	search.highest = ((search.stack_sp + search.stack_len - SIGFRAME_LEN + 8) &
			  ~(__u64)(SIGFRAME_ALIGN - 1)) -
			 8;
	bpf_loop(SIGFRAME_TRIES, try_signal_frame, &search, 0);
	if (search.found)
		bpf_probe_read_user(&sp, sizeof(sp), (void *)(search.found + SIGFRAME_SP));
	return sp;
}

static __always_inline bool is_on_alternate_stack(struct task_struct *task, __u64 sp)
{
	return task->sas_ss_size && sp - task->sas_ss_sp < task->sas_ss_size;
}

/* The run of pages from what a function may use below `sp` to `top`, at most `max`. */
static __always_inline struct smolder_run run_between(__u64 sp, __u64 top, __u64 max)
{
	struct smolder_run run = {.begin = (sp - SMOLDER_RED_ZONE) & ~(__u64)(SMOLDER_PAGE - 1)};

	run.page_cnt = (top - run.begin + SMOLDER_PAGE - 1) / SMOLDER_PAGE;
	if (run.page_cnt > max) /* also when `top` lies below */
		run.page_cnt = max;
	return run;
}

/*
 * How far a stack goes up is known of a main thread's, which begins at mm->start_stack; and of that of a thread whose
 * thread control block lies on top of it (fs, as glibc and musl lay it out). No frame goes across such a block,
 * whichever memory it is in.
 */
static __always_inline struct smolder_run run_of_stack(struct task_struct *task, __u64 sp,
						       __u64 max)
{
	__u64 main = BPF_CORE_READ(task, mm, start_stack), control = task->thread.fsbase;

	return run_between(sp, control - sp < main - sp ? control : main, max);
}

static __always_inline void find_runs(struct task_struct *task, __u64 sp,
				      struct smolder_run runs[SMOLDER_RUNS])
{
	__u64 interrupted;

	runs[1] = (struct smolder_run){};
	if (!is_on_alternate_stack(task, sp)) {
		runs[0] = run_of_stack(task, sp, COPY_PAGES_MAX);
		return;
	}
	runs[0] = run_between(sp, task->sas_ss_sp + task->sas_ss_size, COPY_HANDLER_PAGES_MAX);
	interrupted = interrupted_sp(task);
	if (interrupted)
		runs[1] = run_of_stack(task, interrupted, COPY_PAGES_MAX - COPY_HANDLER_PAGES_MAX);
}

struct stack_page {
	unsigned char bytes[SMOLDER_PAGE];
};

/*
 * Copies the nth page of both runs, one behind the other. Not 0 if there is none: it was not used yet, or the tick hit the
 * very fault that is to make it. Global, so that the verifier looks at it once, not at each call.
 */
__noinline int copy_page(const struct smolder_copy *copy, struct stack_page *to, __u32 n)
{
	const struct smolder_run *run;

	if (!copy || !to)
		return 1;
	run = &copy->runs[0];
	if (n >= run->page_cnt) {
		n -= run->page_cnt;
		run = &copy->runs[1];
	}
	if (n >= run->page_cnt)
		return 1;
	return bpf_probe_read_user(to, sizeof(*to), (void *)(run->begin + n * SMOLDER_PAGE)) != 0;
}

/* There is room for `pages` pages behind the copy. */
static __always_inline void copy_pages(struct smolder_copy *copy, const __u32 pages)
{
	struct stack_page *to = (struct stack_page *)(copy + 1);
	__u32 absent = 0;

#pragma unroll
	for (__u32 n = 0; n < pages; n++)
		absent |= (copy_page(copy, &to[n], n) & 1) << n;
	copy->absent = absent;
}

#endif
