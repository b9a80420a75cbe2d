/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is said at the end of a run, and of a file. */
#ifndef SMOLDER_CLI_SUMMARY_H
#define SMOLDER_CLI_SUMMARY_H

#include "formats/profile.h"

/* The ten hottest functions by self time, on standard output. */
void summary_print_hottest(const struct profile *profile);

/* The ledger in one line, on standard error, and a warning when it does not close. */
void summary_tell_ledger(const struct ledger *ledger);

#endif
