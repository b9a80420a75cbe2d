/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An unwind table as a worker answers it: the table's bytes, and behind them, in the END, what is said of
 * them. Who reads it trusts nothing: what is not refused is a table that leads nowhere but into itself.
 */
#ifndef SMOLDER_SANDBOX_WORKER_TABLE_H
#define SMOLDER_SANDBOX_WORKER_TABLE_H

#include "profiler/unwind/unwind_table.h"

/* What is said of a table; its bytes travel apart. */
void worker_table_describe(const struct unwind_table *table, struct buf *description);

/*
 * Takes `bytes` over on success. 0, -EBADMSG (no table, or a broken one) or -ENOMEM.
 */
int worker_table_read(struct byte_reader *description, struct buf *bytes,
		      struct unwind_table *ret_table) _warn_unused_;

#endif
