/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Folded text read into a profile, piece by piece. Neighbours in sorted text mostly share their
 * beginning, which is read once.
 */
#ifndef SMOLDER_FORMATS_FOLDED_READER_H
#define SMOLDER_FORMATS_FOLDED_READER_H

#include "formats/profile.h"

struct folded_reader;

/*
 * Reads into `profile`, which is borrowed and has the value type samples/count, or that and cpu/nanoseconds
 * behind it. 0 or -ENOMEM.
 */
int folded_reader_new(struct profile *profile, struct folded_reader **ret_reader) _warn_unused_;
struct folded_reader *folded_reader_free(struct folded_reader *reader); /* returns NULL */

struct folded_piece {
	const char *text; /* whole lines */
	size_t len;
	uint32_t labels;   /* the samples' label set; PROFILE_NONE: by their root */
	int64_t sample_ns; /* CPU time that one sample stands for, if the profile has that */
};

/*
 * Adds the lines' samples. A line that is not of the grammar fails with -EINVAL and a message that begins
 * with "line N", counted from the reader's first; -ERANGE, -EFBIG, -ENOMEM.
 */
int folded_reader_add(struct folded_reader *reader, const struct folded_piece *piece,
		      struct err *err) _warn_unused_;

static inline void folded_reader_cleanup_(struct folded_reader **reader)
{
	folded_reader_free(*reader);
}

#define _cleanup_folded_reader_ _cleanup_(folded_reader_cleanup_)

#endif
