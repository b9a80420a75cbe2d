/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What /proc tells of a process: proc(5), "/proc/[pid]/stat", "…/status" and "…/maps". Readers return 0 or
 * a negative errno; -ENOENT and -ESRCH: the process is gone.
 */
#ifndef SMOLDER_PROFILER_PROCESS_PROCFS_H
#define SMOLDER_PROFILER_PROCESS_PROCFS_H

#include "base/buf.h"
#include "bpf/abi.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>

struct procfs_stat {
	uint32_t parent_tgid;
	uint64_t start_ticks; /* of CLOCK_BOOTTIME, sysconf(_SC_CLK_TCK) a second, rounded down */
	char state;           /* as ps tells it: 'R', 'S', 'D', … */
	bool is_kernel;       /* a kernel thread: it has no memory of its own */
	bool is_dead;         /* a zombie: its memory is gone */
	char comm[SMOLDER_COMM_LEN];
};

struct procfs_status {
	uint32_t tgid;     /* of a thread: its process's */
	uint32_t own_tgid; /* what it knows itself by, in its innermost pid namespace */
	uint32_t depth;    /* of pid namespaces: 1 for one in ours */
	uint32_t uids[4];  /* real, effective, saved, file system */
};

struct procfs_map {
	uint64_t start, limit, file_offset, inode;
	uint32_t major, minor;
	bool executable;
	const char *path; /* in the text; may end in " (deleted)"; "" for anonymous memory */
};

int procfs_read_stat(uint32_t tgid, struct procfs_stat *ret_stat) _warn_unused_;
int procfs_parse_stat(const char *text, size_t len, struct procfs_stat *ret_stat) _warn_unused_;

int procfs_read_status(uint32_t tgid, struct procfs_status *ret_status) _warn_unused_;
int procfs_parse_status(const char *text, size_t len, struct procfs_status *ret_status)
	_warn_unused_;

/* Replaces the buffer's contents by the text of /proc/PID/maps. */
int procfs_read_maps(uint32_t tgid, struct buf *text) _warn_unused_;

/*
 * Reads the line at *at and moves *at behind it; false at the end of the text. Lines that make no sense
 * are passed over. Changes the text: it ends paths with NUL, and undoes the escaping of newlines.
 */
bool procfs_next_map(struct buf *text, size_t *at, struct procfs_map *ret_map);

/* The start tick of a process that started at this time. */
uint64_t procfs_ticks_of_ns(uint64_t boottime_ns);

/* The next process of an open /proc directory, or 0 at its end. */
uint32_t procfs_next_process(DIR *proc);

/* Is our pid namespace the host's, so that pids are the kernel's? 1, 0, or < 0 when that cannot be seen. */
int procfs_has_host_pids(void);

#endif
