/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a store says about one window besides its text, as one line of JSON: docs/FORMATS.md, "The
 * store". Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_STORE_RECORD_H
#define SMOLDER_FORMATS_STORE_RECORD_H

#include "formats/folded.h"
#include "formats/sink.h"
#include "formats/store.h"

#define STORE_RECORD_BOOT_ID_LEN 40

struct store_record {
	struct store_window window;
	char boot_id[STORE_RECORD_BOOT_ID_LEN]; /* "" unknown */
	uint64_t windows_lost;                  /* since the window before */
	struct sink_sum text; /* of all the segment's text up to the end of this window's */
	uint64_t frame_end;   /* of the segment's zstd frame, up to the end of this window's text */
	struct profile *facts;    /* owned; no samples: the description, and the rows' label sets */
	struct folded_parts rows; /* owned; `labels` are label sets of `facts` */
};

/*
 * Appends the record's JSON; description and label sets are taken from `profile`, whose parts `parts`
 * are, instead of from `facts` and `rows`.
 */
void store_record_append(const struct store_record *record, const struct profile *profile,
			 const struct folded_parts *parts, struct buf *out);

/* The same back; unknown keys are ignored. -EINVAL with a message; -ENOMEM. */
int store_record_parse(const char *text, size_t len, struct store_record *ret_record,
		       struct err *err) _warn_unused_;

void store_record_free(struct store_record *record); /* of one that is all zero, too */

#define _cleanup_store_record_ _cleanup_(store_record_free)

#endif
