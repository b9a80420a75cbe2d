// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/account.h"

#include "base/clock.h"

#include <sys/resource.h>

void account_add_window(struct account *account, const struct window *window)
{
	for (uint32_t stat = 0; stat < SMOLDER_STAT_COUNT; stat++)
		account->stats[stat] += window->stats[stat];
	account->stack_missing += window->stack_missing;
	account->no_memory += window->no_memory;
}

static void add_losses(const struct account *account, const struct tick_account *ticks,
		       const struct recording *recording, struct ledger_reasons *lost)
{
	const struct {
		const char *reason;
		uint64_t count;
	} losses[] = {
		{"count map full", account->stats[SMOLDER_STAT_LOST_COUNT_MAP]},
		{"count map busy", account->stats[SMOLDER_STAT_LOST_BUSY]},
		{"sample ring full", account->stats[SMOLDER_STAT_LOST_RING]},
		{"kernel helper failed", account->stats[SMOLDER_STAT_LOST_OTHER]},
		{"profiler stalled", account->stats[SMOLDER_STAT_UNATTENDED]},
		{"stack missing", account->stack_missing},
		{"no memory", account->no_memory},
		{"recording full", recording->lost_full},
		{"event stopped by the kernel", ticks->stopped},
		{"paused by the kill switch", ticks->paused},
		{"rate being changed", ticks->held},
	};

	for (size_t i = 0; i < ARRAY_SIZE(losses); i++)
		if (losses[i].count)
			ledger_reasons_add(lost, losses[i].reason, losses[i].count);
}

/*
 * Only what the event itself counted and the program never saw is "skipped"; recorded samples are
 * those that arrived, not those the kernel says it counted, so a loss on the way shows as a gap.
 */
void account_to_ledger(const struct account *account, const struct tick_account *ticks,
		       const struct recording *recording, struct ledger *ledger)
{
	uint64_t seen = account->stats[SMOLDER_STAT_SEEN];
	uint64_t unseen = ticks->delivered > seen ? ticks->delivered - seen : 0;
	uint64_t halted = MIN(ticks->idle, unseen);

	ledger->cpus = ticks->cpus;
	ledger->samples.expected = ticks->expected;
	ledger->samples.recorded = recording->recorded;
	ledger->samples.idle = account->stats[SMOLDER_STAT_IDLE] + halted;
	ledger->samples.filtered = account->stats[SMOLDER_STAT_FILTERED];
	ledger->samples.skipped = unseen - halted;
	ledger->samples.offline = ticks->offline;
	add_losses(account, ticks, recording, &ledger->samples.lost);
	ledger->stacks.rescued_collisions = account->stats[SMOLDER_STAT_EXACT];
	if (seen)
		ledger->self.bpf_ns_per_sample = account->stats[SMOLDER_STAT_RUN_NS] / seen;
}

static uint64_t ns_of_timeval(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * NS_PER_SEC + (uint64_t)time->tv_usec * 1000;
}

void account_self(struct ledger *ledger, uint64_t mapped_bytes)
{
	struct rusage usage;
	uint64_t peak_bytes;

	getrusage(RUSAGE_SELF, &usage);
	ledger->self.cpu_ns = ns_of_timeval(&usage.ru_utime) + ns_of_timeval(&usage.ru_stime);
	peak_bytes = (uint64_t)usage.ru_maxrss * 1024;
	ledger->self.rss_bytes = peak_bytes - MIN(mapped_bytes, peak_bytes);
}

static void add_workers(struct ledger *ledger, const struct sandbox_counters *counters)
{
	ledger->sandbox.workers += counters->workers;
	for (uint32_t i = 0; i < SANDBOX_FAILURE_CNT; i++)
		if (counters->failed[i])
			ledger_reasons_add(&ledger->sandbox.failed,
					   sandbox_failure_name((enum sandbox_failure)i),
					   counters->failed[i]);
}

void account_workers(struct ledger *ledger, struct sandbox *sandbox)
{
	struct sandbox_counters counters;

	if (!sandbox)
		return;
	sandbox_take_counters(sandbox, &counters);
	add_workers(ledger, &counters);
}

void account_sandbox(struct ledger *ledger, struct sandbox *sandbox)
{
	struct sandbox_counters counters;

	if (!sandbox)
		return;
	sandbox_take_counters(sandbox, &counters);
	ledger->self.cpu_ns += counters.cpu_ns;
	ledger->self.rss_bytes += counters.rss_bytes;
	add_workers(ledger, &counters);
}
