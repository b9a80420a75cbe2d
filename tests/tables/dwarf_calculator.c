// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/tables/dwarf_calculator.h"

#include <dwarf.h>
#include <elfutils/libdw.h>

#define STACK_MAX 16

static uint64_t mix(uint64_t value)
{
	value ^= value >> 33;
	value *= UINT64_C(0xff51afd7ed558ccd); /* MurmurHash3's finalizer */
	value ^= value >> 33;
	value *= UINT64_C(0xc4ceb9fe1a85ec53);
	return value ^ value >> 33;
}

/* The word at an address of a memory that has one everywhere. */
uint64_t dwarf_word_at(uint64_t address)
{
	return mix(address ^ UINT64_C(0x5bd1e995));
}

/* A stack machine for the operations call frame information uses. */
struct calculator {
	uint64_t stack[STACK_MAX];
	unsigned int depth;
	bool failed, is_value;
};

static void push(struct calculator *calculator, uint64_t value)
{
	if (calculator->depth == STACK_MAX)
		calculator->failed = true;
	else
		calculator->stack[calculator->depth++] = value;
}

static uint64_t pop(struct calculator *calculator)
{
	if (calculator->depth == 0) {
		calculator->failed = true;
		return 0;
	}
	return calculator->stack[--calculator->depth];
}

static uint64_t binary(uint8_t op, uint64_t left, uint64_t right)
{
	switch (op) {
	case DW_OP_plus:
		return left + right;
	case DW_OP_minus:
		return left - right;
	case DW_OP_mul:
		return left * right;
	case DW_OP_and:
		return left & right;
	case DW_OP_shl:
		return left << right;
	default: /* DW_OP_ge */
		return (int64_t)left >= (int64_t)right;
	}
}

static uint64_t reg_value(struct calculator *calculator, const struct dwarf_machine *machine,
			  uint64_t reg)
{
	if (reg < DWARF_REGISTER_CNT)
		return machine->regs[reg];
	calculator->failed = true;
	return 0;
}

static void calculate(struct calculator *calculator, const struct dwarf_machine *machine,
		      const Dwarf_Op *op)
{
	uint64_t right;

	switch (op->atom) {
	case DW_OP_call_frame_cfa:
		push(calculator, machine->cfa);
		break;
	case DW_OP_deref:
		push(calculator, dwarf_word_at(pop(calculator)));
		break;
	case DW_OP_plus_uconst:
		push(calculator, pop(calculator) + op->number);
		break;
	case DW_OP_plus:
	case DW_OP_minus:
	case DW_OP_mul:
	case DW_OP_and:
	case DW_OP_shl:
	case DW_OP_ge:
		right = pop(calculator);
		push(calculator, binary(op->atom, pop(calculator), right));
		break;
	case DW_OP_const1u ... DW_OP_consts:
		push(calculator, op->number);
		break;
	case DW_OP_lit0 ... DW_OP_lit31:
		push(calculator, op->atom - DW_OP_lit0);
		break;
	case DW_OP_breg0 ... DW_OP_breg31:
		push(calculator,
		     reg_value(calculator, machine, op->atom - DW_OP_breg0) + op->number);
		break;
	case DW_OP_bregx:
		push(calculator, reg_value(calculator, machine, op->number) + op->number2);
		break;
	case DW_OP_reg0 ... DW_OP_reg31:
		calculator->is_value = true;
		push(calculator, reg_value(calculator, machine, op->atom - DW_OP_reg0));
		break;
	case DW_OP_regx:
		calculator->is_value = true;
		push(calculator, reg_value(calculator, machine, op->number));
		break;
	case DW_OP_stack_value:
		calculator->is_value = true;
		break;
	default:
		calculator->failed = true;
	}
}

bool dwarf_calculate(const struct dwarf_machine *machine, const void *ops, size_t cnt,
		     struct dwarf_result *ret_result)
{
	const Dwarf_Op *op = ops;
	struct calculator calculator = {0};

	for (size_t i = 0; i < cnt && !calculator.failed; i++)
		calculate(&calculator, machine, &op[i]);
	ret_result->value = pop(&calculator);
	ret_result->is_value = calculator.is_value;
	return !calculator.failed;
}
