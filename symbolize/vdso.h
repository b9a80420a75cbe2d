/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* This machine's vDSO as a file. Every 64-bit process has the same one, at an address of its own. */
#ifndef SMOLDER_SYMBOLIZE_VDSO_H
#define SMOLDER_SYMBOLIZE_VDSO_H

#include "base/cleanup.h"

/* A descriptor of a memfd with our own process's vDSO image; -ENOENT without one, or an errno. */
int vdso_open(void) _warn_unused_;

#endif
