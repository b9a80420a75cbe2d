/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The account of a run: the sampler's own counters and what the windows lost, summed up, and made
 * into the "samples" and "self" parts of the ledger at the end.
 */
#ifndef SMOLDER_PROFILER_ACCOUNT_H
#define SMOLDER_PROFILER_ACCOUNT_H

#include "formats/ledger.h"
#include "profiler/collect/ticks.h"
#include "profiler/collect/window.h"
#include "profiler/recording.h"
#include "profiler/sandbox/sandbox.h"

struct account {
	uint64_t stats[SMOLDER_STAT_COUNT];
	uint64_t stack_missing, no_memory;
};

void account_add_window(struct account *account, const struct window *window);

/* What the kernel recorded and what it counted as seen must come from the same, drained windows. */
void account_to_ledger(const struct account *account, const struct tick_account *ticks,
		       const struct recording *recording, struct ledger *ledger);

/*
 * CPU time and the largest resident size of this process so far, without the `mapped_bytes` of kernel
 * maps that were part of it: they are in map_bytes.
 */
void account_self(struct ledger *ledger, uint64_t mapped_bytes);

/*
 * What workers did since the last time, for "sandbox"; account_sandbox() adds what they used to "self", too.
 * NULL is legal: there were none.
 */
void account_workers(struct ledger *ledger, struct sandbox *sandbox);
void account_sandbox(struct ledger *ledger, struct sandbox *sandbox);

#endif
