// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/self_meter.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct totals {
	uint64_t cpu_ns, rss_bytes;
	uint64_t size_bytes; /* of our own address space */
};

struct memory {
	uint64_t size_bytes, rss_bytes;
};

static uint64_t ns_of_timeval(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * NS_PER_SEC + (uint64_t)time->tv_usec * 1000;
}

static uint64_t ns_of_usage(int who)
{
	struct rusage usage;

	if (getrusage(who, &usage) < 0)
		return 0;
	return ns_of_timeval(&usage.ru_utime) + ns_of_timeval(&usage.ru_stime);
}

/* In pages: the address space, and what of it is resident; proc(5). */
static struct memory memory_of(const char *pid)
{
	_cleanup_fclose_ FILE *file = NULL;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	unsigned long long size, resident;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.16s/statm", pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu %llu", &size, &resident) != 2)
		return (struct memory){0};
	return (struct memory){.size_bytes = size * page, .rss_bytes = resident * page};
}

/* The first number is the time on a CPU, Documentation/scheduler/sched-stats.rst. */
static uint64_t cpu_of(const char *pid)
{
	_cleanup_fclose_ FILE *file = NULL;
	unsigned long long ns = 0;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.16s/schedstat", pid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%llu", &ns) != 1)
		return 0;
	return ns;
}

/* A child that has not executed its program yet has our own memory, and none of its own. */
static void add_memory(const char *pid, struct totals *totals)
{
	struct memory memory = memory_of(pid);

	if (memory.size_bytes != totals->size_bytes)
		totals->rss_bytes += memory.rss_bytes;
}

/* Children live on, and what they have used is not in RUSAGE_CHILDREN yet. */
static void add_children_of(const char *task, struct totals *totals)
{
	_cleanup_fclose_ FILE *file = NULL;
	char path[64], pid[16];

	snprintf(path, sizeof(path), "/proc/self/task/%.16s/children", task);
	file = fopen(path, "re");
	while (file && fscanf(file, "%15s", pid) == 1) {
		totals->cpu_ns += cpu_of(pid);
		add_memory(pid, totals);
	}
}

static void close_directory(DIR **directory)
{
	if (*directory)
		closedir(*directory);
}

static void add_children(struct totals *totals)
{
	_cleanup_(close_directory) DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;

	while (tasks && (task = readdir(tasks)))
		if (task->d_name[0] != '.')
			add_children_of(task->d_name, totals);
}

void self_meter_read(struct self_meter *meter, struct self_reading *ret_reading)
{
	struct memory own = memory_of("self");
	struct totals totals = {
		.cpu_ns = ns_of_usage(RUSAGE_SELF) + ns_of_usage(RUSAGE_CHILDREN),
		.rss_bytes = own.rss_bytes,
		.size_bytes = own.size_bytes,
	};
	uint64_t thread_ns = self_meter_thread_ns(meter), all_ns;

	add_children(&totals);
	all_ns = totals.cpu_ns - MIN(meter->cpu_ns, totals.cpu_ns);
	*ret_reading = (struct self_reading){
		.thread_ns = thread_ns,
		.others_ns = all_ns - MIN(thread_ns, all_ns),
		.rss_bytes = totals.rss_bytes,
	};
	meter->thread_ns += thread_ns;
	meter->cpu_ns = totals.cpu_ns;
}

uint64_t self_meter_work_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) + ns_of_usage(RUSAGE_CHILDREN);
}

uint64_t self_meter_thread_ns(const struct self_meter *meter)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - meter->thread_ns;
}
