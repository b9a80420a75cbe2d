/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Prints what a recording would find of one process, on standard output. */
#ifndef SMOLDER_DOCTOR_EXAMINE_PROCESS_H
#define SMOLDER_DOCTOR_EXAMINE_PROCESS_H

#include "base/err.h"
#include "profiler/sandbox/sandbox.h"

#include <stdint.h>

/* As survey_process(): 0, or < 0 with a message when there is no such process or it cannot be looked at. */
int examine_process(uint32_t pid, struct sandbox *sandbox, struct err *err) _warn_unused_;

#endif
