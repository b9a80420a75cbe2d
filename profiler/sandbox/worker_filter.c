// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_filter.h"

#include "base/cleanup.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#if defined(__x86_64__)
#define OUR_ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define OUR_ARCH AUDIT_ARCH_AARCH64
#else
#error "which AUDIT_ARCH_ is this?"
#endif
#define X32_BIT 0x40000000 /* __X32_SYSCALL_BIT: the same numbers by other rules */

/* Whatever their arguments. Descriptors are those that were handed in. */
static const uint32_t allowed[] = {
	SYS_read,       SYS_pread64,   SYS_preadv,         SYS_lseek,         SYS_recvmsg,
	SYS_sendmsg,    SYS_close,     SYS_fcntl,          SYS_munmap,        SYS_mremap,
	SYS_madvise,    SYS_brk,       SYS_futex,          SYS_sched_yield,   SYS_getpid,
	SYS_gettid,     SYS_getrandom, SYS_getrlimit,      SYS_clock_gettime, SYS_gettimeofday,
	SYS_exit_group, SYS_exit,      SYS_rt_sigprocmask, SYS_rt_sigreturn,  SYS_sigaltstack,
	SYS_sysinfo,
#ifdef SYS_fstat
	SYS_fstat,
#endif
#ifdef SYS_time
	SYS_time,
#endif
};

/* A zygote's, and its children's before they become workers. */
static const uint32_t allowed_zygote[] = {SYS_prctl, SYS_dup3};

/* Those that must, or must not, have bits in an argument. */
struct argument {
	uint32_t call, number, bits;
	uint32_t jump_if_set; /* past the next instruction, which allows: 0 or 1 */
};

static const struct argument arguments[] = {
	{SYS_mmap, 2, PROT_EXEC, 1},
	{SYS_mprotect, 2, PROT_EXEC, 1},
	{SYS_newfstatat, 3, AT_EMPTY_PATH, 0}, /* fstat(3) of a descriptor */
	{SYS_prlimit64, 0, UINT32_MAX, 1},     /* its own limits */
};

/* No threads, and no namespaces: the signal at its end is in the lowest byte. */
static const struct argument fork_argument = {SYS_clone, 0, ~(uint32_t)(CLONE_PARENT | 0xff), 1};

#define LENGTH_MAX                                                                                 \
	(8 + 2 * (ARRAY_SIZE(allowed) + ARRAY_SIZE(allowed_zygote)) +                              \
	 5 * (ARRAY_SIZE(arguments) + 1))

struct program {
	struct sock_filter code[LENGTH_MAX];
	unsigned short len;
};

static void add(struct program *program, struct sock_filter instruction)
{
	program->code[program->len++] = instruction;
}

static void add_return(struct program *program, uint32_t action)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static void add_load(struct program *program, size_t offset)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* An argument's lower half: no flag is in the upper one. */
static size_t argument_offset(uint32_t number)
{
	return offsetof(struct seccomp_data, args) + number * sizeof(uint64_t);
}

static void add_argument(struct program *program, const struct argument *argument)
{
	uint8_t set = (uint8_t)argument->jump_if_set;

	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, argument->call, 0, 4));
	add_load(program, argument_offset(argument->number));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, argument->bits, set,
						  (uint8_t)!set));
	add_return(program, SECCOMP_RET_ALLOW);
	add_return(program, SECCOMP_RET_KILL_PROCESS);
}

static void add_allowed(struct program *program, const uint32_t *calls, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		add(program,
		    (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], 0, 1));
		add_return(program, SECCOMP_RET_ALLOW);
	}
}

static void write_program(struct program *program, bool zygote)
{
	add_load(program, offsetof(struct seccomp_data, arch));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OUR_ARCH, 1, 0));
	add_return(program, SECCOMP_RET_KILL_PROCESS);
	add_load(program, offsetof(struct seccomp_data, nr));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 0, 1));
	add_return(program, SECCOMP_RET_KILL_PROCESS);
	add_allowed(program, allowed, ARRAY_SIZE(allowed));
	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		add_argument(program, &arguments[i]);
	if (zygote) {
		add_allowed(program, allowed_zygote, ARRAY_SIZE(allowed_zygote));
		add_argument(program, &fork_argument);
	}
	add_return(program, SECCOMP_RET_KILL_PROCESS);
}

int worker_filter_install(bool zygote)
{
	struct program program = {.len = 0};
	struct sock_fprog install;

	write_program(&program, zygote);
	install = (struct sock_fprog){.len = program.len, .filter = program.code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &install) < 0 ? -errno : 0;
}
