/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Why a row of unwind information has no rule in our tables. */
#ifndef SMOLDER_UNWIND_UNWIND_LOSS_H
#define SMOLDER_UNWIND_UNWIND_LOSS_H

enum unwind_loss {
	UNWIND_LOSS_NONE,
	/* the whole rule: struct unwind_rule.offset of UNWIND_UNSUPPORTED */
	UNWIND_LOSS_PROGRAM,        /* an unknown or senseless call frame instruction */
	UNWIND_LOSS_REMEMBER,       /* remembered states nest too deep, or one too many restored */
	UNWIND_LOSS_CFA_UNSET,      /* no rule for the CFA */
	UNWIND_LOSS_CFA_EXPRESSION, /* an expression none of the kinds can say */
	UNWIND_LOSS_CFA_REGISTER,   /* a register that is no general one */
	UNWIND_LOSS_CFA_OFFSET,     /* does not fit */
	UNWIND_LOSS_SP,             /* the caller's sp is not the CFA */
	UNWIND_LOSS_RA_PLACE,       /* no place in memory or in a general register */
	UNWIND_LOSS_RA_EXPRESSION,  /* an expression none of the kinds can say */
	UNWIND_LOSS_RA_OFFSET,      /* does not fit */
	UNWIND_LOSS_AUX,            /* the CFA and the return address both need rule.aux */
	UNWIND_LOSS_RULES,          /* more distinct rules than an object can have */
	/* only the caller's fp: UNWIND_FP_OFFSET() / 8 of UNWIND_FP_LOST */
	UNWIND_LOSS_FP_PLACE,
	UNWIND_LOSS_FP_EXPRESSION,
	UNWIND_LOSS_FP_OFFSET,
	UNWIND_LOSS_CNT
};

/* A few words, as for a table: "CFA expression". */
const char *unwind_loss_name(enum unwind_loss loss);

#endif
