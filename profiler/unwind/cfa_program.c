// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/cfa_program.h"
#include "bpf/unwind_abi.h"

/* DWARF 5, table 7.29, and include/dwarf2.def of GCC. */
enum {
	CFA_NOP = 0x00,
	CFA_SET_LOC = 0x01,
	CFA_ADVANCE_LOC1 = 0x02,
	CFA_ADVANCE_LOC2 = 0x03,
	CFA_ADVANCE_LOC4 = 0x04,
	CFA_OFFSET_EXTENDED = 0x05,
	CFA_RESTORE_EXTENDED = 0x06,
	CFA_UNDEFINED = 0x07,
	CFA_SAME_VALUE = 0x08,
	CFA_REGISTER = 0x09,
	CFA_REMEMBER_STATE = 0x0a,
	CFA_RESTORE_STATE = 0x0b,
	CFA_DEF_CFA = 0x0c,
	CFA_DEF_CFA_REGISTER = 0x0d,
	CFA_DEF_CFA_OFFSET = 0x0e,
	CFA_DEF_CFA_EXPRESSION = 0x0f,
	CFA_EXPRESSION = 0x10,
	CFA_OFFSET_EXTENDED_SF = 0x11,
	CFA_DEF_CFA_SF = 0x12,
	CFA_DEF_CFA_OFFSET_SF = 0x13,
	CFA_VAL_OFFSET = 0x14,
	CFA_VAL_OFFSET_SF = 0x15,
	CFA_VAL_EXPRESSION = 0x16,
	CFA_MIPS_ADVANCE_LOC8 = 0x1d,
	CFA_AARCH64_NEGATE_RA_STATE_WITH_PC = 0x2c,
	CFA_GNU_WINDOW_SAVE = 0x2d, /* also CFA_AARCH64_negate_ra_state */
	CFA_GNU_ARGS_SIZE = 0x2e,
	CFA_GNU_NEGATIVE_OFFSET_EXTENDED = 0x2f,
	CFA_SMALL_CNT = 0x40,

	/* the upper two bits; the lower six are the operand */
	CFA_ADVANCE_LOC = 1,
	CFA_OFFSET = 2,
	CFA_RESTORE = 3,
};

static void break_off(struct cfa_machine *machine, enum unwind_loss loss)
{
	machine->state.loss = loss;
	machine->changed = true;
	machine->code.at = machine->code.end;
}

static struct cfa_place *find_place(struct cfa_state *state, uint64_t reg)
{
	switch (reg) {
	case UNWIND_REGISTER_FP:
		return &state->fp;
	case UNWIND_REGISTER_SP:
		return &state->sp;
	case UNWIND_REGISTER_BX:
		return &state->bx;
	case UNWIND_REGISTER_RA:
		return &state->ra;
	default:
		return NULL;
	}
}

/* The place of a register, to be written. */
static struct cfa_place *touch(struct cfa_machine *machine, uint64_t reg)
{
	struct cfa_place *place = find_place(&machine->state, reg);

	if (!place)
		return &machine->other;
	machine->changed = true;
	return place;
}

static void set_value(struct cfa_machine *machine, uint64_t reg, uint8_t kind, int64_t value)
{
	*touch(machine, reg) = (struct cfa_place){.kind = kind, .value = value};
}

/* Factored offsets of hostile files may wrap around. */
static int64_t factored(const struct cfa_machine *machine, int64_t offset)
{
	return (int64_t)((uint64_t)offset * (uint64_t)machine->frame.data_align);
}

static uint16_t read_register(struct byte_reader *code)
{
	uint64_t reg = read_uleb(code);

	return reg < CFA_REGISTER_MAX ? (uint16_t)reg : CFA_REGISTER_MAX;
}

static void read_expression(struct cfa_machine *machine, struct cfa_place *place, uint8_t kind)
{
	uint64_t len = read_uleb(&machine->code);
	const uint8_t *bytes = reader_skip(&machine->code, len);

	if (bytes)
		*place = (struct cfa_place){
			.kind = kind, .expression = bytes, .expression_len = (uint32_t)len};
}

static void tell_row(struct cfa_machine *machine)
{
	if (!machine->changed)
		return;
	machine->changed = false;
	machine->result = machine->row(machine->ctx, machine->location, &machine->state);
}

static void move_to(struct cfa_machine *machine, uint64_t location)
{
	if (location < machine->location) {
		break_off(machine, UNWIND_LOSS_PROGRAM);
		return;
	}
	if (location == machine->location)
		return;
	tell_row(machine);
	machine->location = location;
}

static void advance(struct cfa_machine *machine, uint64_t delta)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(delta, machine->frame.code_align, &bytes) ||
	    bytes > UINT64_MAX - machine->location)
		break_off(machine, UNWIND_LOSS_PROGRAM);
	else
		move_to(machine, machine->location + bytes);
}

