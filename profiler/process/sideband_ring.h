/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ring a perf event writes records to (perf_event_open(2), "MMAP layout"), read one record at a
 * time. The kernel owns data_head, we data_tail. A ring whose contents contradict themselves is
 * emptied and counted. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_SIDEBAND_RING_H
#define SMOLDER_PROFILER_PROCESS_SIDEBAND_RING_H

#include "profiler/process/sideband_record.h"

#include <linux/perf_event.h>

struct sideband_ring {
	struct perf_event_mmap_page *control; /* borrowed */
	const unsigned char *data;            /* borrowed */
	uint64_t data_len;                    /* a power of two */
	uint64_t peeked_len;                  /* of the record in `record`; 0: none */
	uint64_t corrupt;                     /* times it was emptied */
	struct sideband_record record;
	unsigned char *bounce; /* owned; where a record that wraps around is put together */
};

int sideband_ring_init(struct sideband_ring *ring, struct perf_event_mmap_page *control,
		       const void *data, uint64_t data_len) _warn_unused_;
void sideband_ring_free(struct sideband_ring *ring);

/* The oldest record, or NULL. Its text is valid until sideband_ring_take(). */
const struct sideband_record *sideband_ring_peek(struct sideband_ring *ring);
void sideband_ring_take(struct sideband_ring *ring);

/* As sideband_has_exec(), for this ring. */
bool sideband_ring_has_exec(struct sideband_ring *ring, uint32_t tgid);

#endif
