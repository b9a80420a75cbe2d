/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which samples are wanted, by their labels: one of the values given for each key that any was given
 * for. Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_LABEL_FILTER_H
#define SMOLDER_FORMATS_LABEL_FILTER_H

#include "formats/profile.h"

#define LABEL_FILTER_TERMS_MAX 64

enum label_match {
	LABEL_MATCH_PATTERN,   /* shell pattern, as fnmatch(3) without flags has it */
	LABEL_MATCH_COMPONENT, /* the same, of one of a path's components */
	LABEL_MATCH_BELOW,     /* this path, or one below it */
	LABEL_MATCH_START,     /* the label's text begins with it */
	LABEL_MATCH_NUMBER,
};

struct label_term {
	const char *key, *text; /* borrowed */
	enum label_match match;
	int64_t number;
};

struct label_filter { /* all zero: everything is wanted */
	struct label_term terms[LABEL_FILTER_TERMS_MAX];
	size_t len;
};

/* Is a sample with this label set wanted? */
bool label_filter_wants(const struct label_filter *filter, const struct profile *profile,
			uint32_t label_set);

/* Drops the samples that are not wanted. 0 or -ENOMEM: then the profile is good for nothing. */
int label_filter_apply(const struct label_filter *filter, struct profile *profile) _warn_unused_;

#endif