static void op_nop(struct cfa_machine *machine)
{
	(void)machine;
}

static void op_set_loc(struct cfa_machine *machine)
{
	uint64_t location = read_pointer(&machine->code, machine->frame.pointer_encoding,
					 &machine->frame.bases);

	if (!machine->code.failed)
		move_to(machine, location);
}

static void op_advance1(struct cfa_machine *machine)
{
	advance(machine, read_u8(&machine->code));
}

static void op_advance2(struct cfa_machine *machine)
{
	advance(machine, read_fixed(&machine->code, 2));
}

static void op_advance4(struct cfa_machine *machine)
{
	advance(machine, read_fixed(&machine->code, 4));
}

static void op_advance8(struct cfa_machine *machine)
{
	advance(machine, read_fixed(&machine->code, 8));
}

static void restore(struct cfa_machine *machine, uint64_t reg)
{
	struct cfa_place *place = touch(machine, reg);
	struct cfa_state initial;

	if (place == &machine->other)
		return;
	if (!machine->frame.initial) { /* a CIE has nothing to restore */
		break_off(machine, UNWIND_LOSS_PROGRAM);
		return;
	}
	initial = *machine->frame.initial;
	*place = *find_place(&initial, reg);
}

static void op_restore_extended(struct cfa_machine *machine)
{
	restore(machine, read_uleb(&machine->code));
}

static void op_offset_extended(struct cfa_machine *machine)
{
	uint64_t reg = read_uleb(&machine->code);

	set_value(machine, reg, PLACE_OFFSET,
		  factored(machine, (int64_t)read_uleb(&machine->code)));
}

static void op_offset_extended_sf(struct cfa_machine *machine)
{
	uint64_t reg = read_uleb(&machine->code);

	set_value(machine, reg, PLACE_OFFSET, factored(machine, read_sleb(&machine->code)));
}

static void op_negative_offset_extended(struct cfa_machine *machine)
{
	uint64_t reg = read_uleb(&machine->code);
	uint64_t offset = -read_uleb(&machine->code);

	set_value(machine, reg, PLACE_OFFSET, factored(machine, (int64_t)offset));
}

static void op_val_offset(struct cfa_machine *machine)
{
	uint64_t reg = read_uleb(&machine->code);

	set_value(machine, reg, PLACE_VAL_OFFSET,
		  factored(machine, (int64_t)read_uleb(&machine->code)));
}

static void op_val_offset_sf(struct cfa_machine *machine)
{
	uint64_t reg = read_uleb(&machine->code);

	set_value(machine, reg, PLACE_VAL_OFFSET, factored(machine, read_sleb(&machine->code)));
}

static void op_undefined(struct cfa_machine *machine)
{
	set_value(machine, read_uleb(&machine->code), PLACE_UNDEFINED, 0);
}

static void op_same_value(struct cfa_machine *machine)
{
	set_value(machine, read_uleb(&machine->code), PLACE_SAME, 0);
}

static void op_register(struct cfa_machine *machine)
{
	struct cfa_place *place = touch(machine, read_uleb(&machine->code));

	*place = (struct cfa_place){.kind = PLACE_REGISTER, .reg = read_register(&machine->code)};
}

static void op_expression(struct cfa_machine *machine)
{
	read_expression(machine, touch(machine, read_uleb(&machine->code)), PLACE_EXPRESSION);
}

static void op_val_expression(struct cfa_machine *machine)
{
	read_expression(machine, touch(machine, read_uleb(&machine->code)), PLACE_VAL_EXPRESSION);
}

static void op_remember_state(struct cfa_machine *machine)
{
	if (machine->remembered_cnt == CFA_REMEMBER_MAX)
		break_off(machine, UNWIND_LOSS_REMEMBER);
	else
		machine->remembered[machine->remembered_cnt++] = machine->state;
}

static void op_restore_state(struct cfa_machine *machine)
{
	if (machine->remembered_cnt == 0) {
		break_off(machine, UNWIND_LOSS_REMEMBER);
		return;
	}
	machine->state = machine->remembered[--machine->remembered_cnt];
	machine->changed = true;
}

static void def_cfa(struct cfa_machine *machine, uint16_t reg, int64_t offset)
{
	machine->state.cfa =
		(struct cfa_place){.kind = PLACE_VAL_OFFSET, .reg = reg, .value = offset};
	machine->changed = true;
}

static void op_def_cfa(struct cfa_machine *machine)
{
	uint16_t reg = read_register(&machine->code);

	def_cfa(machine, reg, (int64_t)read_uleb(&machine->code));
}

static void op_def_cfa_sf(struct cfa_machine *machine)
{
	uint16_t reg = read_register(&machine->code);

	def_cfa(machine, reg, factored(machine, read_sleb(&machine->code)));
}

/*
 * Half a definition changes one that has a register and an offset; there must be one. It may lie
 * before an expression: the standard forbids that, libgcrypt does it, and libgcc unwinds it so.
 */
