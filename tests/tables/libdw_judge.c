// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/tables/table_judge.h"

#include <elfutils/libdw.h>
#include <errno.h>

struct libdw_judge {
	struct table_judge judge;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *eh, *debug; /* of .eh_frame and of .debug_frame; NULL: none */
};

enum found { FOUND, FOUND_UNDEFINED, FOUND_NOT };

/* The caller's value of a register. */
static enum found find_register(Dwarf_Frame *frame, const struct dwarf_machine *machine, int reg,
				uint64_t *ret_value)
{
	struct dwarf_result result;
	Dwarf_Op memory[3], *ops;
	size_t cnt;

	if (dwarf_frame_register(frame, reg, memory, &ops, &cnt) != 0)
		return FOUND_NOT;
	if (cnt == 0 && ops == memory)
		return FOUND_UNDEFINED;
	if (cnt == 0) {
		*ret_value = machine->regs[reg];
		return FOUND;
	}
	if (!dwarf_calculate(machine, ops, cnt, &result))
		return FOUND_NOT;
	*ret_value = result.is_value ? result.value : dwarf_word_at(result.value);
	return FOUND;
}

/*
 * libdw 0.188 has rbx and rax mixed up where the unwind information does not speak of them: it takes
 * rax for one that callees keep, rbx for one that they need not (backends/x86_64_cfi.c).
 */
static bool find_bx(Dwarf_Frame *frame, const struct dwarf_machine *machine, uint64_t *ret_value)
{
	enum found found = find_register(frame, machine, UNWIND_REGISTER_BX, ret_value);

	if (found == FOUND_UNDEFINED)
		*ret_value = machine->regs[UNWIND_REGISTER_BX];
	return found != FOUND_NOT;
}

static struct unwind_step step_of_frame(Dwarf_Frame *frame, struct dwarf_machine machine)
{
	struct unwind_step step = {.outcome = STEP_CALLER};
	struct dwarf_result cfa;
	enum found found;
	Dwarf_Op *ops;
	size_t cnt;

	if (dwarf_frame_cfa(frame, &ops, &cnt) != 0 || !dwarf_calculate(&machine, ops, cnt, &cfa))
		return (struct unwind_step){.outcome = STEP_NONE};
	machine.cfa = step.cfa = cfa.value;
	found = find_register(frame, &machine, UNWIND_REGISTER_RA, &step.ra);
	if (found == FOUND_UNDEFINED)
		return (struct unwind_step){.outcome = STEP_STOP};
	if (found == FOUND_NOT)
		return (struct unwind_step){.outcome = STEP_NONE};
	step.fp_lost = find_register(frame, &machine, UNWIND_REGISTER_FP, &step.fp) != FOUND;
	step.bx_lost = !find_bx(frame, &machine, &step.bx);
	return step;
}

static Dwarf_Frame *find_frame(const struct libdw_judge *libdw, uint64_t pc)
{
	Dwarf_Frame *frame;

	if (libdw->eh && dwarf_cfi_addrframe(libdw->eh, pc, &frame) == 0)
		return frame;
	if (libdw->debug && dwarf_cfi_addrframe(libdw->debug, pc, &frame) == 0)
		return frame;
	return NULL;
}

static struct unwind_step step_by_libdw(struct table_judge *judge,
					const struct dwarf_machine *machine, uint64_t *ret_row_end)
{
	Dwarf_Frame *frame =
		find_frame((struct libdw_judge *)judge, machine->regs[UNWIND_REGISTER_RA]);
	struct unwind_step step;
	bool interrupted;
	Dwarf_Addr start;

	if (!frame)
		return (struct unwind_step){.outcome = STEP_NONE};
	dwarf_frame_info(frame, &start, ret_row_end, &interrupted);
	step = step_of_frame(frame, *machine);
	step.interrupted = interrupted && step.outcome == STEP_CALLER;
	free(frame);
	return step;
}

static void libdw_judge_free(struct table_judge *judge)
{
	struct libdw_judge *libdw = (struct libdw_judge *)judge;

	if (libdw->eh)
		dwarf_cfi_end(libdw->eh);
	dwarf_end(libdw->dwarf);
	elf_end(libdw->elf);
	free(libdw);
}

static Elf *open_elf(struct elf_source source)
{
	elf_version(EV_CURRENT);
	if (source.memory)
		return elf_memory((char *)(uintptr_t)source.memory, source.memory_len);
	return elf_begin(source.fd, ELF_C_READ_MMAP, NULL);
}

int libdw_judge_new(struct elf_source source, struct table_judge **ret_judge)
{
	struct libdw_judge *libdw = calloc(1, sizeof(*libdw));

	if (!libdw)
		return -ENOMEM;
	libdw->judge = (struct table_judge){.name = "libdw",
					    .tells_interrupted = true,
					    .reads_debug_frame = true,
					    .step = step_by_libdw,
					    .free = libdw_judge_free};
	libdw->elf = open_elf(source);
	libdw->eh = dwarf_getcfi_elf(libdw->elf);
	libdw->dwarf = dwarf_begin_elf(libdw->elf, DWARF_C_READ, NULL);
	libdw->debug = libdw->dwarf ? dwarf_getcfi(libdw->dwarf) : NULL;
	if (!libdw->eh && !libdw->debug) {
		libdw_judge_free(&libdw->judge);
		return -ENOEXEC;
	}
	*ret_judge = &libdw->judge;
	return 0;
}
