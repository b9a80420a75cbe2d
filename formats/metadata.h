/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a profile says about itself besides its samples, as one JSON object: the viewer's meta, the
 * report's, and the skippable frame in front of .folded.zst. docs/FORMATS.md, "Metadata".
 */
#ifndef SMOLDER_FORMATS_METADATA_H
#define SMOLDER_FORMATS_METADATA_H

#include "formats/profile.h"

/* Appends the object, one line, without newline. `value_type`: the one the file shows. */
void metadata_append(const struct profile *profile, uint32_t value_type, struct buf *out);

/* As metadata_append(), without the ledger. */
void metadata_append_facts(const struct profile *profile, uint32_t value_type, struct buf *out);

/* Appends the ledger as JSON, or null when there is none. */
void metadata_append_ledger(const struct profile *profile, struct buf *out);

/*
 * Puts the object's facts into a profile just read from folded text, whose only value type is the
 * one described. With a CPU period, time is added as the second value type: count * period.
 * Unknown keys are ignored; -EINVAL with a message.
 */
int metadata_apply(const char *text, size_t len, struct profile *profile, struct err *err)
	_warn_unused_;

#endif
