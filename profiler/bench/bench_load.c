// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_load.h"

#include "base/clock.h"
#include "base/fs.h"
#include "profiler/bench/bench_stop.h"
#include "profiler/bench/bench_work.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define URGENT_NICE -10

/* What the parent reads; in one page that both have. */
struct shared {
	uint64_t units;
	uint64_t began_ns; /* CLOCK_MONOTONIC */
};

static _Noreturn void run_syscalls(uint64_t *units)
{
	for (;;) {
		syscall(SYS_getppid);
		__atomic_fetch_add(units, 1, __ATOMIC_RELAXED);
	}
}

static void start_short_program(void)
{
	char name[] = "true";
	char *argv[] = {name, NULL}, *environment[] = {NULL};
	pid_t pid;

	if (posix_spawnp(&pid, name, NULL, NULL, argv, environment) == 0)
		waitpid(pid, NULL, 0);
}

static _Noreturn void run_storm(uint64_t *units, uint32_t per_second)
{
	uint64_t next_ns = clock_ns(CLOCK_MONOTONIC);

	for (;;) {
		struct timespec until = timespec_of_ns(next_ns += NS_PER_SEC / per_second);

		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		start_short_program();
		__atomic_fetch_add(units, 1, __ATOMIC_RELAXED);
	}
}

static _Noreturn void run(const struct bench_load_options *options, uint64_t *units)
{
	switch (options->kind) {
	case BENCH_LOAD_PLAIN:
		bench_calls_plain(units, options->depth);
		break;
	case BENCH_LOAD_POINTERS:
		bench_calls_pointers(units, options->depth);
		break;
	case BENCH_LOAD_SYSCALLS:
		run_syscalls(units);
	case BENCH_LOAD_SHARES:
		bench_shares(units);
	case BENCH_LOAD_STORM:
		run_storm(units, options->per_second ? options->per_second : 1);
	}
	_exit(0);
}

static void stay_on(int cpu)
{
	cpu_set_t set;

	if (cpu < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static _Noreturn void begin(const struct bench_load_options *options, struct shared *shared,
			    pid_t parent)
{
	bench_stop_release();
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	prctl(PR_SET_NAME, "bench-load");
	stay_on(options->cpu);
	if (options->urgent)
		setpriority(PRIO_PROCESS, 0, URGENT_NICE);
	shared->began_ns = clock_ns(CLOCK_MONOTONIC);
	run(options, &shared->units);
}

int bench_load_start(const struct bench_load_options *options, struct bench_load *ret_load,
		     struct err *err)
{
	pid_t parent = getpid(), pid;
	struct shared *shared;

	if (bench_stop_wanted())
		return err_set(err, -EINTR, "interrupted");
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	if (shared == MAP_FAILED)
		return err_errno(err, -errno, "cannot start a load");
	pid = fork();
	if (pid == 0)
		begin(options, shared, parent);
	if (pid < 0) {
		int error = -errno;

		munmap(shared, sizeof(*shared));
		return err_errno(err, error, "cannot start a load");
	}
	*ret_load = (struct bench_load){.pid = pid, .units = &shared->units};
	return 0;
}

/*
 * Not the process's own CPU time, from which some kernels leave out interrupts (and so the profiler's
 * ticks): all time but that in which it was ready and had no CPU (/proc/PID/schedstat, second field).
 */
int bench_load_read(const struct bench_load *load, struct bench_load_progress *ret_progress)
{
	const struct shared *shared = (const void *)load->units;
	char path[64], line[128];
	unsigned long long ran_ns, waited_ns;
	uint64_t began_ns = __atomic_load_n(&shared->began_ns, __ATOMIC_RELAXED), now_ns;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)load->pid);
	r = fs_read_line(path, line, sizeof(line));
	if (r < 0)
		return r;
	if (sscanf(line, "%llu %llu", &ran_ns, &waited_ns) != 2)
		return -EINVAL;
	now_ns = clock_ns(CLOCK_MONOTONIC);
	if (!began_ns)
		began_ns = now_ns;
	*ret_progress = (struct bench_load_progress){
		.units = __atomic_load_n(load->units, __ATOMIC_RELAXED),
		.busy_ns = (int64_t)(now_ns - began_ns) - (int64_t)waited_ns,
	};
	return 0;
}

void bench_load_stop(struct bench_load *load)
{
	if (!load->pid)
		return;
	kill(load->pid, SIGKILL);
	waitpid(load->pid, NULL, 0);
	munmap(load->units, sizeof(struct shared));
	*load = (struct bench_load){0};
}
