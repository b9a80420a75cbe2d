// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char other_name[] = "other";

static struct ledger_reason *find_reason(struct ledger_reasons *reasons, const char *name)
{
	for (uint32_t i = 0; i < reasons->len; i++)
		if (strcmp(reasons->items[i].name, name) == 0)
			return &reasons->items[i];
	return NULL;
}

void ledger_reasons_add(struct ledger_reasons *reasons, const char *name, uint64_t count)
{
	struct ledger_reason *reason;

	if (strlen(name) >= LEDGER_REASON_LEN)
		name = other_name;
	reason = find_reason(reasons, name);
	if (!reason && reasons->len == LEDGER_REASONS_MAX) {
		name = other_name;
		reason = find_reason(reasons, name);
	}
	if (!reason && reasons->len == LEDGER_REASONS_MAX)
		reason = &reasons->items[LEDGER_REASONS_MAX - 1];
	else if (!reason)
		reason = &reasons->items[reasons->len++];
	snprintf(reason->name, sizeof(reason->name), "%s", name);
	reason->count += count;
}

uint64_t ledger_reasons_sum(const struct ledger_reasons *reasons)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < reasons->len; i++)
		sum += reasons->items[i].count;
	return sum;
}

int64_t ledger_gap(const struct ledger *ledger)
{
	uint64_t sum = ledger->samples.recorded + ledger->samples.idle + ledger->samples.filtered +
		       ledger->samples.skipped + ledger->samples.offline +
		       ledger_reasons_sum(&ledger->samples.lost);

	return (int64_t)(ledger->samples.expected - sum);
}

static void merge_reasons(struct ledger_reasons *into, const struct ledger_reasons *from)
{
	for (uint32_t i = 0; i < from->len; i++)
		ledger_reasons_add(into, from->items[i].name, from->items[i].count);
}

static void merge_samples(struct ledger *into, const struct ledger *from)
{
	into->samples.expected += from->samples.expected;
	into->samples.recorded += from->samples.recorded;
	into->samples.idle += from->samples.idle;
	into->samples.filtered += from->samples.filtered;
	into->samples.skipped += from->samples.skipped;
	into->samples.offline += from->samples.offline;
	merge_reasons(&into->samples.lost, &from->samples.lost);
}

static void merge_stacks(struct ledger *into, const struct ledger *from)
{
	into->stacks.user += from->stacks.user;
	into->stacks.user_complete += from->stacks.user_complete;
	into->stacks.kernel += from->stacks.kernel;
	into->stacks.distinct += from->stacks.distinct;
	into->stacks.rescued_collisions += from->stacks.rescued_collisions;
	merge_reasons(&into->stacks.incomplete, &from->stacks.incomplete);
}

/* The mean cost of a sample, each side weighted by the samples it recorded. */
static uint64_t mean_cost(const struct ledger *a, const struct ledger *b)
{
	unsigned __int128 sum = (unsigned __int128)a->self.bpf_ns_per_sample * a->samples.recorded +
				(unsigned __int128)b->self.bpf_ns_per_sample * b->samples.recorded;
	uint64_t count = (a->self.bpf_ns_per_sample ? a->samples.recorded : 0) +
			 (b->self.bpf_ns_per_sample ? b->samples.recorded : 0);

	return count ? (uint64_t)(sum / count) : 0;
}

static void merge_self(struct ledger *into, const struct ledger *from)
{
	into->self.bpf_ns_per_sample = mean_cost(into, from);
	into->self.cpu_ns += from->self.cpu_ns;
	into->self.rss_bytes = MAX(into->self.rss_bytes, from->self.rss_bytes);
	into->self.map_bytes = MAX(into->self.map_bytes, from->self.map_bytes);
}

void ledger_merge(struct ledger *into, const struct ledger *from)
{
	if (!from->event[0])
		return;
	if (!into->event[0]) {
		*into = *from;
		return;
	}
	if (strcmp(into->event, from->event) != 0)
		snprintf(into->event, sizeof(into->event), "mixed");
	if (into->frequency_hz != from->frequency_hz)
		into->frequency_hz = 0;
	into->duration_ns += from->duration_ns;
	into->cpus = MAX(into->cpus, from->cpus);
	merge_self(into, from);
	merge_samples(into, from);
	merge_stacks(into, from);
	into->frames.distinct += from->frames.distinct;
	into->frames.named += from->frames.named;
	merge_reasons(&into->frames.unnamed, &from->frames.unnamed);
	merge_reasons(&into->frames.left_out, &from->frames.left_out);
	into->sandbox.workers += from->sandbox.workers;
	merge_reasons(&into->sandbox.failed, &from->sandbox.failed);
}

static void append_lost(const struct ledger_reasons *lost, struct buf *out)
{
	if (!ledger_reasons_sum(lost)) {
		buf_append_str(out, "; nothing lost");
		return;
	}
	buf_appendf(out, "; %" PRIu64 " lost (", ledger_reasons_sum(lost));
	for (uint32_t i = 0; i < lost->len; i++)
		buf_appendf(out, "%s%s %" PRIu64, i ? ", " : "", lost->items[i].name,
			    lost->items[i].count);
	buf_append_byte(out, ')');
}

void ledger_to_line(const struct ledger *ledger, struct buf *out)
{
	const struct {
		const char *name;
		uint64_t count;
	} classes[] = {
		{"idle", ledger->samples.idle},
		{"filtered", ledger->samples.filtered},
		{"skipped", ledger->samples.skipped},
		{"offline", ledger->samples.offline},
	};
	int64_t gap = ledger_gap(ledger);

	buf_appendf(out, "%" PRIu64 " ticks due: %" PRIu64 " recorded", ledger->samples.expected,
		    ledger->samples.recorded);
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++)
		if (classes[i].count)
			buf_appendf(out, ", %" PRIu64 " %s", classes[i].count, classes[i].name);
	append_lost(&ledger->samples.lost, out);
	if (ledger_reasons_sum(&ledger->sandbox.failed))
		buf_appendf(out, "; %" PRIu64 " times a worker failed at an object",
			    ledger_reasons_sum(&ledger->sandbox.failed));
	if (gap)
		buf_appendf(out, "; %" PRIu64 " %s", (uint64_t)(gap < 0 ? -gap : gap),
			    gap < 0 ? "more than due" : "unaccounted for");
}
