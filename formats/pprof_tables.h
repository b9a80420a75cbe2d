/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The parts of pprof_order.h that are about one table each; for pprof_order.c. */
#ifndef SMOLDER_FORMATS_PPROF_TABLES_H
#define SMOLDER_FORMATS_PPROF_TABLES_H

#include "formats/pprof_order.h"

/* Fills functions and frame_functions; a frame without a function gets one named after its place. */
int pprof_tables_functions(struct pprof_order *order) _warn_unused_;

/* Fills mappings and mapping_ranks: the heaviest executable first. `parents` as in pprof_order.c. */
int pprof_tables_mappings(struct pprof_order *order, const uint32_t *parents) _warn_unused_;

/* Fills label_ranks. */
int pprof_tables_labels(struct pprof_order *order) _warn_unused_;

/* Orders two chains by what they say; mapping_ranks and frame_functions must be there. */
int pprof_tables_compare_chains(const struct pprof_order *order, uint32_t a, uint32_t b);

#endif
