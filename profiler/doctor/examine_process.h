/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what a recording would find of one process, on standard output. */
#ifndef SMOLDER_DOCTOR_EXAMINE_PROCESS_H
#define SMOLDER_DOCTOR_EXAMINE_PROCESS_H

#include "base/err.h"

#include <stdint.h>

/* 0, or < 0 with a message when there is no such process or it cannot be looked at. */
int examine_process(uint32_t pid, struct err *err) _warn_unused_;

#endif
