/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which CPUs there are, and word of their coming and going. */
#ifndef SMOLDER_COLLECT_CPUS_H
#define SMOLDER_COLLECT_CPUS_H

#include "base/err.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct cpu_list {
	VEC(uint32_t) ids; /* ascending */
};

/* Parses the kernel's list format, "0-3,5,8-9" (Documentation/admin-guide/cputopology.rst). */
int cpu_list_parse(const char *text, struct cpu_list *ret_list) _warn_unused_;

/* The CPUs online now, from /sys/devices/system/cpu/online. */
int cpu_list_online(struct cpu_list *ret_list, struct err *err) _warn_unused_;

bool cpu_list_has(const struct cpu_list *list, uint32_t cpu);

void cpu_list_free(struct cpu_list *list);

/*
 * A non-blocking file descriptor that becomes readable when a CPU comes or goes (kernel uevents), or
 * a negative errno where there are none (some containers): then ask cpu_list_online() now and then.
 */
int cpu_watch_open(void);

/* Reads what there is; true when a CPU came or went. */
bool cpu_watch_drain(int fd);

#endif
