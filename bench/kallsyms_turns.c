// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * kallsyms_turns RUNS: the CPU time of reading /proc/kallsyms, in chunks as large as the loader's, and of
 * loading it, in turns; prints "READ_MS LOAD_MS" for each turn, then "rss PEAK_MB entries COUNT".
 */
#include "base/clock.h"
#include "symbolize/kallsyms.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHUNK_LEN ((size_t)32 * 1024)

static void read_only(void)
{
	_cleanup_close_ int fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	static char chunk[CHUNK_LEN];

	while (fd >= 0 && read(fd, chunk, sizeof(chunk)) > 0)
		continue;
}

static size_t load(void)
{
	struct kallsyms kallsyms = {0};
	size_t entries_cnt;

	if (kallsyms_read("/proc/kallsyms", &kallsyms) < 0)
		exit(1);
	entries_cnt = kallsyms.entries.len;
	kallsyms_free(&kallsyms);
	return entries_cnt;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	size_t entries_cnt = 0;

	for (int i = 0; i < (argc > 1 ? atoi(argv[1]) : 5); i++) {
		uint64_t begin_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID), read_ns;

		read_only();
		read_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		entries_cnt = load();
		printf("%.2f %.2f\n", (double)(read_ns - begin_ns) / NS_PER_MS,
		       (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - read_ns) / NS_PER_MS);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("rss %.1f entries %zu\n", (double)usage.ru_maxrss / 1024, entries_cnt);
	return 0;
}
