/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tells the service manager how we are: datagrams to $NOTIFY_SOCKET, as sd_notify(3) describes them.
 * Without one, nothing is said.
 */
#ifndef SMOLDER_SERVICE_NOTIFY_H
#define SMOLDER_SERVICE_NOTIFY_H

#include "base/cleanup.h"

#include <stdint.h>

struct service_notify {
	int fd; /* -1: nobody is listening */
};

/* What cannot be reached is as if it were not there. */
void service_notify_open(struct service_notify *notify);
void service_notify_close(struct service_notify *notify);

/* One or more lines "READY=1", "WATCHDOG=1", "STOPPING=1", "STATUS=…". */
void service_notify_send(const struct service_notify *notify, const char *format, ...)
	_printf_(2, 3);

/* How often the manager wants to hear WATCHDOG=1, at the least; 0: it does not. */
uint64_t service_notify_watchdog_ns(void);

#endif
