/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel's own news about processes: one perf dummy event per online CPU that writes a record for
 * each executable mapping, exec, fork and exit, and for each program that is loaded into the kernel or
 * leaves it, to a ring of that CPU (perf_event_open(2)). Records of all CPUs are handed out in the order
 * of their CLOCK_BOOTTIME time stamps. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_SIDEBAND_H
#define SMOLDER_PROFILER_PROCESS_SIDEBAND_H

#include "base/err.h"
#include "profiler/process/sideband_record.h"

#include <stdbool.h>
#include <stdint.h>

struct perf_event_mmap_page;
struct sideband;

struct sideband_counters {
	uint64_t records;
	uint64_t lost;    /* records the kernel could not write, by its own count */
	uint64_t corrupt; /* rings found inconsistent and emptied */
	uint64_t ring_bytes;
	uint32_t cpus;
	bool build_ids; /* the kernel puts build-ids into mapping records */
};

/* Opens the event on each online CPU. `budget_len`: bytes of all rings together. */
int sideband_new(uint64_t budget_len, struct sideband **ret_sideband, struct err *err)
	_warn_unused_;
struct sideband *sideband_free(struct sideband *sideband); /* NULL is legal; returns NULL */

/* One without CPUs, and a ring for it that someone else writes and owns. What sideband_new() builds on. */
int sideband_new_empty(struct sideband **ret_sideband) _warn_unused_;
int sideband_add_ring(struct sideband *sideband, struct perf_event_mmap_page *control,
		      const void *data, uint64_t data_len) _warn_unused_;

/*
 * A CPU came, or went. Adding one that is followed already does no harm: 0; 1 when it was not, or no
 * longer. What the ring of a CPU that went still holds is handed out first.
 */
int sideband_add_cpu(struct sideband *sideband, unsigned int cpu, struct err *err) _warn_unused_;
void sideband_remove_cpu(struct sideband *sideband, unsigned int cpu);

/* Readable when a ring is a quarter full; belongs to the side band. */
int sideband_poll_fd(const struct sideband *sideband);

/*
 * The oldest record not taken yet, if it is from `until_ns` or before; NULL: none. Valid until the
 * next call. sideband_take() makes room for the next one.
 */
const struct sideband_record *sideband_peek(struct sideband *sideband, uint64_t until_ns);
void sideband_take(struct sideband *sideband);

/* Does a record not taken yet, of whatever time, tell of an exec of this process? */
bool sideband_has_exec(struct sideband *sideband, uint32_t tgid);

void sideband_counters(const struct sideband *sideband, struct sideband_counters *ret_counters);

#endif
