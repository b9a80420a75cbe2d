/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Brings a sample, its process and the oracles together. */
#ifndef COURT_H
#define COURT_H

#include "profiler/walk/walker.h"
#include "tests/oracle/same_sample_abi.h"
#include "tests/oracle/verdict.h"

struct court;

enum court_side {
	COURT_KERNEL, /* stacks the kernel walked */
	COURT_COPIES, /* stacks whose mappings the kernel did not know yet, walked from the copy */
	COURT_SIDES
};

int court_new(struct processes *processes, struct walker *walker, struct court **ret_court)
	_warn_unused_;
struct court *court_free(struct court *court);

void court_judge(struct court *court, const struct same_sample *walked,
		 const struct twin_record *copied);

const struct verdicts *court_verdicts(const struct court *court, enum court_side side);

/* Samples of processes whose mappings were not known at all. */
uint64_t court_unknown(const struct court *court);

#endif