static void redefine_cfa(struct cfa_machine *machine, uint16_t reg, int64_t offset)
{
	if (machine->state.cfa.kind != PLACE_UNSPECIFIED)
		def_cfa(machine, reg, offset);
	else
		break_off(machine, UNWIND_LOSS_PROGRAM);
}

static void op_def_cfa_register(struct cfa_machine *machine)
{
	redefine_cfa(machine, read_register(&machine->code), machine->state.cfa.value);
}

static void op_def_cfa_offset(struct cfa_machine *machine)
{
	redefine_cfa(machine, machine->state.cfa.reg, (int64_t)read_uleb(&machine->code));
}

static void op_def_cfa_offset_sf(struct cfa_machine *machine)
{
	redefine_cfa(machine, machine->state.cfa.reg, factored(machine, read_sleb(&machine->code)));
}

static void op_def_cfa_expression(struct cfa_machine *machine)
{
	struct cfa_place *cfa = &machine->state.cfa;
	struct cfa_place before = *cfa;

	read_expression(machine, cfa, PLACE_VAL_EXPRESSION);
	cfa->reg = before.reg;
	cfa->value = before.value;
	machine->changed = true;
}

static void op_args_size(struct cfa_machine *machine)
{
	read_uleb(&machine->code); /* of interest to those who throw exceptions */
}

typedef void (*op_fn)(struct cfa_machine *machine);

static const op_fn ops[CFA_SMALL_CNT] = {
	[CFA_NOP] = op_nop,
	[CFA_SET_LOC] = op_set_loc,
	[CFA_ADVANCE_LOC1] = op_advance1,
	[CFA_ADVANCE_LOC2] = op_advance2,
	[CFA_ADVANCE_LOC4] = op_advance4,
	[CFA_OFFSET_EXTENDED] = op_offset_extended,
	[CFA_RESTORE_EXTENDED] = op_restore_extended,
	[CFA_UNDEFINED] = op_undefined,
	[CFA_SAME_VALUE] = op_same_value,
	[CFA_REGISTER] = op_register,
	[CFA_REMEMBER_STATE] = op_remember_state,
	[CFA_RESTORE_STATE] = op_restore_state,
	[CFA_DEF_CFA] = op_def_cfa,
	[CFA_DEF_CFA_REGISTER] = op_def_cfa_register,
	[CFA_DEF_CFA_OFFSET] = op_def_cfa_offset,
	[CFA_DEF_CFA_EXPRESSION] = op_def_cfa_expression,
	[CFA_EXPRESSION] = op_expression,
	[CFA_OFFSET_EXTENDED_SF] = op_offset_extended_sf,
	[CFA_DEF_CFA_SF] = op_def_cfa_sf,
	[CFA_DEF_CFA_OFFSET_SF] = op_def_cfa_offset_sf,
	[CFA_VAL_OFFSET] = op_val_offset,
	[CFA_VAL_OFFSET_SF] = op_val_offset_sf,
	[CFA_VAL_EXPRESSION] = op_val_expression,
	[CFA_MIPS_ADVANCE_LOC8] = op_advance8,
	[CFA_AARCH64_NEGATE_RA_STATE_WITH_PC] = op_nop,
	[CFA_GNU_WINDOW_SAVE] = op_nop,
	[CFA_GNU_ARGS_SIZE] = op_args_size,
	[CFA_GNU_NEGATIVE_OFFSET_EXTENDED] = op_negative_offset_extended,
};

static void run_small(struct cfa_machine *machine, uint8_t op)
{
	if (ops[op])
		ops[op](machine);
	else
		break_off(machine, UNWIND_LOSS_PROGRAM);
}

static void step(struct cfa_machine *machine)
{
	uint8_t byte = read_u8(&machine->code);
	uint8_t operand = byte & 0x3f;

	switch (byte >> 6) {
	case CFA_ADVANCE_LOC:
		advance(machine, operand);
		break;
	case CFA_OFFSET:
		set_value(machine, operand, PLACE_OFFSET,
			  factored(machine, (int64_t)read_uleb(&machine->code)));
		break;
	case CFA_RESTORE:
		restore(machine, operand);
		break;
	default:
		run_small(machine, operand);
	}
	if (machine->code.failed && machine->state.loss == UNWIND_LOSS_NONE)
		break_off(machine, UNWIND_LOSS_PROGRAM);
}

int cfa_machine_run(struct cfa_machine *machine)
{
	machine->state = machine->frame.initial ? *machine->frame.initial : (struct cfa_state){0};
	machine->remembered_cnt = 0;
	machine->changed = true;
	machine->result = 0;
	while (machine->code.at < machine->code.end && machine->location < machine->end &&
	       machine->result == 0)
		step(machine);
	if (machine->result == 0 && machine->location < machine->end)
		tell_row(machine);
	return machine->result;
}
