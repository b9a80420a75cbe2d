/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What signals ask of the agent: they are blocked, and read from a descriptor. */
#ifndef SMOLDER_AGENT_SIGNALS_H
#define SMOLDER_AGENT_SIGNALS_H

#include "base/err.h"

#include <stdbool.h>

struct agent_wishes {
	bool stop;   /* SIGTERM, SIGINT */
	bool cut;    /* SIGUSR1 */
	bool reload; /* SIGHUP */
};

/* A descriptor that is readable when there is a signal, the caller's; or a negative errno. */
int agent_signals_open(struct err *err) _warn_unused_;

/* Adds what has come to the wishes. */
void agent_signals_read(int fd, struct agent_wishes *wishes);

#endif
