/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What one compile unit says of its code, packed into one block of bytes: functions, the calls inlined
 * into them, lines and the strings of it all. It answers by binary search, holds offsets instead of
 * pointers, and so is the same in memory, in a file and mapped from one (where it starts at a multiple
 * of 8, in the byte order of the machine).
 *
 *	header | starts of pieces | pieces | scopes | starts of rows | rows | files | strings
 *
 * A piece is a run of addresses with one innermost scope; a scope a function or an inlined call; a row
 * the line from its start up to the next row's. Starts, which are all that a search looks at, stand
 * close together. Addresses are distances from the header's base.
 */
#ifndef SMOLDER_SYMBOLIZE_UNIT_INDEX_H
#define SMOLDER_SYMBOLIZE_UNIT_INDEX_H

#include "base/strtab.h"
#include "symbolize/intervals.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNIT_INDEX_NONE UINT32_MAX
#define UNIT_INDEX_DEPTH_MAX 128 /* functions inlined into one another */

struct unit_index_header {
	uint64_t checksum; /* of all that follows it (XXH3) */
	uint64_t base;
	uint32_t len; /* of the whole block, a multiple of 8 */
	uint32_t piece_cnt, scope_cnt, row_cnt, file_cnt, strings_len;
};

struct unit_piece {
	uint32_t limit, scope;
};

struct unit_scope {                    /* strings are offsets; 0: "", not known */
	uint32_t parent;               /* a scope before this; UNIT_INDEX_NONE: physical */
	uint32_t depth;                /* 0: physical; else the parent's and one */
	uint32_t call_file, call_line; /* where it is called, when inlined; an index of files */
	uint32_t start_line;           /* where it is declared; 0: not known */
	uint32_t linkage_name, plain_name;
};

struct unit_row {
	uint32_t file; /* an index of files; UNIT_INDEX_NONE: no line from here on */
	uint32_t line;
};

struct unit_index { /* a checked block and where its parts are */
	const struct unit_index_header *header;
	const uint32_t *piece_starts;
	const struct unit_piece *pieces;
	const struct unit_scope *scopes;
	const uint32_t *row_starts;
	const struct unit_row *rows;
	const uint32_t *files; /* offsets of paths */
	const char *strings;
};

struct unit_frame {
	const char *linkage_name; /* mangled; NULL when the language does not mangle */
	const char *plain_name;   /* as in the source; NULL when unknown */
	const char *file;         /* absolute where the unit tells from where; NULL when unknown */
	uint32_t line;            /* of the next frame's call, of the code itself in the last one */
	uint32_t start_line;
};

struct unit_chain { /* physical function first, innermost inlined call last */
	struct unit_frame frames[UNIT_INDEX_DEPTH_MAX];
	size_t len; /* 1 with no names at all: only the line is known */
};

/* A unit on its way into a block. */
struct unit_draft_row {
	uint64_t address;
	uint32_t file, line;
};

struct unit_draft {
	VEC(struct unit_scope) scopes;
	VEC(struct unit_draft_row) rows; /* sorted */
	VEC(uint32_t) files;             /* offsets into strings */
	struct intervals pieces;         /* sealed; value: a scope */
	struct strtab strings;
};

int unit_draft_init(struct unit_draft *draft) _warn_unused_; /* 0 or -ENOMEM */

/*
 * The offset of a string in the draft's strings, added if it is new; 0 for NULL and when memory or
 * the cap ran out. Of one that is far too long for a name only the beginning is kept.
 */
uint32_t unit_draft_text(struct unit_draft *draft, const char *text);
void unit_draft_free(struct unit_draft *draft);

/* Packs into memory the caller frees. 0 or -ENOMEM. What is 4 GiB or more from the start is left out. */
int unit_index_pack(struct unit_draft *draft, struct unit_index_header **ret_block) _warn_unused_;

/* Gives the `len` bytes at a block, whatever they are, the length and the checksum they need. */
void unit_index_seal(struct unit_index_header *block, size_t len);

/*
 * Takes up to `len` bytes that anybody may have written for a block: every offset in it is checked,
 * once. 0 or -EBADMSG.
 */
int unit_index_open(const void *bytes, size_t len, struct unit_index *ret_index) _warn_unused_;

/* False when the unit knows nothing of the address. Strings belong to the block. */
bool unit_index_find(const struct unit_index *index, uint64_t address,
		     struct unit_chain *ret_chain);

#endif
