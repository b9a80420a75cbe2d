/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A tracker whose side band is two rings in memory, for tests that write records themselves. */
#ifndef SMOLDER_TESTS_UNIT_PROCESSES_FIXTURE_H
#define SMOLDER_TESTS_UNIT_PROCESSES_FIXTURE_H

#include "base/clock.h"
#include "profiler/process/processes_internal.h"
#include "tests/unit/sideband_writer.h"

#include <stdint.h>
#include <string.h>

#define RING_LEN 16384u

struct fixture {
	struct writer writers[2];
	struct processes *processes;
};

static inline int set_up_with(void **state, const struct processes_options *options)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	if (!fixture || processes_new(options, &fixture->processes, NULL) < 0 ||
	    sideband_new_empty(&fixture->processes->sideband) < 0)
		return -1;
	for (size_t i = 0; i < ARRAY_SIZE(fixture->writers); i++) {
		struct writer *writer = &fixture->writers[i];

		writer->len = RING_LEN;
		writer->data = malloc(RING_LEN);
		if (!writer->data ||
		    sideband_add_ring(fixture->processes->sideband, &writer->control, writer->data,
				      writer->len) < 0)
			return -1;
	}
	*state = fixture;
	return 0;
}

static inline int set_up(void **state)
{
	return set_up_with(state, &(struct processes_options){0});
}

static inline int tear_down(void **state)
{
	struct fixture *fixture = *state;

	processes_free(fixture->processes);
	for (size_t i = 0; i < ARRAY_SIZE(fixture->writers); i++)
		free(fixture->writers[i].data);
	free(fixture);
	return 0;
}

/* Records go to the two rings in turn, by their times. */
static inline void put(struct fixture *fixture, struct written record)
{
	writer_put(&fixture->writers[record.time_ns % 2], &record);
}

static inline void put_exec(struct fixture *fixture, uint64_t time_ns, uint32_t tgid,
			    const char *comm)
{
	put(fixture, (struct written){.type = PERF_RECORD_COMM,
				      .misc = PERF_RECORD_MISC_COMM_EXEC,
				      .time_ns = time_ns,
				      .pid = tgid,
				      .tid = tgid,
				      .text = comm});
}

/* Maps `file` at 0x1000 from its offset 0x400, 0x1000 bytes. */
static inline void put_mmap_at(struct fixture *fixture, uint64_t time_ns, uint32_t tgid,
			       const char *file)
{
	put(fixture, (struct written){.type = PERF_RECORD_MMAP2,
				      .time_ns = time_ns,
				      .pid = tgid,
				      .tid = tgid,
				      .text = file,
				      .start = 0x1000,
				      .len = 0x1000,
				      .file_offset = 0x400,
				      .major = 1,
				      .inode = 1});
}

static inline struct smolder_task task_of(uint32_t tgid, uint64_t start_ns, uint32_t exec_gen)
{
	return (struct smolder_task){.tgid = tgid, .start_ns = start_ns, .exec_gen = exec_gen};
}

static inline struct processes_counters counters_of(struct fixture *fixture)
{
	struct processes_counters counters;

	processes_counters(fixture->processes, &counters);
	return counters;
}

#endif
