// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/row_rule.h"
#include "profiler/unwind/cfa_expression.h"

#define WORD 8 /* bytes */

struct unwind_rule row_rule_unsupported(enum unwind_loss loss)
{
	return (struct unwind_rule){.kind = UNWIND_UNSUPPORTED, .offset = loss};
}

enum unwind_loss row_rule_loss(struct unwind_rule rule)
{
	if (UNWIND_KIND(rule) == UNWIND_UNSUPPORTED)
		return (enum unwind_loss)rule.offset;
	if (UNWIND_FP_PLACE(rule) == UNWIND_FP_LOST)
		return (enum unwind_loss)(UNWIND_FP_OFFSET(rule) / WORD);
	return UNWIND_LOSS_NONE;
}

static bool fits_offset(int64_t offset)
{
	return offset == (int32_t)offset;
}

/* A count of words that fits into rule.aux. */
static bool fits_aux(int64_t bytes)
{
	return bytes % WORD == 0 && bytes / WORD == (int8_t)(bytes / WORD);
}

static bool fits_fp(int64_t bytes)
{
	return bytes % WORD == 0 && bytes == (int16_t)bytes;
}

static enum unwind_loss set_cfa_register(struct unwind_rule *rule, unsigned int reg, int64_t offset)
{
	if (!fits_offset(offset))
		return UNWIND_LOSS_CFA_OFFSET;
	rule->offset = (int32_t)offset;
	if (reg == UNWIND_REGISTER_SP) {
		rule->kind = UNWIND_SP;
	} else if (reg == UNWIND_REGISTER_FP) {
		rule->kind = UNWIND_FP;
	} else if (reg < UNWIND_REGISTER_RA) {
		rule->kind = UNWIND_REGISTER;
		rule->aux = (__s8)reg;
	} else {
		return UNWIND_LOSS_CFA_REGISTER;
	}
	return UNWIND_LOSS_NONE;
}

static enum unwind_loss set_cfa_index(struct unwind_rule *rule, const struct cfa_value *value)
{
	if (!value->loaded || value->base != UNWIND_REGISTER_SP || value->addend != WORD ||
	    value->index >= UNWIND_REGISTER_RA)
		return UNWIND_LOSS_CFA_EXPRESSION;
	if (!fits_offset(value->offset))
		return UNWIND_LOSS_CFA_OFFSET;
	rule->kind = UNWIND_SP_INDEX;
	rule->offset = (int32_t)value->offset;
	rule->aux = (__s8)value->index;
	return UNWIND_LOSS_NONE;
}

static enum unwind_loss set_cfa_deref(struct unwind_rule *rule, const struct cfa_value *value)
{
	if (value->base != UNWIND_REGISTER_SP && value->base != UNWIND_REGISTER_FP)
		return UNWIND_LOSS_CFA_EXPRESSION;
	if (!fits_offset(value->offset) || !fits_aux(value->addend))
		return UNWIND_LOSS_CFA_OFFSET;
	rule->kind = value->base == UNWIND_REGISTER_SP ? UNWIND_SP_DEREF : UNWIND_FP_DEREF;
	rule->offset = (int32_t)value->offset;
	rule->aux = (__s8)(value->addend / WORD);
	return UNWIND_LOSS_NONE;
}

static enum unwind_loss set_cfa_expression(struct unwind_rule *rule, const struct cfa_place *cfa)
{
	struct cfa_value value;
	int32_t threshold;

	if (cfa_expression_plt(cfa->expression, cfa->expression_len, &threshold)) {
		rule->kind = UNWIND_PLT;
		rule->offset = threshold;
		return UNWIND_LOSS_NONE;
	}
	if (!cfa_expression_value(cfa->expression, cfa->expression_len, &value) || value.base < 0)
		return UNWIND_LOSS_CFA_EXPRESSION;
	if (value.index != CFA_BASE_NONE)
		return set_cfa_index(rule, &value);
	return value.loaded ? set_cfa_deref(rule, &value) :
			      set_cfa_register(rule, (unsigned int)value.base, value.offset);
}

