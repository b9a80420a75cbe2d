// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/perf_script.h"

#include "profiler/bench/bench_tool.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/wait.h>

static void add_line(struct perf_sample *sample, const char *line)
{
	if (!sample->sampled[0])
		strcpy(sample->sampled, line);
	memcpy(sample->outer[0], sample->outer[1], sizeof(sample->outer[0]));
	strcpy(sample->outer[1], line);
}

static void read_samples(FILE *file, void (*add)(void *ctx, const struct perf_sample *sample),
			 void *ctx)
{
	char line[PERF_SCRIPT_LINE_MAX];
	struct perf_sample sample = {0};

	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '\n') {
			add_line(&sample, line);
			continue;
		}
		if (sample.sampled[0])
			add(ctx, &sample);
		memset(&sample, 0, sizeof(sample));
	}
}

int perf_script_read(const char *directory,
		     void (*add)(void *ctx, const struct perf_sample *sample), void *ctx)
{
	char data[PATH_MAX], text[PATH_MAX];
	const char *argv[] = {"perf", "script", "--no-inline", "-F", "ip,sym", "-i", data, NULL};
	_cleanup_fclose_ FILE *file = NULL;
	struct err ignored;
	pid_t pid;

	snprintf(data, sizeof(data), "%s/perf.data", directory);
	snprintf(text, sizeof(text), "%s/perf.txt", directory);
	if (bench_spawn(argv, text, &pid, &ignored) < 0)
		return -ENOENT;
	waitpid(pid, NULL, 0);
	file = fopen(text, "re");
	if (!file)
		return -errno;
	read_samples(file, add, ctx);
	return 0;
}
