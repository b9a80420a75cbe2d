/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Interned strings: each distinct string once, named by a small id. Id 0 is always "".
 * Strings may hold any byte, NUL included (a NUL is also kept behind each). Ids are given in order
 * of first sight. Pointers stay valid until the next strtab_intern(), which may be given one (or a
 * part of what it points to). Not thread-safe.
 */
#ifndef SMOLDER_BASE_STRTAB_H
#define SMOLDER_BASE_STRTAB_H

#include "base/buf.h"
#include "base/hashindex.h"
#include "base/vec.h"

#define STRTAB_NONE UINT32_MAX

struct strtab {
	struct buf bytes; /* set bytes.max_len to cap the table */
	VEC(size_t) ends; /* ends[id]: the position of the NUL behind string `id` */
	struct hashindex index;
};

int strtab_init(struct strtab *strtab) _warn_unused_; /* 0 or -ENOMEM */
void strtab_free(struct strtab *strtab);

/* The id of the string, added if it is new; STRTAB_NONE when memory or the cap ran out. */
uint32_t strtab_intern_len(struct strtab *strtab, const char *text, size_t len);
uint32_t strtab_intern(struct strtab *strtab, const char *text);

/* The id of a string that is in the table, or STRTAB_NONE. */
uint32_t strtab_find(const struct strtab *strtab, const char *text, size_t len);

const char *strtab_get(const struct strtab *strtab, uint32_t id);
size_t strtab_len(const struct strtab *strtab, uint32_t id); /* bytes, without the NUL */

static inline uint32_t strtab_count(const struct strtab *strtab)
{
	return (uint32_t)strtab->ends.len;
}

#endif
