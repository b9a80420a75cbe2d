// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/cfa_expression.h"
#include "base/byte_reader.h"
#include "bpf/unwind_abi.h"

#define EXPRESSION_LEN_MAX 64 /* longer ones say more than our rules can */
#define STACK_MAX 8
#define CFA_INDEX_SCALE 8 /* the only one in use */

/* DWARF 5, table 7.9. */
enum {
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_CONST4U = 0x0c,
	OP_CONST4S = 0x0d,
	OP_CONST8U = 0x0e,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_MUL = 0x1e,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_GE = 0x2a,
	OP_LIT0 = 0x30,
	OP_LIT31 = 0x4f,
	OP_BREG0 = 0x70,
	OP_BREG31 = 0x8f,
	OP_BREGX = 0x92,
	OP_NOP = 0x96,
};

struct evaluation {
	struct byte_reader code;
	struct cfa_value stack[STACK_MAX];
	unsigned int depth;
	bool beyond; /* beyond what a struct cfa_value can say */
};

static void push(struct evaluation *evaluation, int base, int64_t offset)
{
	if (evaluation->depth == STACK_MAX)
		evaluation->beyond = true;
	else
		evaluation->stack[evaluation->depth++] =
			(struct cfa_value){.base = base, .index = CFA_BASE_NONE, .offset = offset};
}

static struct cfa_value pop(struct evaluation *evaluation)
{
	if (evaluation->depth == 0) {
		evaluation->beyond = true;
		return (struct cfa_value){.base = CFA_BASE_NONE, .index = CFA_BASE_NONE};
	}
	return evaluation->stack[--evaluation->depth];
}

static void push_value(struct evaluation *evaluation, struct cfa_value value)
{
	if (evaluation->depth < STACK_MAX)
		evaluation->stack[evaluation->depth++] = value;
}

static struct cfa_value plus(struct cfa_value value, int64_t number)
{
	int64_t *at = value.loaded ? &value.addend : &value.offset;

	*at = (int64_t)((uint64_t)*at + (uint64_t)number);
	return value;
}

static bool is_number(const struct cfa_value *value)
{
	return value->base == CFA_BASE_NONE && value->index == CFA_BASE_NONE && !value->loaded;
}

/* Just a register times 8. */
static bool is_index(const struct cfa_value *value)
{
	return value->base == CFA_BASE_NONE && value->index != CFA_BASE_NONE && !value->loaded;
}

static void run_plus_index(struct evaluation *evaluation, struct cfa_value left,
			   struct cfa_value right)
{
	if (left.loaded || left.index != CFA_BASE_NONE || !is_index(&right)) {
		evaluation->beyond = true;
		return;
	}
	left.index = right.index;
	push_value(evaluation, plus(left, right.offset));
}

static void run_plus(struct evaluation *evaluation)
{
	struct cfa_value right = pop(evaluation), left = pop(evaluation);

	if (is_number(&right))
		push_value(evaluation, plus(left, right.offset));
	else if (is_number(&left))
		push_value(evaluation, plus(right, left.offset));
	else
		run_plus_index(evaluation, left, right);
}

static void run_mul(struct evaluation *evaluation)
{
	struct cfa_value right = pop(evaluation), left = pop(evaluation);

	if (left.base < 0 || left.index != CFA_BASE_NONE || left.loaded || left.offset != 0 ||
	    !is_number(&right) || right.offset != CFA_INDEX_SCALE) {
		evaluation->beyond = true;
		return;
	}
	left.index = left.base;
	left.base = CFA_BASE_NONE;
	push_value(evaluation, left);
}

static void run_minus(struct evaluation *evaluation)
{
	struct cfa_value right = pop(evaluation), left = pop(evaluation);

	if (is_number(&right))
		push_value(evaluation, plus(left, (int64_t) - (uint64_t)right.offset));
	else
		evaluation->beyond = true;
}

static void run_deref(struct evaluation *evaluation)
{
	struct cfa_value address = pop(evaluation);

	if (address.loaded || address.base == CFA_BASE_NONE)
		evaluation->beyond = true;
	address.loaded = true;
	push_value(evaluation, address);
}

