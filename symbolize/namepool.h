/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Strings that stay where they are, each distinct one once, and their demangled forms: a name is
 * demangled once however many objects and addresses carry it.
 */
#ifndef SMOLDER_SYMBOLIZE_NAMEPOOL_H
#define SMOLDER_SYMBOLIZE_NAMEPOOL_H

#include "base/buf.h"
#include "base/hashindex.h"
#include "base/vec.h"

struct namepool_entry {
	const char *text;
	const char *readable; /* NULL: not asked for yet */
	size_t len;
};

struct namepool { /* all zero: empty and valid */
	VEC(struct namepool_entry) entries;
	VEC(char *) blocks;
	struct hashindex index;
	struct buf scratch;
	size_t block_used, block_len, total_len;
	size_t cut_cnt; /* strings longer than NAMEPOOL_LEN_MAX, kept without their tails */
};

#define NAMEPOOL_LEN_MAX 16384                 /* bytes of one string */
#define NAMEPOOL_TOTAL_MAX (256 * 1024 * 1024) /* bytes of them all */

/* The one copy of `text`, valid as long as the pool, or NULL: out of memory or over the cap. */
const char *namepool_intern(struct namepool *pool, const char *text);

/*
 * The readable form of a symbol name and, in *ret_system_name, the name itself: the same pointer
 * when the name is not mangled. NULL (and *ret_system_name untouched): out of memory or over the cap.
 */
const char *namepool_demangle(struct namepool *pool, const char *system_name,
			      const char **ret_system_name);

void namepool_free(struct namepool *pool);

#endif
