// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/thread_stacks.h"

#include "base/fs.h"
#include "base/parse.h"
#include "profiler/kernel_stack.h"
#include "profiler/process/user_process.h"
#include "profiler/recording.h"
#include "profiler/resolve.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>

#define POOL_SIZE (UINT32_C(64) << 20)
#define THREADS_MAX 65536

struct waiting { /* a thread, in the kernel */
	uint32_t tid;
	struct kernel_stack stack;
};

struct taker {
	const struct thread_stacks_options *options;
	struct smolder_task task;
	struct processes *processes;
	struct walker *walker;
	void *pool, *objects;
	VEC(struct waiting) waiting;
	struct window window;
	struct recording recording;
};

static int read_memory(void *ctx, void *to, size_t size, uint64_t address)
{
	const struct taker *taker = ctx;
	struct iovec local = {.iov_base = to, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)address, .iov_len = size};

	return process_vm_readv((pid_t)taker->task.tgid, &local, 1, &remote, 1, 0) != (ssize_t)size;
}

/* By DWARF number, as bpf/unwind_abi.h has them. */
static void spell_registers(const struct user_regs_struct *regs,
			    uint64_t registers[UNWIND_REGISTER_CNT])
{
	const uint64_t in_order[UNWIND_REGISTER_CNT] = {
		regs->rax, regs->rdx, regs->rcx, regs->rbx, regs->rsi, regs->rdi,
		regs->rbp, regs->rsp, regs->r8,  regs->r9,  regs->r10, regs->r11,
		regs->r12, regs->r13, regs->r14, regs->r15, regs->rip,
	};

	memcpy(registers, in_order, sizeof(in_order));
}

static int read_registers(pid_t tid, struct user_regs_struct *ret_regs)
{
	struct iovec regs = {.iov_base = ret_regs, .iov_len = sizeof(*ret_regs)};

	return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &regs) < 0 ? -errno : 0;
}

static void read_comm(const struct taker *taker, uint32_t tid, char comm[SMOLDER_COMM_LEN])
{
	char path[64], line[SMOLDER_COMM_LEN + 1];

	snprintf(path, sizeof(path), "/proc/%u/task/%u/comm", taker->task.tgid, tid);
	if (fs_read_line(path, line, sizeof(line)) == 0)
		memcpy(comm, line, strnlen(line, SMOLDER_COMM_LEN));
}

/* What it waited for before it was stopped, if it had not gone on by then. Takes the stack over. */
static int keep_kernel_stack(struct taker *taker, uint32_t tid, struct kernel_stack *stack,
			     const struct user_regs_struct *regs)
{
	struct waiting waiting = {.tid = tid, .stack = *stack};
	int r;

	if (!stack->text.len || stack->user_stack != regs->rsp || stack->user_code != regs->rip)
		return 0;
	r = vec_push(&taker->waiting, waiting);
	if (r == 0)
		*stack = (struct kernel_stack){0};
	return r;
}

/* The thread is stopped. */
static int walk_thread(struct taker *taker, uint32_t tid, struct kernel_stack *kernel_stack)
{
	uint64_t registers[UNWIND_REGISTER_CNT];
	struct window_sample sample = {
		.key = {.task = taker->task, .tid = tid},
		.count = 1,
		.user_walked = true,
	};
	struct host_stepper_stack stack = {
		.registers = registers, .read = read_memory, .ctx = taker};
	struct host_stepper_result result;
	struct user_regs_struct regs;
	int r = read_registers((pid_t)tid, &regs);

	if (r == 0)
		r = keep_kernel_stack(taker, tid, kernel_stack, &regs);
	if (r < 0)
		return r;
	spell_registers(&regs, registers);
	stack.call_site = (int64_t)regs.orig_rax >= 0;
	walker_walk_copy(taker->walker, &taker->task, &stack, &result);
	sample.user_len = result.len;
	sample.walk_end = result.end;
	read_comm(taker, tid, sample.key.comm);
	r = window_add_addresses(&taker->window, result.frames, result.len, &sample.user_off);
	return r < 0 ? r : vec_push(&taker->window.samples, sample);
}

static int stop_and_walk(struct taker *taker, uint32_t tid, struct kernel_stack *kernel_stack)
{
	int status, r;

	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) < 0)
		return -errno;
	if (ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) < 0 ||
	    waitpid((pid_t)tid, &status, __WALL) < 0)
		return -errno;
	r = WIFSTOPPED(status) ? walk_thread(taker, tid, kernel_stack) : -ESRCH;
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return r;
}

/* Where it waits in the kernel is told by the kernel, and before it is stopped: stopped it waits for us. */
static int take_thread(struct taker *taker, uint32_t tid)
{
	struct kernel_stack kernel_stack = {0};
	int r;

	(void)!kernel_stack_read(taker->task.tgid, tid, &kernel_stack);
	r = stop_and_walk(taker, tid, &kernel_stack);
	kernel_stack_free(&kernel_stack);
	return r;
}