static int base_of(uint64_t reg)
{
	return reg < UNWIND_REGISTER_CNT ? (int)reg : UNWIND_REGISTER_CNT;
}

static void run_breg(struct evaluation *evaluation, uint64_t reg)
{
	push(evaluation, base_of(reg), read_sleb(&evaluation->code));
}

/* DW_OP_const1u to DW_OP_const8s come in pairs, unsigned and signed, of 1, 2, 4 and 8 bytes. */
static void run_const(struct evaluation *evaluation, uint8_t op)
{
	size_t len = (size_t)1 << ((op - OP_CONST1U) / 2);
	uint64_t value = read_fixed(&evaluation->code, len);

	if ((op - OP_CONST1U) % 2)
		value = sign_extend(value, len);
	push(evaluation, CFA_BASE_NONE, (int64_t)value);
}

static void run_other(struct evaluation *evaluation, uint8_t op)
{
	switch (op) {
	case OP_DEREF:
		run_deref(evaluation);
		break;
	case OP_CONSTU:
		push(evaluation, CFA_BASE_NONE, (int64_t)read_uleb(&evaluation->code));
		break;
	case OP_CONSTS:
		push(evaluation, CFA_BASE_NONE, read_sleb(&evaluation->code));
		break;
	case OP_MINUS:
		run_minus(evaluation);
		break;
	case OP_MUL:
		run_mul(evaluation);
		break;
	case OP_PLUS:
		run_plus(evaluation);
		break;
	case OP_PLUS_UCONST:
		push_value(evaluation,
			   plus(pop(evaluation), (int64_t)read_uleb(&evaluation->code)));
		break;
	case OP_BREGX:
		run_breg(evaluation, read_uleb(&evaluation->code));
		break;
	case OP_NOP:
		break;
	default:
		evaluation->beyond = true;
	}
}

static void step(struct evaluation *evaluation)
{
	uint8_t op = read_u8(&evaluation->code);

	if (op >= OP_CONST1U && op <= OP_CONST8S)
		run_const(evaluation, op);
	else if (op >= OP_LIT0 && op <= OP_LIT31)
		push(evaluation, CFA_BASE_NONE, op - OP_LIT0);
	else if (op >= OP_BREG0 && op <= OP_BREG31)
		run_breg(evaluation, op - OP_BREG0);
	else
		run_other(evaluation, op);
}

bool cfa_expression_value(const uint8_t *bytes, size_t len, struct cfa_value *ret_value)
{
	struct evaluation evaluation = {.code = byte_reader_of(bytes, len)};

	if (len > EXPRESSION_LEN_MAX)
		return false;
	push(&evaluation, CFA_BASE_CFA, 0);
	while (reader_left(&evaluation.code) && !evaluation.beyond)
		step(&evaluation);
	if (evaluation.beyond || evaluation.code.failed || evaluation.depth == 0)
		return false;
	*ret_value = pop(&evaluation);
	return true;
}

bool cfa_expression_plt(const uint8_t *bytes, size_t len, int32_t *ret_threshold)
{
	static const uint8_t words[] = {OP_BREG0 + UNWIND_REGISTER_SP,
					8,
					OP_BREG0 + UNWIND_REGISTER_RA,
					0,
					OP_LIT0 + 15,
					OP_AND,
					0,
					OP_GE,
					OP_LIT0 + 3,
					OP_SHL,
					OP_PLUS};
	enum { THRESHOLD_AT = 6 };

	if (len != sizeof(words) || memcmp(bytes, words, THRESHOLD_AT) != 0 ||
	    memcmp(bytes + THRESHOLD_AT + 1, words + THRESHOLD_AT + 1,
		   sizeof(words) - THRESHOLD_AT - 1) != 0 ||
	    bytes[THRESHOLD_AT] < OP_LIT0 || bytes[THRESHOLD_AT] > OP_LIT0 + 15)
		return false;
	*ret_threshold = bytes[THRESHOLD_AT] - OP_LIT0;
	return true;
}
