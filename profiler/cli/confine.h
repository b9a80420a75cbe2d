/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The sandbox of a verb, and what its user is to know of it. */
#ifndef SMOLDER_CLI_CONFINE_H
#define SMOLDER_CLI_CONFINE_H

#include "profiler/sandbox/sandbox.h"

/*
 * NULL when it is not wanted (--no-sandbox), which is said aloud, as is what it lacks here. 0, or -ENOMEM,
 * told.
 */
int confine_open(bool unwanted, struct sandbox **ret_sandbox) _warn_unused_;

/* Warns of files that workers failed at, so that nothing in them has a name. NULL is legal. */
void confine_tell_failures(struct sandbox *sandbox);

#endif
