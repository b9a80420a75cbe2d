/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the agent is told: by its command line, and by a file of lines "name = value" with the same names.
 * The command line has the last word. Plain data.
 */
#ifndef SMOLDER_AGENT_CONFIG_H
#define SMOLDER_AGENT_CONFIG_H

#include "base/err.h"
#include "profiler/collect/ticks.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#define AGENT_FREQUENCY_MAX_HZ 10000u
#define AGENT_WINDOW_MIN_NS UINT64_C(1000000000)

struct agent_config {
	char store[PATH_MAX];
	char kill_switch[PATH_MAX]; /* while this file exists, nothing is sampled; "": none */
	uint32_t frequency_hz;
	enum tick_event event;
	uint64_t window_ns;
	uint64_t retain_ns, bytes_max; /* of the store; 0: no bound */
	uint64_t cpu_max_ppm;          /* of the time of all CPUs; 0: no bound */
	uint64_t memory_max;           /* bytes; 0: no bound */
	uint32_t unwind_bytes;         /* memory for unwind tables: a power of two */
};

struct agent_setting {
	const char *name, *value;
};

/* Where a configuration comes from: the defaults, then the file, then the settings. */
struct agent_sources {
	const char *path; /* NULL: no file */
	const struct agent_setting *settings;
	size_t settings_len;
};

/* -EINVAL with a message that names the value, and for a file its line. */
int agent_config_load(const struct agent_sources *sources, struct agent_config *ret_config,
		      struct err *err) _warn_unused_;

/* One setting. -EINVAL with a message. */
int agent_config_set(struct agent_config *config, const struct agent_setting *setting,
		     struct err *err) _warn_unused_;

/* The file's text; is written into. `path` is for messages. */
int agent_config_parse(struct agent_config *config, char *text, const char *path, struct err *err)
	_warn_unused_;

/* The defaults, without a store. */
void agent_config_init(struct agent_config *config);

/* Can a running agent take over all that differs, but for store, event and unwind-memory? */
bool agent_config_is_compatible(const struct agent_config *a, const struct agent_config *b);

#endif
