/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The functions of a profile with what was spent in them. */
#ifndef SMOLDER_FORMATS_TOPLIST_H
#define SMOLDER_FORMATS_TOPLIST_H

#include "formats/callnames.h"

struct toplist_item {
	uint32_t name; /* of toplist.names */
	int64_t self;  /* samples that end in the function */
	int64_t total; /* samples that have it anywhere in their stack, once each */
};

struct toplist {
	struct callnames names;         /* functions; see callnames_detail */
	VEC(struct toplist_item) items; /* by falling self, total, then by name and module */
	int64_t total;                  /* of all samples */
};

/*
 * Of one value type. Roots (processes) and markers are no functions and not in the list.
 * -EINVAL when a value is negative; -ENOMEM, -ERANGE.
 */
int toplist_init(const struct profile *profile, uint32_t value_type, struct toplist *ret_list)
	_warn_unused_;

/* Sorts by falling total, self, then by name and module. */
void toplist_sort_by_total(struct toplist *list);

void toplist_free(struct toplist *list); /* of a list that is all zero, too */

#define _cleanup_toplist_ _cleanup_(toplist_free)

#endif
