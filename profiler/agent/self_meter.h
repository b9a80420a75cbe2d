/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this process and its children cost: CPU time, from getrusage(2) and /proc/PID/schedstat; resident
 * memory, from /proc/PID/statm. Not thread-safe: always the same thread asks.
 */
#ifndef SMOLDER_AGENT_SELF_METER_H
#define SMOLDER_AGENT_SELF_METER_H

#include <stdint.h>

struct self_meter { /* at the last reading */
	uint64_t thread_ns, cpu_ns;
};

struct self_reading {
	uint64_t thread_ns; /* CPU time since the reading before, of the thread that asks */
	uint64_t others_ns; /* likewise, of all other threads and processes */
	uint64_t rss_bytes; /* now, of all processes together */
};

/* The first reading tells of all time since the start. */
void self_meter_read(struct self_meter *meter, struct self_reading *ret_reading);

/* CPU time of the thread that asks, since the last reading. */
uint64_t self_meter_thread_ns(const struct self_meter *meter);

/* CPU time of the calling thread and of all children that have ended, since they began. From any thread. */
uint64_t self_meter_work_ns(void);

#endif
