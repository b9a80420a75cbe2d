/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which modules the running kernel has, from /proc/modules. */
#ifndef SMOLDER_SYMBOLIZE_KERNEL_MODULES_H
#define SMOLDER_SYMBOLIZE_KERNEL_MODULES_H

#include <stdint.h>

/* A number that changes when modules come or go, but not with who uses them; 0 where there are none. */
uint64_t kernel_modules_now(const char *path);

#endif
