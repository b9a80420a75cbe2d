/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What is told of a profile: at the end of a run, and by `smolder report`. */
#ifndef SMOLDER_CLI_SUMMARY_H
#define SMOLDER_CLI_SUMMARY_H

#include "base/err.h"
#include "formats/profile.h"

/* The value type people want to see: samples/count, else the profile's default. */
uint32_t summary_value_type(const struct profile *profile);

/* The hottest functions, on standard output: self, total, name, module. */
int summary_print_hottest(const struct profile *profile, uint32_t count, struct err *err)
	_warn_unused_;

/* Where, when, at what rate: on standard output. */
void summary_print_origin(const struct profile *profile);

/* The ledger in one line, on standard error, and a warning when it does not close. */
void summary_tell_ledger(const struct ledger *ledger);

#endif
