/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A process that a user names by its number, to look at the code it runs now. */
#ifndef SMOLDER_PROFILER_PROCESS_USER_PROCESS_H
#define SMOLDER_PROFILER_PROCESS_USER_PROCESS_H

#include "base/err.h"
#include "bpf/abi.h"

#include <stdint.h>

struct user_process {
	struct smolder_task task; /* its start is rounded, as /proc tells it; its generation is 0 */
	uint32_t own_tgid;        /* what it knows itself by, in its innermost pid namespace */
	char comm[SMOLDER_COMM_LEN];
};

/* Who it is; < 0 with a message when there is no such process, or nothing that has user code. */
int user_process_find(uint32_t pid, struct user_process *ret_process, struct err *err)
	_warn_unused_;

#endif