static int take_all(struct taker *taker, struct err *err)
{
	char path[64];
	struct dirent **entries;
	int count, r = 0;

	snprintf(path, sizeof(path), "/proc/%u/task", taker->task.tgid);
	count = scandir(path, &entries, NULL, versionsort);
	if (count < 0)
		return err_set(err, -ESRCH, "no process has pid %u", taker->task.tgid);
	for (int i = 0; i < count; i++) {
		uint32_t tid;

		if (r == 0 && i < THREADS_MAX && parse_u32(entries[i]->d_name, &tid) == 0)
			r = take_thread(taker, tid);
		if (r == -ESRCH)
			r = 0;
		free(entries[i]);
	}
	free(entries);
	if (r == -EPERM)
		return err_set(err, r,
			       "cannot stop process %u: no permission, or a debugger has it",
			       taker->task.tgid);
	return r < 0 ? err_errno(err, r, "cannot walk the stacks of process %u", taker->task.tgid) :
		       0;
}

static int no_wait(void *ctx)
{
	(void)ctx;
	return 0;
}

static int map_zeros(size_t len, void **ret_memory)
{
	void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return -errno;
	*ret_memory = memory;
	return 0;
}

static int open_walker(struct taker *taker, struct err *err)
{
	struct walker_kernel kernel = {.pool_size = POOL_SIZE, .processes_fd = -1, .wait = no_wait};
	int r = map_zeros(POOL_SIZE + WALK_POOL_SLACK, &taker->pool);

	if (r == 0)
		r = map_zeros(WALK_OBJECTS_MAX * sizeof(struct unwind_object), &taker->objects);
	if (r < 0)
		return err_errno(err, r, "cannot set up stack walking");
	kernel.pool = taker->pool;
	kernel.objects = taker->objects;
	return walker_new(&kernel, taker->processes, taker->options->sandbox, &taker->walker, err);
}

static int open_process(struct taker *taker, uint32_t pid, struct err *err)
{
	struct processes_options options = {0};
	struct user_process process;
	int r = user_process_find(pid, &process, err);

	if (r < 0)
		return r;
	taker->task = process.task;
	r = processes_new(&options, &taker->processes, err);
	if (r == 0)
		r = processes_snapshot_one(taker->processes, pid, err);
	if (r == 0)
		r = open_walker(taker, err);
	if (r == 0)
		walker_prepare(taker->walker, &taker->task, 0);
	return r;
}

static int compare_tid(const void *key, const void *item)
{
	int64_t tid = *(const int64_t *)key;
	const struct waiting *waiting = item;

	return (tid > waiting->tid) - (tid < waiting->tid);
}

/* Threads were taken in the order of their ids. */
static const struct kernel_stack *kernel_stack_of(const struct taker *taker, int64_t tid)
{
	const struct waiting *waiting = NULL;

	if (taker->waiting.len)
		waiting = bsearch(&tid, taker->waiting.items, taker->waiting.len, sizeof(*waiting),
				  compare_tid);
	return waiting ? &waiting->stack : NULL;
}

/* One sample a thread: it gets another stack, with these frames on top. */
static int add_kernel_stacks(const struct taker *taker, struct profile *profile)
{
	vec_for_each(&profile->samples, sample) {
		const struct profile_label *tid =
			profile_label_find(profile, sample->labels, "tid");
		const struct kernel_stack *stack = tid ? kernel_stack_of(taker, tid->num) : NULL;

		if (stack && kernel_stack_add(stack, profile, &sample->stack) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int name_all(struct taker *taker, struct profile **ret_profile, struct err *err)
{
	char cache[PATH_MAX];
	struct namer_options options = {
		.sandbox = taker->options->sandbox,
		.workers_max = NAMER_WORKERS_MAX,
	};
	_cleanup_namer_ struct namer *namer = NULL;
	_cleanup_profile_ struct profile *profile = NULL;
	int r = profile_new(&profile);

	if (!taker->options->no_cache)
		options.symbols.cache_directory = symbolizer_cache_directory(cache, sizeof(cache));
	resolve_set_opener(processes_objects(taker->processes), &options.symbols);
	if (r == 0)
		r = namer_new(&options, &namer);
	if (r < 0)
		return err_errno(err, r, "cannot name the stacks");
	profile->period = 1;
	recording_add_window(&taker->recording,
			     &(struct recording_source){.window = &taker->window,
							.processes = taker->processes});
	r = resolve_recording(&taker->recording, processes_objects(taker->processes), namer,
			      profile, err);
	if (r == 0 && add_kernel_stacks(taker, profile) < 0)
		r = err_errno(err, -ENOMEM, "cannot name the stacks");
	if (r == 0)
		*ret_profile = TAKE_PTR(profile);
	return r;
}

static void taker_done(struct taker *taker)
{
	vec_for_each(&taker->waiting, waiting)
		kernel_stack_free(&waiting->stack);
	vec_free(&taker->waiting);
	recording_free(&taker->recording);
	window_free(&taker->window);
	walker_free(taker->walker);
	processes_free(taker->processes);
	if (taker->pool)
		munmap(taker->pool, POOL_SIZE + WALK_POOL_SLACK);
	if (taker->objects)
		munmap(taker->objects, WALK_OBJECTS_MAX * sizeof(struct unwind_object));
}

int thread_stacks_take(const struct thread_stacks_options *options, struct profile **ret_profile,
		       struct err *err)
{
	_cleanup_(taker_done) struct taker taker = {.options = options};
	int r = recording_init(&taker.recording);

	if (r < 0)
		return err_errno(err, r, "cannot take stacks");
	r = open_process(&taker, options->pid, err);
	if (r == 0)
		r = take_all(&taker, err);
	return r < 0 ? r : name_all(&taker, ret_profile, err);
}
