/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Unwind tables of files that others wrote, compiled by a worker. */
#ifndef SMOLDER_SANDBOX_CONFINED_TABLE_H
#define SMOLDER_SANDBOX_CONFINED_TABLE_H

#include "profiler/sandbox/sandbox.h"
#include "profiler/unwind/unwind_table.h"

/*
 * As unwind_table_compile(), by a worker, or in this process without a sandbox or when the source is
 * memory, which is ours. -EPIPE: the worker failed at it.
 */
int confined_table_compile(struct sandbox *sandbox, struct elf_source source,
			   struct unwind_table *ret_table, struct err *err) _warn_unused_;

#endif
