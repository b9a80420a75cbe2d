/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a span of a store's windows has to say about itself: gaps, lost windows, clock steps, suspends,
 * damage. Window by window in the order of writing; then put into a profile as comments.
 */
#ifndef SMOLDER_FORMATS_STORE_NOTES_H
#define SMOLDER_FORMATS_STORE_NOTES_H

#include "base/vec.h"
#include "formats/store_record.h"

#define STORE_NOTES_STEPS_MAX 16
#define STORE_NOTES_DAMAGES_MAX 16

struct store_notes {
	uint64_t windows, windows_lost;
	uint64_t begin_ns, end_ns; /* realtime, of all windows */
	uint64_t uncovered_ns, suspended_ns;
	struct store_step {
		uint64_t at_ns; /* realtime, after it */
		int64_t by_ns;
	} steps[STORE_NOTES_STEPS_MAX];
	size_t steps_len, steps_more;
	struct err damages[STORE_NOTES_DAMAGES_MAX];
	size_t damages_len, damages_more;

	/* The end of the window before, and its boot. */
	struct store_clocks last;
	char last_boot_id[STORE_RECORD_BOOT_ID_LEN];
};

void store_notes_window(struct store_notes *notes, const struct store_record *record);

/* Something could not be read, and why. */
void store_notes_damage(struct store_notes *notes, const struct err *why);

/* 0 or -ENOMEM. */
int store_notes_put(const struct store_notes *notes, struct profile *profile) _warn_unused_;

#endif
