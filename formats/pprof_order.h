/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A profile laid out as pprof wants it: frames joined to locations, functions and strings that are
 * in use only, and an order for each table. The order depends on what the profile says and never on
 * its ids, so that a profile that was written and read is written again with the same bytes. For
 * pprof_write.c.
 */
#ifndef SMOLDER_FORMATS_PPROF_ORDER_H
#define SMOLDER_FORMATS_PPROF_ORDER_H

#include "formats/profile.h"

#define PPROF_NO_LOCATION UINT32_MAX

/*
 * A physical frame and, link by link, what is inlined into it. Frame f of the profile is the last of
 * its chain; the link before is what it is inlined into.
 */
struct pprof_chain {
	uint32_t before; /* chain id, or PPROF_NO_LOCATION: this is the physical frame */
	uint32_t frame;
};

struct pprof_function {
	uint32_t name, system_name, file, start_line; /* strings of pprof_order.strings */
};

struct pprof_order {
	const struct profile *profile;
	struct strtab strings; /* clean texts; not yet in the order of the file */
	uint32_t *clean;       /* by profile string: its clean text */
	uint32_t id_unit;      /* the text "id" */
	VEC(struct pprof_function) functions;
	struct hashindex function_index;
	uint32_t *frame_functions; /* by frame: position in functions */

	VEC(struct pprof_chain) chains;
	struct hashindex chain_index;
	uint32_t *stack_chains;  /* by stack: the chain that ends with its frame */
	uint32_t *stack_callers; /* by stack: which the chain's physical frame is called from */

	uint32_t *locations; /* chain ids, in the order of the file */
	uint32_t locations_len;
	uint32_t *chain_locations; /* by chain: its position in locations, or PPROF_NO_LOCATION */
	uint32_t *mappings;        /* mapping ids, in the order of the file */
	uint32_t *mapping_ranks;   /* by mapping: its position in mappings */
	uint32_t *label_ranks;     /* by label set: its place among the sets */
	uint32_t *samples;         /* sample ids, in the order of the file */
};

int pprof_order_init(const struct profile *profile, struct pprof_order *ret_order) _warn_unused_;
void pprof_order_free(struct pprof_order *order); /* of an order that is all zero, too */

/* -1, 0 or 1 by the bytes of two clean texts. */
int pprof_order_compare_texts(const struct pprof_order *order, uint32_t a, uint32_t b);

/* Sorts a set's labels as they stand in the file; `labels` has room for all of the set. */
void pprof_order_labels(const struct pprof_order *order, uint32_t set,
			struct profile_label *labels);

#endif
