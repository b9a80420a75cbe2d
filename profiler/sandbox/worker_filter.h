/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The system calls a worker may make: reading what it has, memory that is not executable, and the
 * socket it is spoken to on. Any other kills it. A zygote's filter allows besides to fork, and what a
 * worker does before it installs its own.
 */
#ifndef SMOLDER_SANDBOX_WORKER_FILTER_H
#define SMOLDER_SANDBOX_WORKER_FILTER_H

#include <stdbool.h>

/* 0 or -errno: -EINVAL where the kernel has no seccomp filters. Needs PR_SET_NO_NEW_PRIVS. */
int worker_filter_install(bool zygote);

#endif
