// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * slices RATE MILLISECONDS ROUNDS NAME:PROGRAM:PID[,PID…]…
 *
 * Lets programs that others have loaded tick, by their ids: each for a slice of time on its processes,
 * one after the other, round after round, so that all meet the same machine. The processes run in
 * their slices only. Prints "NAME NS_A_RUN" for each slice; kernel.bpf_stats_enabled must be set.
 */
#include <bpf/bpf.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PIDS_MAX 64
#define WARM_UP_US 30000

struct slice {
	char name[64];
	int prog_fd, rate;
	pid_t pids[PIDS_MAX];
	int event_fds[PIDS_MAX];
	int len;
};

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

static void parse_slice(char *text, struct slice *slice)
{
	const char *name = strtok(text, ":"), *id = strtok(NULL, ":"), *pid;

	if (!name || !id)
		fail("a slice is NAME:PROGRAM:PID");
	snprintf(slice->name, sizeof(slice->name), "%s", name);
	slice->prog_fd = bpf_prog_get_fd_by_id((__u32)atoi(id));
	if (slice->prog_fd < 0)
		fail(id);
	while (slice->len < PIDS_MAX && (pid = strtok(NULL, ",")) != NULL)
		slice->pids[slice->len++] = atoi(pid);
}

static int open_event(const struct slice *slice, pid_t pid)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.freq = 1,
		.sample_freq = (__u64)slice->rate,
	};
	int fd = (int)syscall(SYS_perf_event_open, &attr, pid, -1, -1, 0);

	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, slice->prog_fd) < 0)
		fail("perf event");
	return fd;
}

static void read_program(const struct slice *slice, unsigned long long *ret_ns,
			 unsigned long long *ret_runs)
{
	struct bpf_prog_info info = {0};
	unsigned int len = sizeof(info);

	if (bpf_obj_get_info_by_fd(slice->prog_fd, &info, &len) < 0)
		fail("program");
	*ret_ns = info.run_time_ns;
	*ret_runs = info.run_cnt;
}

static void signal_all(const struct slice *slice, int number)
{
	for (int i = 0; i < slice->len; i++)
		kill(slice->pids[i], number);
}

static void run_slice(struct slice *slice, unsigned int length_us)
{
	unsigned long long begin_ns, begin_runs, end_ns, end_runs;

	for (int i = 0; i < slice->len; i++)
		slice->event_fds[i] = open_event(slice, slice->pids[i]);
	signal_all(slice, SIGCONT);
	usleep(WARM_UP_US);
	read_program(slice, &begin_ns, &begin_runs);
	usleep(length_us);
	read_program(slice, &end_ns, &end_runs);
	signal_all(slice, SIGSTOP);
	for (int i = 0; i < slice->len; i++)
		close(slice->event_fds[i]);
	if (end_runs > begin_runs)
		printf("%s %.1f\n", slice->name,
		       (double)(end_ns - begin_ns) / (double)(end_runs - begin_runs));
}

int main(int argc, char **argv)
{
	static struct slice slices[PIDS_MAX];
	int len = argc - 4;

	if (len < 1 || len > PIDS_MAX)
		return 2;
	for (int i = 0; i < len; i++) {
		slices[i].rate = atoi(argv[1]);
		parse_slice(argv[4 + i], &slices[i]);
		signal_all(&slices[i], SIGSTOP);
	}
	for (int round = 0; round < atoi(argv[3]); round++)
		for (int i = 0; i < len; i++)
			run_slice(&slices[i], (unsigned int)atoi(argv[2]) * 1000);
	return 0;
}
