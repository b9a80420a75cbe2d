// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/tables/unwind_step.h"

static uint64_t cfa_of(struct unwind_rule rule, const struct dwarf_machine *machine)
{
	uint64_t sp = machine->regs[UNWIND_REGISTER_SP], fp = machine->regs[UNWIND_REGISTER_FP];
	uint64_t offset = (uint64_t)(int64_t)rule.offset;

	switch (UNWIND_KIND(rule)) {
	case UNWIND_SP:
		return sp + offset;
	case UNWIND_FP:
		return fp + offset;
	case UNWIND_SP_DEREF:
		return dwarf_word_at(sp + offset) + (uint64_t)(rule.aux * 8);
	case UNWIND_FP_DEREF:
		return dwarf_word_at(fp + offset) + (uint64_t)(rule.aux * 8);
	case UNWIND_SP_INDEX:
		return dwarf_word_at(sp + offset + machine->regs[rule.aux] * 8) + 8;
	case UNWIND_PLT:
		return sp + 8 + ((machine->regs[UNWIND_REGISTER_RA] & 15) >= offset ? 8 : 0);
	default:
		return machine->regs[rule.aux] + offset;
	}
}

static uint64_t ra_of(struct unwind_rule rule, const struct dwarf_machine *machine)
{
	switch (UNWIND_RA(rule)) {
	case UNWIND_RA_CFA:
		return dwarf_word_at(machine->cfa - 8);
	case UNWIND_RA_AUX:
		return dwarf_word_at(machine->cfa + (uint64_t)(rule.aux * 8));
	default:
		return machine->regs[rule.aux];
	}
}

static uint64_t fp_of(struct unwind_rule rule, const struct dwarf_machine *machine)
{
	uint64_t offset = (uint64_t)(int64_t)UNWIND_FP_OFFSET(rule);

	switch (UNWIND_FP_PLACE(rule)) {
	case UNWIND_FP_CFA:
		return dwarf_word_at(machine->cfa + offset);
	case UNWIND_FP_FP:
		return dwarf_word_at(machine->regs[UNWIND_REGISTER_FP] + offset);
	case UNWIND_FP_SP:
		return dwarf_word_at(machine->regs[UNWIND_REGISTER_SP] + offset);
	case UNWIND_FP_REGISTER:
		return machine->regs[offset / 8];
	default:
		return machine->regs[UNWIND_REGISTER_FP];
	}
}

static uint64_t bx_of(struct unwind_rule rule, const struct dwarf_machine *machine)
{
	return rule.aux ? dwarf_word_at(machine->cfa + (uint64_t)(rule.aux * 8)) :
			  machine->regs[UNWIND_REGISTER_BX];
}

static struct unwind_step step_by_ucontext(uint64_t ucontext)
{
	return (struct unwind_step){.outcome = STEP_CALLER,
				    .cfa = dwarf_word_at(ucontext + UNWIND_UCONTEXT_SP),
				    .ra = dwarf_word_at(ucontext + UNWIND_UCONTEXT_RA),
				    .fp = dwarf_word_at(ucontext + UNWIND_UCONTEXT_FP),
				    .bx_lost = true,
				    .interrupted = true};
}

struct unwind_step unwind_step_by_rule(struct unwind_rule rule, struct dwarf_machine machine)
{
	switch (UNWIND_KIND(rule)) {
	case UNWIND_GAP:
		return (struct unwind_step){.outcome = STEP_NONE};
	case UNWIND_STOP:
		return (struct unwind_step){.outcome = STEP_STOP};
	case UNWIND_SIGNAL:
		return step_by_ucontext(machine.regs[UNWIND_REGISTER_SP] +
					(uint64_t)(int64_t)rule.offset);
	default:
		machine.cfa = cfa_of(rule, &machine);
		return (struct unwind_step){.outcome = STEP_CALLER,
					    .cfa = machine.cfa,
					    .ra = ra_of(rule, &machine),
					    .fp = fp_of(rule, &machine),
					    .bx = bx_of(rule, &machine),
					    .bx_lost = !UNWIND_TELLS_BX(rule) ||
						       rule.aux == UNWIND_BX_LOST,
					    .fp_lost = UNWIND_FP_PLACE(rule) == UNWIND_FP_LOST,
					    .interrupted = rule.kind & UNWIND_INTERRUPTED};
	}
}
