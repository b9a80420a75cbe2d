/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of the agent's conductor share:
 *	agent_setup.c   from options to something that samples
 *	agent.c         windows, changes of the configuration, the loop
 */
#ifndef SMOLDER_AGENT_INTERNAL_H
#define SMOLDER_AGENT_INTERNAL_H

#include "profiler/agent/agent.h"
#include "profiler/agent/agent_signals.h"
#include "profiler/agent/governor.h"
#include "profiler/agent/self_meter.h"
#include "profiler/agent/service_notify.h"
#include "profiler/agent/window_writer.h"

struct agent {
	const struct agent_options *options;
	struct agent_config config;
	struct recorder *recorder;
	struct sandbox *sandbox; /* NULL: none */
	struct window_writer *writer;
	struct ledger lost; /* the writers' account */
	struct governor governor;
	struct self_meter meter;
	struct service_notify notify;
	uint32_t planned_hz;   /* what the recorder's maps are made for */
	uint32_t cpus;         /* sampled in the last window */
	uint32_t frequency_hz; /* in force */
	uint32_t failures;     /* since the last window was cut */
	uint64_t window_begin_ns, window_end_ns, phase_ns, ping_ns; /* CLOCK_MONOTONIC */
	uint64_t watchdog_ns;
	int signal_fd;
	struct agent_wishes wishes;
	bool paused;
};

_printf_(3, 4) void agent_say(const struct agent *agent, enum agent_message kind,
			      const char *format, ...);

struct governor_limits agent_limits(const struct agent *agent);

/* All of it, from the configuration on; the first window has begun then. What was opened agent_run() closes. */
int agent_prepare(struct agent *agent, struct err *err);

/* Parts of it, to be done again with another configuration. */
int agent_open_writer(struct agent *agent, struct err *err);
int agent_open_recorder(struct agent *agent, struct err *err);

void agent_begin_window(struct agent *agent, uint64_t begin_ns);

#endif
