/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Writing a store: a directory of profiles of one host, one window after the other, that can be asked
 * for any span of time (store_read.h) and opened with zstdcat. docs/FORMATS.md, "The store".
 *
 *	store_open() … store_append() for each window … store_finish(), store_free()
 *
 * A window is finished when store_append() has returned 0: from then on it outlives a kill, a power cut
 * and a full disk. One writer at a time, which holds a lock; readers need none. Not thread-safe.
 */
#ifndef SMOLDER_FORMATS_STORE_H
#define SMOLDER_FORMATS_STORE_H

#include "formats/profile.h"

struct store_options {
	const char *path;    /* made if it is not there */
	uint64_t retain_ns;  /* segments are removed when their last window is older; 0: never */
	uint64_t bytes_max;  /* the oldest segments make room for new ones; 0: no bound */
	uint64_t segment_ns; /* a segment's span: what is removed at once; 0: one hour */
	bool no_sync;        /* trust the kernel to write: windows outlive kills, not power cuts */
};

/* One moment by all clocks that matter: a step shows in the first, suspend between the others. */
struct store_clocks {
	uint64_t realtime_ns, boottime_ns, monotonic_ns;
};

/* What a window's profile does not say itself. */
struct store_window {
	struct store_clocks begin, end;
	/* The CPU time that one sample stands for; 0: the profile's period. */
	uint64_t sample_ns;
};

struct store_stats {
	uint64_t windows, windows_lost;           /* appended; not appended, for any reason */
	uint64_t segments_sealed;                 /* of writers that did not end them, too */
	uint64_t segments_removed, bytes_removed; /* by age and by bytes */
};

struct store;

/* Now, by the three clocks. */
void store_clocks_read(struct store_clocks *ret_clocks);

/*
 * Takes the store's lock, and ends the segments that a writer before has left. -EBUSY with a message
 * that names who holds the lock; -EROFS, -EACCES.
 */
int store_open(const struct store_options *options, struct store **ret_store, struct err *err)
	_warn_unused_;

/*
 * Appends a window. Host, event, rate and ledger are the profile's; the label sets of its samples (pid,
 * container_id, cgroup, …) are kept beside the text, and can be asked for. -EINVAL when the profile does not
 * count samples. On failure (-ENOSPC, …) this window is lost and counted; the next one may be appended.
 * A store that is no longer where it was is made anew.
 */
int store_append(struct store *store, const struct profile *profile,
		 const struct store_window *window, struct err *err) _warn_unused_;

/* Ends the segment that is being written. A store that was not finished loses nothing. */
int store_finish(struct store *store, struct err *err) _warn_unused_;

void store_stats(const struct store *store, struct store_stats *ret_stats);

struct store *store_free(struct store *store); /* NULL is legal; drops the lock; returns NULL */

static inline void store_cleanup_(struct store **store)
{
	store_free(*store);
}

#define _cleanup_store_ _cleanup_(store_cleanup_)

#endif
