/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Folded stacks, "comm;outermost;…;leaf COUNT": docs/FORMATS.md, "Folded text". One value type is
 * written: profile_count_type().
 */
#ifndef SMOLDER_FORMATS_FOLDED_H
#define SMOLDER_FORMATS_FOLDED_H

#include "formats/profile.h"
#include "formats/sink.h"

/* Text: lines unique and sorted by their bytes. */
int folded_write(const struct profile *profile, struct sink *sink, struct err *err) _warn_unused_;

struct folded_part {
	uint32_t labels; /* a label set of the profile */
	uint64_t lines;  /* of its samples: as many lines, behind those of the parts before */
};

struct folded_parts {
	struct folded_part *items;
	size_t len, cap;
};

/*
 * The same with each label set's lines by themselves, sorted within: parts, which are appended to `parts`
 * (the caller frees it with vec_free()), in the order of their roots. All lines have a root.
 */
int folded_write_parts(const struct profile *profile, struct sink *sink, struct folded_parts *parts,
		       struct err *err) _warn_unused_;

/* As folded_write(), in one zstd frame behind a skippable frame with the metadata. */
int folded_write_zstd(const struct profile *profile, struct sink *sink, struct err *err)
	_warn_unused_;

/*
 * Reads text into a profile of the one value type samples/count. A line that is not of the grammar
 * fails with -EINVAL and a message that begins with "line N"; -EFBIG above the caps.
 */
int folded_read(const char *text, size_t len, struct profile **ret_profile, struct err *err)
	_warn_unused_;

#endif
