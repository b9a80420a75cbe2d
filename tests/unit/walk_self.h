/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The test program's own process, as the tracker of processes sees it, and memory for its tables. */
#ifndef SMOLDER_TESTS_UNIT_WALK_SELF_H
#define SMOLDER_TESTS_UNIT_WALK_SELF_H

#include "base/clock.h"
#include "bpf/walk_abi.h"
#include "profiler/process/processes.h"
#include "profiler/process/procfs.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define SELF_POOL_SIZE (4u << 20)

struct self {
	struct smolder_task task;
	struct processes *processes;
	const struct mappings *mappings;
	unsigned char *pool; /* SELF_POOL_SIZE and the slack */
	struct unwind_object *objects;
};

static inline int self_set_up(struct self *self)
{
	struct processes_options options = {0};
	struct procfs_stat stat;
	uint64_t changed_ns;

	self->pool = calloc(1, SELF_POOL_SIZE + WALK_POOL_SLACK);
	self->objects = calloc(WALK_OBJECTS_MAX, sizeof(*self->objects));
	if (!self->pool || !self->objects || procfs_read_stat((uint32_t)getpid(), &stat) < 0 ||
	    processes_new(&options, &self->processes, NULL) < 0 ||
	    processes_snapshot_one(self->processes, (uint32_t)getpid(), NULL) < 0)
		return -1;
	self->task = (struct smolder_task){
		.tgid = (uint32_t)getpid(),
		.start_ns = stat.start_ticks * (NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK)),
	};
	self->mappings = processes_mappings(self->processes, &self->task, &changed_ns);
	return self->mappings ? 0 : -1;
}

static inline void self_tear_down(struct self *self)
{
	processes_free(self->processes);
	free(self->pool);
	free(self->objects);
}

/* The mapping that holds this code of ours. */
static inline const struct mapping *self_mapping_of(const struct self *self, const void *code)
{
	const struct mapping *mapping = mappings_find(self->mappings, (uint64_t)(uintptr_t)code);

	assert_non_null(mapping);
	return mapping;
}

#endif
