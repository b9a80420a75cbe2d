/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ledger: what became of every tick of every CPU. It closes when
 *
 *	expected == recorded + idle + filtered + skipped + offline + sum(lost)
 *
 * within one tick per CPU (the one a window edge can cut). docs/FORMATS.md, "Ledger", defines each
 * class. Plain data plus its JSON form; not thread-safe.
 */
#ifndef SMOLDER_FORMATS_LEDGER_H
#define SMOLDER_FORMATS_LEDGER_H

#include "base/buf.h"
#include "base/err.h"

#define LEDGER_REASON_LEN 48
#define LEDGER_REASONS_MAX 32

/* Counts by name, in order of first use; names are unique. All zero: empty and valid. */
struct ledger_reasons {
	struct ledger_reason {
		char name[LEDGER_REASON_LEN];
		uint64_t count;
	} items[LEDGER_REASONS_MAX];
	uint32_t len;
};

struct ledger {
	char event[32];        /* "cpu-clock", "cycles"; "" when there is no ledger */
	uint32_t frequency_hz; /* 0 after a merge of different rates */
	uint64_t duration_ns;
	uint32_t cpus;
	struct {
		uint64_t expected, recorded, idle, filtered, skipped, offline;
		struct ledger_reasons lost;
	} samples;
	struct {
		uint64_t user,
			user_complete; /* samples with a user stack; those that reach its base */
		struct ledger_reasons incomplete;
		uint64_t kernel;   /* samples with a kernel stack */
		uint64_t distinct; /* distinct (user, kernel) stacks */
		uint64_t rescued_collisions;
	} stacks;
	struct {
		uint64_t distinct, named;
		struct ledger_reasons unnamed;
		struct ledger_reasons left_out; /* of what there is to tell of them, uncounted */
	} frames;
	struct {
		uint64_t bpf_ns_per_sample; /* 0: not measured */
		uint64_t cpu_ns, rss_bytes, map_bytes;
	} self;
	struct {
		uint64_t workers; /* processes without privileges that parsed others' files */
		struct ledger_reasons failed; /* objects: what became of their workers */
	} sandbox;
};

/*
 * Adds to the count of that name. A name too many, or too long, goes to the last item, renamed
 * "other": the sum is always right.
 */
void ledger_reasons_add(struct ledger_reasons *reasons, const char *name, uint64_t count);
uint64_t ledger_reasons_sum(const struct ledger_reasons *reasons);

/* expected minus the sum of the classes: 0 when it closes exactly; negative: more ticks than due. */
int64_t ledger_gap(const struct ledger *ledger);

/* Sums counts and durations; the larger of cpus, rss_bytes and map_bytes; rates as said above. */
void ledger_merge(struct ledger *into, const struct ledger *from);

/* One JSON object, one line, keys in the order of docs/FORMATS.md, no final newline. */
void ledger_to_json(const struct ledger *ledger, struct buf *out);

/* The same back; unknown keys are ignored, missing ones are zero. -EINVAL with a message. */
int ledger_from_json(const char *text, size_t len, struct ledger *ret_ledger, struct err *err)
	_warn_unused_;

/* The ledger in one line for people, without newline. */
void ledger_to_line(const struct ledger *ledger, struct buf *out);

#endif
