/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* One side-band record, from the bytes the kernel wrote (perf_event_open(2), "PERF_RECORD_"). */
#ifndef SMOLDER_PROFILER_PROCESS_SIDEBAND_RECORD_H
#define SMOLDER_PROFILER_PROCESS_SIDEBAND_RECORD_H

#include "base/cleanup.h"
#include "profiler/process/objects.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum sideband_type {
	SIDEBAND_OTHER, /* nothing of interest: an attribute of the ring, a data mapping */
	SIDEBAND_MMAP,  /* an executable mapping was made */
	SIDEBAND_COMM,  /* a thread has a new name */
	SIDEBAND_EXEC,  /* as SIDEBAND_COMM, and a new image begins: its mappings follow */
	SIDEBAND_FORK,  /* a task was made: a process when tid == tgid */
	SIDEBAND_EXIT,  /* a task is gone */
	SIDEBAND_CODE,  /* a BPF program or the like came into the kernel, or left it */
	SIDEBAND_LOST,  /* `lost` records before this one found the ring full */
};

struct sideband_record {
	enum sideband_type type;
	uint32_t tgid, tid; /* in our pid namespace */
	uint64_t time_ns;   /* CLOCK_BOOTTIME */
	const char *text;   /* mapped file, comm or symbol, in the record's bytes; or "" */
	union {
		struct { /* SIDEBAND_MMAP */
			uint64_t start, len, file_offset;
			uint32_t major, minor;
			uint64_t inode; /* 0 when there is a build-id, or no file */
			unsigned char build_id[OBJECT_BUILD_ID_MAX];
			uint8_t build_id_len;
		} mmap;
		struct { /* SIDEBAND_CODE */
			uint64_t start;
			uint32_t len;
			bool gone;
		} code;
		uint32_t parent_tgid; /* SIDEBAND_FORK */
		uint64_t lost;        /* SIDEBAND_LOST */
	};
};

/*
 * Reads one record of `len` bytes, header included, that ends in the time stamp trailer of
 * PERF_SAMPLE_TID | PERF_SAMPLE_TIME. -EINVAL: it contradicts itself.
 */
int sideband_record_parse(const void *data, size_t len, struct sideband_record *ret_record)
	_warn_unused_;

#endif
