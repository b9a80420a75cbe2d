// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/process_tree.h"

#include "base/clock.h"
#include "base/fs.h"

#include <dirent.h>
#include <limits.h>
#include <string.h>

#define TREE_DEPTH_MAX 8
#define FILE_LEN_MAX (1 << 16)

static void closedir_cleanup(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

/* Calls `visit` with each name in a directory of /proc. */
static void for_each_entry(const char *path, void (*visit)(void *ctx, const char *path), void *ctx)
{
	_cleanup_(closedir_cleanup) DIR *dir = opendir(path);
	const struct dirent *entry;
	char child[PATH_MAX];

	while (dir && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(child, sizeof(child), "%s/%s", path, entry->d_name);
		visit(ctx, child);
	}
}

static void add_thread(void *ctx, const char *path)
{
	struct process_usage *usage = ctx;
	char file[PATH_MAX + 16], line[128];
	unsigned long long ran_ns;

	snprintf(file, sizeof(file), "%s/schedstat", path);
	if (fs_read_line(file, line, sizeof(line)) == 0 && sscanf(line, "%llu", &ran_ns) == 1)
		usage->cpu_ns += ran_ns;
}

/* Fields 16 and 17, in clock ticks: user and system time of children that were waited for; proc(5). */
static void add_ended_children(struct process_usage *usage, pid_t pid)
{
	char path[64], line[1024];
	const char *fields;
	unsigned long long user, system;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (fs_read_line(path, line, sizeof(line)) < 0)
		return;
	fields = strrchr(line, ')');
	if (fields &&
	    sscanf(fields, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %llu %llu", &user,
		   &system) == 2)
		usage->cpu_ns += (user + system) * NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void add_map(void *ctx, const char *path)
{
	struct process_usage *usage = ctx;
	_cleanup_buf_ struct buf text = {0};
	const char *memlock;

	if (fs_read_file(path, FILE_LEN_MAX, &text) < 0)
		return;
	buf_append_byte(&text, '\0');
	memlock = buf_error(&text) ? NULL : strstr((char *)text.data, "memlock:");
	if (memlock && strstr((char *)text.data, "map_id:"))
		usage->map_bytes += strtoull(memlock + strlen("memlock:"), NULL, 10);
}

static void add_memory(struct process_usage *usage, pid_t pid)
{
	unsigned long long total, resident;
	char path[64], line[128];

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	if (fs_read_line(path, line, sizeof(line)) == 0 &&
	    sscanf(line, "%llu %llu", &total, &resident) == 2)
		usage->rss_bytes += resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

struct visit {
	struct process_usage *usage;
	int depth;
};

static void add_process(struct visit *visit, pid_t pid);

/* /proc/PID/task/TID/children: pids with a blank behind each. */
static void add_children(void *ctx, const char *path)
{
	struct visit *visit = ctx;
	_cleanup_buf_ struct buf text = {0};
	char file[PATH_MAX + 16], *at, *end;
	long pid;

	snprintf(file, sizeof(file), "%s/children", path);
	if (fs_read_file(file, FILE_LEN_MAX, &text) < 0)
		return;
	buf_append_byte(&text, '\0');
	at = buf_error(&text) ? NULL : (char *)text.data;
	while (at && (pid = strtol(at, &end, 10)) > 0 && end != at) {
		add_process(visit, (pid_t)pid);
		at = end;
	}
}

static void add_process(struct visit *visit, pid_t pid)
{
	char tasks[64], fds[64];
	struct visit below = {.usage = visit->usage, .depth = visit->depth + 1};

	if (visit->depth > TREE_DEPTH_MAX)
		return;
	snprintf(tasks, sizeof(tasks), "/proc/%d/task", (int)pid);
	snprintf(fds, sizeof(fds), "/proc/%d/fdinfo", (int)pid);
	visit->usage->processes++;
	add_memory(visit->usage, pid);
	add_ended_children(visit->usage, pid);
	for_each_entry(tasks, add_thread, visit->usage);
	for_each_entry(fds, add_map, visit->usage);
	for_each_entry(tasks, add_children, &below);
}

void process_tree_usage(pid_t root, struct process_usage *ret_usage)
{
	struct visit visit = {.usage = ret_usage};

	*ret_usage = (struct process_usage){0};
	add_process(&visit, root);
}