static enum unwind_loss set_cfa(struct unwind_rule *rule, const struct cfa_place *cfa)
{
	switch (cfa->kind) {
	case PLACE_VAL_OFFSET:
		return set_cfa_register(rule, cfa->reg, cfa->value);
	case PLACE_VAL_EXPRESSION:
		return set_cfa_expression(rule, cfa);
	default:
		return UNWIND_LOSS_CFA_UNSET;
	}
}

static bool aux_is_free(const struct unwind_rule *rule)
{
	return UNWIND_KIND(*rule) == UNWIND_SP || UNWIND_KIND(*rule) == UNWIND_FP ||
	       UNWIND_KIND(*rule) == UNWIND_PLT;
}

static enum unwind_loss set_ra_aux(struct unwind_rule *rule, enum unwind_ra place, int aux)
{
	if (!aux_is_free(rule))
		return UNWIND_LOSS_AUX;
	rule->kind = (__u8)(rule->kind | place << 4);
	rule->aux = (__s8)aux;
	return UNWIND_LOSS_NONE;
}

static enum unwind_loss set_ra_offset(struct unwind_rule *rule, int64_t offset)
{
	if (offset == -WORD)
		return UNWIND_LOSS_NONE;
	if (!fits_aux(offset))
		return UNWIND_LOSS_RA_OFFSET;
	return set_ra_aux(rule, UNWIND_RA_AUX, (int)(offset / WORD));
}

/* The address that the expression of a place yields, when it is a base and an offset. */
static bool place_address(const struct cfa_place *place, struct cfa_value *ret_address)
{
	return place->kind == PLACE_EXPRESSION &&
	       cfa_expression_value(place->expression, place->expression_len, ret_address) &&
	       !ret_address->loaded && ret_address->index == CFA_BASE_NONE;
}

static enum unwind_loss set_ra(struct unwind_rule *rule, const struct cfa_place *ra)
{
	struct cfa_value address;

	switch (ra->kind) {
	case PLACE_OFFSET:
		return set_ra_offset(rule, ra->value);
	case PLACE_REGISTER:
		if (ra->reg >= UNWIND_REGISTER_RA)
			return UNWIND_LOSS_RA_PLACE;
		return set_ra_aux(rule, UNWIND_RA_REGISTER, ra->reg);
	case PLACE_EXPRESSION:
		if (!place_address(ra, &address) || address.base != CFA_BASE_CFA)
			return UNWIND_LOSS_RA_EXPRESSION;
		return set_ra_offset(rule, address.offset);
	default:
		return UNWIND_LOSS_RA_PLACE;
	}
}

/* Not knowing fp is no reason to stop: only a caller that needs it cannot be unwound. */
static void lose_fp(struct unwind_rule *rule, enum unwind_loss loss)
{
	rule->fp = (__s16)(loss * WORD | UNWIND_FP_LOST);
}

static void set_fp_offset(struct unwind_rule *rule, enum unwind_fp place, int64_t offset)
{
	if (fits_fp(offset))
		rule->fp = (__s16)(offset | place);
	else
		lose_fp(rule, UNWIND_LOSS_FP_OFFSET);
}

static void set_fp_expression(struct unwind_rule *rule, const struct cfa_place *fp)
{
	struct cfa_value address;

	if (!place_address(fp, &address))
		lose_fp(rule, UNWIND_LOSS_FP_EXPRESSION);
	else if (address.base == CFA_BASE_CFA)
		set_fp_offset(rule, UNWIND_FP_CFA, address.offset);
	else if (address.base == UNWIND_REGISTER_FP)
		set_fp_offset(rule, UNWIND_FP_FP, address.offset);
	else if (address.base == UNWIND_REGISTER_SP)
		set_fp_offset(rule, UNWIND_FP_SP, address.offset);
	else
		lose_fp(rule, UNWIND_LOSS_FP_EXPRESSION);
}

static void set_fp_register(struct unwind_rule *rule, unsigned int reg)
{
	if (reg == UNWIND_REGISTER_FP)
		rule->fp = UNWIND_FP_SAME;
	else if (reg < UNWIND_REGISTER_RA)
		rule->fp = (__s16)(reg * WORD | UNWIND_FP_REGISTER);
	else
		lose_fp(rule, UNWIND_LOSS_FP_PLACE);
}

