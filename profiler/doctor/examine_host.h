/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Runs all checks and prints their table, with what to do below it, on standard output. */
#ifndef SMOLDER_DOCTOR_EXAMINE_HOST_H
#define SMOLDER_DOCTOR_EXAMINE_HOST_H

#include <stdbool.h>

/* Would a recording of the whole host work? */
bool examine_host(void);

#endif
