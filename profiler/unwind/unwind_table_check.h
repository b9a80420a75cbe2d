/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Is a table that somebody else compiled one? See bpf/unwind_abi.h for what a table is. */
#ifndef SMOLDER_UNWIND_UNWIND_TABLE_CHECK_H
#define SMOLDER_UNWIND_UNWIND_TABLE_CHECK_H

#include "profiler/unwind/unwind_table.h"

/*
 * 0 when no lookup in the table, of whatever address, reads outside of it, and all its rules are rules;
 * else -EBADMSG. What the rules say may be wrong.
 */
int unwind_table_check(const struct unwind_table *table) _warn_unused_;

#endif
