/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The capabilities this process may use now: capabilities(7). */
#ifndef SMOLDER_DOCTOR_RIGHTS_H
#define SMOLDER_DOCTOR_RIGHTS_H

#include <linux/capability.h>
#include <stdbool.h>

/* Since Linux 5.8 and 5.9; older headers do not know them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#ifndef CAP_CHECKPOINT_RESTORE
#define CAP_CHECKPOINT_RESTORE 40
#endif

/* Is it in the effective set? */
bool rights_held(unsigned int capability);

/* Are we in the host's user namespace? In any other, capabilities do not count for BPF or perf. */
bool rights_count(void);

#endif
