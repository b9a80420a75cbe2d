/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What libunwind gets to see where it unwinds something else than this process. */
#ifndef LIBUNWIND_VIEW_H
#define LIBUNWIND_VIEW_H

#include "tests/oracle/space.h"

/* An object's table of FDEs, sorted by address: the one of .eh_frame_hdr. */
struct search_table {
	uint64_t start, limit; /* of the object */
	uint64_t base;         /* what the table's numbers are relative to */
	uint64_t pairs;        /* address of the first */
	uint32_t pairs_cnt;
};

struct libunwind_view {
	const uint64_t *registers; /* by DWARF number */
	bool (*read_word)(struct libunwind_view *view, uint64_t address, uint64_t *ret_word);
	/* Of the object that has this address. */
	bool (*find_table)(struct libunwind_view *view, uint64_t address,
			   struct search_table *ret_table);
	bool no_info; /* the code last asked for has no unwind information */
};

/* An unw_addr_space_t whose argument is a view; NULL when there is no memory. */
struct unw_addr_space *libunwind_view_space(void);

/* The table of an image that is loaded at `bias`; `start` and `limit` are the caller's to set. */
bool search_table_find(const struct image *image, uint64_t bias, struct search_table *ret_table);

#endif
