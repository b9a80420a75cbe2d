/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The interpreter of call frame instructions (DWARF 5, section 6.4.2, and the GNU extensions). It
 * runs a program once, from its start to its end, and tells of every change of what it follows: the
 * CFA, the caller's sp, fp and rbx, and the return address. Other registers are skipped.
 */
#ifndef SMOLDER_UNWIND_CFA_PROGRAM_H
#define SMOLDER_UNWIND_CFA_PROGRAM_H

#include "base/byte_reader.h"
#include "profiler/unwind/encoded_pointer.h"
#include "profiler/unwind/unwind_loss.h"

/* DW_CFA_remember_state may nest; compilers go two deep. */
#define CFA_REMEMBER_MAX 32

enum cfa_place_kind {
	PLACE_UNSPECIFIED,
	PLACE_UNDEFINED,
	PLACE_SAME,
	PLACE_OFFSET,         /* in memory at CFA + value */
	PLACE_VAL_OFFSET,     /* register + value; of sp, fp, ra: CFA + value */
	PLACE_REGISTER,       /* in a register */
	PLACE_EXPRESSION,     /* in memory at what the expression yields */
	PLACE_VAL_EXPRESSION, /* what the expression yields */
};

/* Where one thing is. Expressions belong to the section. */
struct cfa_place {
	const uint8_t *expression;
	int64_t value;
	uint32_t expression_len;
	uint16_t reg; /* CFA_REGISTER_MAX: a larger one */
	uint8_t kind; /* enum cfa_place_kind */
};

#define CFA_REGISTER_MAX UINT16_MAX

/* One row of the table that the instructions describe. */
struct cfa_state {
	struct cfa_place cfa; /* PLACE_UNSPECIFIED, PLACE_VAL_OFFSET, or PLACE_VAL_EXPRESSION:
			       * then reg and value are still those from before */
	struct cfa_place sp, fp, bx, ra;
	enum unwind_loss loss; /* the program is broken here; the places mean nothing */
};

/* From `address` on, `state` holds. Nonzero ends the run. */
typedef int (*cfa_row_fn)(void *ctx, uint64_t address, const struct cfa_state *state);

/* What a program needs to know from its CIE and its surroundings. */
struct cfa_frame {
	uint64_t code_align;
	int64_t data_align;
	uint8_t pointer_encoding; /* of DW_CFA_set_loc */
	struct pointer_bases bases;
	const struct cfa_state *initial; /* of the CIE; NULL while it is being made */
};

/*
 * One interpreter serves many programs, one after the other: set what the first part asks for, then
 * run. It is some 5 KB large and need not be cleared in between.
 */
struct cfa_machine {
	struct cfa_frame frame;
	struct byte_reader code;
	uint64_t location, end; /* rows begin at `location`; those at `end` or above are not told */
	cfa_row_fn row;
	void *ctx;

	struct cfa_state state;
	struct cfa_place other; /* stands for the registers nobody asks about */
	struct cfa_state remembered[CFA_REMEMBER_MAX];
	unsigned int remembered_cnt;
	bool changed;
	int result;
};

/*
 * 0, or what row() returned. Rows come with ascending addresses; one address may come twice, the
 * last word counts. A broken program tells a last row whose state says how.
 */
int cfa_machine_run(struct cfa_machine *machine);

#endif
