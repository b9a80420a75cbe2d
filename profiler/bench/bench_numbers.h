/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Measurements of one thing, and what to say of them. */
#ifndef SMOLDER_BENCH_NUMBERS_H
#define SMOLDER_BENCH_NUMBERS_H

#include "base/vec.h"

struct bench_numbers { /* all zero: none yet */
	VEC(double) values;
};

struct bench_summary {
	size_t count; /* 0: the others mean nothing */
	double median, least, most;
};

int bench_numbers_add(struct bench_numbers *numbers, double value) _warn_unused_; /* -ENOMEM */
void bench_numbers_free(struct bench_numbers *numbers);

/* Sorts them. */
struct bench_summary bench_numbers_summary(struct bench_numbers *numbers);

#endif
