/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Asking a store: the windows of a span of time as one profile. Takes no lock; a writer may be at work. A
 * store may come from anywhere: nothing in it is believed unchecked.
 */
#ifndef SMOLDER_FORMATS_STORE_READ_H
#define SMOLDER_FORMATS_STORE_READ_H

#include "formats/label_filter.h"
#include "formats/profile.h"

struct store_query {
	/* Realtime. Windows that touch [from, to) are taken whole. */
	uint64_t from_ns, to_ns;           /* 0 and UINT64_MAX: all there is */
	const struct label_filter *filter; /* NULL: all samples */
};

/* Is this path a directory? Then it is a store, or nothing that can be read. */
bool store_is_store(const char *path);

/*
 * Samples count ticks, and time is each window's count times what one of its samples stands for, so that
 * totals of time are right across windows of different rates. The label sets are the windows'. What was
 * found is told in the profile's comments: how many windows, which part of the span they do not cover,
 * windows lost, clock steps, suspends, damage.
 *
 * -ENODATA with a message that tells the store's span when no window touches the query's; -ENOTDIR,
 * -ENOENT, -EACCES; -EINVAL when the directory is no store; -ERANGE, -EFBIG, -ENOMEM.
 */
int store_read(const char *path, const struct store_query *query, struct profile **ret_profile,
	       struct err *err) _warn_unused_;

#endif
