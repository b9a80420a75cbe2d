/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What unwinding one step at one address yields, as numbers: so rules of any notation compare. */
#ifndef SMOLDER_TESTS_UNWIND_STEP_H
#define SMOLDER_TESTS_UNWIND_STEP_H

#include "bpf/unwind_abi.h"
#include "tests/tables/dwarf_calculator.h"

enum step_outcome {
	STEP_NONE,    /* nothing is known */
	STEP_REFUSED, /* there is something, which the judge does not understand */
	STEP_STOP,    /* the outermost frame */
	STEP_CALLER,  /* all of what follows */
};

struct unwind_step {
	enum step_outcome outcome;
	uint64_t cfa, ra, fp, bx;
	bool fp_lost;     /* fp means nothing */
	bool bx_lost;     /* nor bx */
	bool interrupted; /* the caller did not call */
};

/* By a rule of a table. The machine's return address register is the address it is the rule of. */
struct unwind_step unwind_step_by_rule(struct unwind_rule rule, struct dwarf_machine machine);

#endif
