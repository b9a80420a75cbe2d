/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which FDE speaks for which addresses. FDEs come in any order and may overlap: then the one that
 * starts last speaks, as in a search by start addresses; of several that start at one address the
 * shortest, of equals the one that was read last. Behind an FDE that lies within another, the
 * outer one speaks again.
 */
#ifndef SMOLDER_UNWIND_FDE_SPANS_H
#define SMOLDER_UNWIND_FDE_SPANS_H

#include "profiler/unwind/cfi_entries.h"

struct fde_span {
	uint64_t start, end; /* start < end */
	uint32_t fde;        /* its number */
};

struct fde_spans {                  /* all zero: empty and valid */
	VEC(struct fde_span) spans; /* ascending, disjoint */
	uint64_t fdes_overlapping;  /* FDEs of which another took a part, or all */
	uint64_t resumed_lost;      /* spans given up: an outer FDE was to resume too often */
};

/*
 * Instructions of an outer FDE run again for each span of its; in all, not more than `work_max`
 * bytes of them. 0 or -ENOMEM.
 */
int fde_spans_make(const struct cfi_entries *entries, size_t work_max, struct fde_spans *ret_spans)
	_warn_unused_;
void fde_spans_free(struct fde_spans *spans);

#endif
