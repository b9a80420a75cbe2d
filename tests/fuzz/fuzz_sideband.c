// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The input is what a ring holds, from an odd place in it on, so that records wrap around. Its
 * records are applied to a tracker without privileges of its own: their pids do not exist.
 */
#include "profiler/process/processes_internal.h"

#include <assert.h>
#include <linux/perf_event.h>
#include <string.h>

#define RING_LEN 8192u
#define RING_START 8000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_harmless(const struct sideband_record *record)
{
	/* Files named in records are looked for on this host: keep to names that are not there. */
	return record->type != SIDEBAND_MMAP || record->text[0] == '[' || !record->text[0];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_processes_ struct processes *processes = NULL;
	struct perf_event_mmap_page control = {.data_head = RING_START, .data_tail = RING_START};
	unsigned char ring[RING_LEN];
	const struct sideband_record *record;

	if (len > RING_LEN || processes_new(&(struct processes_options){0}, &processes, NULL) < 0 ||
	    sideband_new_empty(&processes->sideband) < 0 ||
	    sideband_add_ring(processes->sideband, &control, ring, RING_LEN) < 0)
		return 0;
	for (size_t i = 0; i < len; i++)
		ring[(RING_START + i) & (RING_LEN - 1)] = data[i];
	control.data_head += len;
	sideband_has_exec(processes->sideband, 1);
	while ((record = sideband_peek(processes->sideband, UINT64_MAX))) {
		assert(strlen(record->text) < RING_LEN);
		if (is_harmless(record))
			processes_apply_record(processes, record);
		sideband_take(processes->sideband);
	}
	assert(control.data_tail == control.data_head);
	return 0;
}
