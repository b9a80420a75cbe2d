/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the units of an object say about an address: the function, the calls inlined there, the line.
 *
 * It is an index of which unit covers which addresses, and of each unit an index (unit_index.h), made
 * at the first hit in it by whoever reads units (DWARF, Go's tables), or found in the cache.
 */
#ifndef SMOLDER_SYMBOLIZE_UNIT_NAMES_H
#define SMOLDER_SYMBOLIZE_UNIT_NAMES_H

#include "symbolize/index_file.h"

/* Who reads units; the first member of what it needs for that. */
struct unit_source {
	/* Builds the index of a unit, which the caller frees. 0, -ENOENT (no such unit) or -ENOMEM. */
	int (*build)(struct unit_source *source, uint32_t number,
		     struct unit_index_header **ret_block);
	void (*close)(struct unit_source *source); /* frees all of it */
	uint64_t cut_cnt; /* what was cut or left out because a budget of the source's ran out */
	bool is_partial;  /* what was built last lacks a file, which may be there another time */
};

struct unit_names_unit {
	struct unit_index index;
	struct unit_index_header *owned; /* built by us; else it is the cache's */
	uint32_t number;                 /* in the source */
	bool is_open;                    /* index can be asked */
	bool is_broken;                  /* there is nothing to ask */
	bool is_partial;                 /* not for the cache */
};

struct unit_names {
	struct unit_source *source; /* NULL until the cache lacks a unit; owned */
	struct index_file cached;   /* a view of it: not ours to close */
	VEC(struct unit_names_unit) units;
	struct intervals ranges; /* value: the unit; the cache's when there is one */
	uint64_t cut_cnt;        /* of the ranges, and of what made the cache */
	uint64_t lost_cnt;       /* units broken in the cache, or partial, this time */
	bool is_changed;         /* has units that the cache has not */
};

/* Without units yet; the source is taken over, even on failure. NULL: out of memory. */
struct unit_names *unit_names_new(struct unit_source *source);

/* Adds a unit, and then each range of addresses that the last one covers. 0 or -ENOMEM. */
int unit_names_add(struct unit_names *names, uint32_t number) _warn_unused_;
int unit_names_add_range(struct unit_names *names, uint64_t start, uint64_t limit) _warn_unused_;

/* Adds what the last unit's own index covers: for one that does not say. 0 or -ENOMEM. */
int unit_names_add_built(struct unit_names *names) _warn_unused_;

/* Makes it ready for lookups. 0 or -ENOMEM. */
int unit_names_seal(struct unit_names *names) _warn_unused_;

/* A whole one from the cache, which must outlive the result. 0 or -ENOMEM. */
int unit_names_open_cached(const struct index_file *cached, struct unit_names **ret_names)
	_warn_unused_;

/* Would a lookup of this address need the source, which is not there yet? */
bool unit_names_lacks(struct unit_names *names, uint64_t address);

/* Gives the source, from which the cache was made, for units that the cache lacks; takes it over. */
void unit_names_attach(struct unit_names *names, struct unit_source *source);

/*
 * Makes indexes that nobody asked for, until the thread has used this CPU time (CLOCK_THREAD_CPUTIME_ID) or
 * all are made. How many units still lack theirs: all that do, without a source.
 */
size_t unit_names_complete(struct unit_names *names, uint64_t until_cpu_ns);

/* What there is of each unit, for the cache. 0 or -ENOMEM. */
int unit_names_collect(struct unit_names *names, struct index_units *units) _warn_unused_;

struct unit_names *unit_names_close(struct unit_names *names); /* NULL is legal */

/*
 * False when no unit knows anything of the address. Strings belong to `names`; they are at most a
 * byte longer than NAMEPOOL_LEN_MAX.
 */
bool unit_names_find(struct unit_names *names, uint64_t address, struct unit_chain *ret_chain);

/* What our caps cost, of all units so far. */
uint64_t unit_names_cut(const struct unit_names *names);

#endif