static void set_fp(struct unwind_rule *rule, const struct cfa_place *fp)
{
	switch (fp->kind) {
	case PLACE_UNSPECIFIED: /* callees preserve rbp (System V ABI, AMD64 supplement, 3.2.1) */
	case PLACE_SAME:
		rule->fp = UNWIND_FP_SAME;
		break;
	case PLACE_OFFSET:
		set_fp_offset(rule, UNWIND_FP_CFA, fp->value);
		break;
	case PLACE_REGISTER:
		set_fp_register(rule, fp->reg);
		break;
	case PLACE_EXPRESSION:
		set_fp_expression(rule, fp);
		break;
	case PLACE_UNDEFINED:
		lose_fp(rule, UNWIND_LOSS_NONE);
		break;
	default:
		lose_fp(rule, UNWIND_LOSS_FP_PLACE);
	}
}

/* Where aux is free it says where rbx is; that it does not know is no loss worth a word. */
static void set_bx(struct unwind_rule *rule, const struct cfa_place *bx)
{
	if (!UNWIND_TELLS_BX(*rule) || bx->kind == PLACE_UNSPECIFIED || bx->kind == PLACE_SAME)
		return;
	rule->aux = UNWIND_BX_LOST;
	if (bx->kind == PLACE_OFFSET && bx->value < 0 && fits_aux(bx->value))
		rule->aux = (__s8)(bx->value / WORD);
}

/* The caller's sp is the CFA, said or unsaid; nearly all leave it unsaid. */
static bool sp_is_cfa(const struct cfa_place *sp)
{
	return sp->kind == PLACE_UNSPECIFIED || (sp->kind == PLACE_VAL_OFFSET && sp->value == 0);
}

/* Does the place's expression yield sp + offset? */
static bool is_at_sp(const struct cfa_place *place, int64_t offset)
{
	struct cfa_value address;

	return place_address(place, &address) && address.base == UNWIND_REGISTER_SP &&
	       address.offset == offset;
}

/*
 * The row of a function that returns from a signal: sp, fp and the program counter are where the
 * kernel put them in a struct ucontext, and it does not matter how the CFA is put into words.
 */
static bool is_ucontext(const struct cfa_state *state, int64_t *ret_offset)
{
	struct cfa_value address;
	int64_t start;

	if (!place_address(&state->ra, &address) || address.base != UNWIND_REGISTER_SP)
		return false;
	start = (int64_t)((uint64_t)address.offset - UNWIND_UCONTEXT_RA);
	if (!fits_offset(start) || !is_at_sp(&state->fp, start + UNWIND_UCONTEXT_FP) ||
	    state->cfa.kind != PLACE_VAL_EXPRESSION ||
	    !cfa_expression_value(state->cfa.expression, state->cfa.expression_len, &address) ||
	    address.base != UNWIND_REGISTER_SP || address.index != CFA_BASE_NONE ||
	    !address.loaded || address.addend != 0 || address.offset != start + UNWIND_UCONTEXT_SP)
		return false;
	if (!sp_is_cfa(&state->sp) && !is_at_sp(&state->sp, start + UNWIND_UCONTEXT_SP))
		return false;
	*ret_offset = start;
	return true;
}

struct unwind_rule row_rule_of(const struct cfa_state *state, bool interrupted)
{
	struct unwind_rule rule = {0};
	enum unwind_loss loss = state->loss;
	int64_t start;

	if (loss != UNWIND_LOSS_NONE)
		return row_rule_unsupported(loss);
	if (state->ra.kind == PLACE_UNDEFINED)
		return (struct unwind_rule){.kind = UNWIND_STOP};
	if (state->ra.kind == PLACE_EXPRESSION && is_ucontext(state, &start))
		return (struct unwind_rule){.kind = UNWIND_SIGNAL | UNWIND_INTERRUPTED,
					    .offset = (int32_t)start};
	if (!sp_is_cfa(&state->sp))
		return row_rule_unsupported(UNWIND_LOSS_SP);
	loss = set_cfa(&rule, &state->cfa);
	if (loss == UNWIND_LOSS_NONE)
		loss = set_ra(&rule, &state->ra);
	if (loss != UNWIND_LOSS_NONE)
		return row_rule_unsupported(loss);
	set_fp(&rule, &state->fp);
	set_bx(&rule, &state->bx);
	if (interrupted)
		rule.kind |= UNWIND_INTERRUPTED;
	return rule;
}
