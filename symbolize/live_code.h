/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Code that comes and goes while a program runs: a run-time compiler's functions, the kernel's BPF
 * programs. Each region has a name and the time it came; where regions overlap the later one has
 * taken the place of the earlier. Everything comes from files that others write, so all is capped and
 * what is left out is counted. Not thread-safe.
 */
#ifndef SMOLDER_SYMBOLIZE_LIVE_CODE_H
#define SMOLDER_SYMBOLIZE_LIVE_CODE_H

#include "base/strtab.h"
#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

#define LIVE_CODE_NOW UINT64_MAX               /* as a time: what came last */
#define LIVE_CODE_LEN_MAX (1024 * 1024 * 1024) /* of one region */

struct live_code_region {
	uint64_t start;
	uint32_t len;
	uint32_t name; /* in the strings */
	uint64_t time_ns;
	uint32_t lines_begin, lines_end; /* in the lines */
};

struct live_code_line {  /* from this offset on, to the next line's */
	uint32_t offset; /* from the region's start */
	uint32_t file, line;
};

struct live_code_piece { /* what is visible of a region when all have come */
	uint64_t start, limit;
	uint32_t region;
};

struct live_code { /* all zero: empty */
	struct strtab strings;
	VEC(struct live_code_region) regions; /* in the order they came */
	struct hashindex by_start;            /* the last one of each start */
	VEC(struct live_code_line) lines;
	size_t pending_line;                /* from here on they wait for their region */
	VEC(struct live_code_piece) pieces; /* by address, disjoint; valid when sealed */
	bool is_sealed;
	size_t dropped_cnt; /* regions and lines left out: over a cap, or no memory */
};

struct live_code_news {
	uint64_t start, len, time_ns;
	const char *name;
	size_t name_len;
};

struct live_code_line_news {
	uint32_t offset, line;
	const char *file;
	size_t file_len;
};

struct live_code_place { /* pointers are valid until something is added */
	const char *name;
	const char *file; /* NULL: unknown */
	uint32_t line;
	uint64_t start; /* of the region */
};

/*
 * A region, with the lines added since the one before. One that makes no sense (empty, larger than
 * LIVE_CODE_LEN_MAX, nameless) is left out, and they with it.
 */
void live_code_add(struct live_code *code, const struct live_code_news *news);
void live_code_add_line(struct live_code *code, const struct live_code_line_news *news);
void live_code_drop_lines(struct live_code *code); /* those added since the last region */

/* What was at `from` is now at to->start as well; its name and lines are the same. */
void live_code_move(struct live_code *code, uint64_t from, const struct live_code_news *to);

/*
 * The region that held the address at that time: the last of those that had come by then; if none had,
 * the last of all.
 */
bool live_code_find(struct live_code *code, uint64_t address, uint64_t time_ns,
		    struct live_code_place *ret_place);

void live_code_free(struct live_code *code);

#endif
