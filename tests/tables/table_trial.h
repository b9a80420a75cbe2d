/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One table before one judge: at every address where the rule of either changes, the one before it, the
 * last one of each row and one between, the caller's stack pointer, frame pointer and return address as
 * numbers, from random registers and a memory of random words. Within the judge's rows every
 * address is looked up in the table, and compared where its rule is another than the last one's.
 */
#ifndef SMOLDER_TESTS_TABLE_TRIAL_H
#define SMOLDER_TESTS_TABLE_TRIAL_H

#include "profiler/unwind/unwind_table.h"
#include "tests/tables/table_judge.h"

/* Set what is above the line, and all else to 0. */
struct table_trial {
	const char *file;
	const struct unwind_table *table; /* borrowed, as the judge */
	struct table_judge *judge;
	int complaints_max; /* disagreements that are told of on standard output */

	bool in_fde; /* the address is in a function, not in what lies between two */
	uint64_t random;
	uint64_t compared;    /* addresses */
	uint64_t disagreed;   /* of these */
	uint64_t unsupported; /* of these: the table says that it has no rule for them */
	uint64_t fp_unknown;  /* of these: the table says that it does not know fp */
	uint64_t added;       /* of these, outside all FDEs: only the table has a rule for them */
	uint64_t refused;     /* of these: the judge does not understand what it reads */
	uint64_t unknown;     /* of these: the judge has not read what the table was made of */
};

/* `source` is what the table was made of. 0, or what reading it failed with. */
int table_trial_run(struct table_trial *trial, struct elf_source source, struct err *err)
	_warn_unused_;

/* Only where the table's rules change. */
void table_trial_own_rows(struct table_trial *trial);

#endif
