/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The rights the agent keeps, and the rest given up for good. */
#ifndef SMOLDER_AGENT_PRIVILEGES_H
#define SMOLDER_AGENT_PRIVILEGES_H

#include "base/err.h"

/*
 * Gives up all capabilities but those the agent works with, for itself and for all it may ever execute. Of
 * these, what it does not have it does not get. Call it before any thread is made.
 */
int privileges_reduce(struct err *err) _warn_unused_;

#endif
