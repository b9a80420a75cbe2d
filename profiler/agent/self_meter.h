/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What this process and its children cost: CPU time, from getrusage(2) and /proc/PID/schedstat; resident
 * memory, from /proc/PID/statm. Not thread-safe.
 */
#ifndef SMOLDER_AGENT_SELF_METER_H
#define SMOLDER_AGENT_SELF_METER_H

#include <stdint.h>

struct self_meter {
	uint64_t cpu_ns; /* at the last reading */
};

struct self_reading {
	uint64_t cpu_ns;    /* since the reading before */
	uint64_t rss_bytes; /* now, of all processes together */
};

/* The first reading tells of all time since the start. */
void self_meter_read(struct self_meter *meter, struct self_reading *ret_reading);

#endif
