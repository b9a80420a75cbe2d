// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/tables/table_trial.h"
#include "profiler/unwind/row_rule.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/param.h>

/* Padding that goes with the function before it: what no FDE speaks for, this close behind one. */
#define PADDING_MAX 16

/* No function is as long: rows of broken files, of which the beginning will do. */
#define ROW_LEN_MAX (UINT64_C(1) << 24)

static uint64_t next_random(struct table_trial *trial)
{
	return dwarf_word_at(++trial->random);
}

/* The table need not say where rbx is. */
static bool is_same_bx(const struct unwind_step *ours, const struct unwind_step *theirs)
{
	return ours->bx_lost || (!theirs->bx_lost && ours->bx == theirs->bx);
}

static bool is_same_step(const struct unwind_step *ours, const struct unwind_step *theirs)
{
	if (ours->outcome != theirs->outcome)
		return false;
	if (ours->outcome != STEP_CALLER)
		return true;
	return ours->cfa == theirs->cfa && ours->ra == theirs->ra &&
	       ours->fp_lost == theirs->fp_lost && (ours->fp_lost || ours->fp == theirs->fp) &&
	       ours->interrupted == theirs->interrupted && is_same_bx(ours, theirs);
}

static bool is_padding(struct table_trial *trial, struct dwarf_machine machine, uint64_t pc)
{
	uint64_t row_end;

	for (uint64_t back = 1; back < PADDING_MAX; back++) {
		machine.regs[UNWIND_REGISTER_RA] = pc - back;
		if (trial->judge->step(trial->judge, &machine, &row_end).outcome != STEP_NONE)
			return true;
	}
	return false;
}

static void complain(struct table_trial *trial, uint64_t pc, struct unwind_rule rule,
		     const struct unwind_step *theirs)
{
	static const char *const outcomes[] = {
		[STEP_NONE] = "nothing", [STEP_STOP] = "stop", [STEP_CALLER] = "a caller"};
	char text[ROW_RULE_TEXT_LEN];

	if (trial->disagreed++ < (uint64_t)trial->complaints_max)
		printf("%s: %#" PRIx64 ": %s; %s: %s%s%s\n", trial->file, pc,
		       row_rule_text(rule, text), trial->judge->name, outcomes[theirs->outcome],
		       theirs->fp_lost ? ", fp lost" : "",
		       theirs->interrupted ? ", interrupted" : "");
}

/* What the table does not claim to know, it cannot have wrong. */
static void judge_steps(struct table_trial *trial, const struct dwarf_machine *machine,
			struct unwind_rule rule, struct unwind_step theirs)
{
	struct unwind_step ours = unwind_step_by_rule(rule, *machine);
	uint64_t pc = machine->regs[UNWIND_REGISTER_RA];

	trial->compared++;
	if (UNWIND_KIND(rule) == UNWIND_UNSUPPORTED) {
		trial->unsupported++;
		return;
	}
	if (theirs.outcome == STEP_NONE && !trial->judge->reads_debug_frame &&
	    trial->table->stats.debug_format != CFI_NONE) {
		trial->unknown++;
		return;
	}
	if (theirs.outcome == STEP_REFUSED) {
		trial->refused++;
		return;
	}
	if (row_rule_loss(rule) != UNWIND_LOSS_NONE ||
	    (ours.fp_lost && trial->table->object.flags & UNWIND_OBJECT_GO)) {
		trial->fp_unknown++;
		ours.fp_lost = theirs.fp_lost = true;
	}
	if (theirs.outcome == STEP_NONE && !trial->in_fde) {
		trial->added += ours.outcome != STEP_NONE && !is_padding(trial, *machine, pc);
		return;
	}
	if (!trial->judge->tells_interrupted)
		theirs.interrupted = ours.interrupted;
	if (!is_same_step(&ours, &theirs))
		complain(trial, pc, rule, &theirs);
}

/* Returns where the judge's row ends; pc + 1 when it has none. */
static uint64_t compare_at(struct table_trial *trial, uint64_t pc)
{
	struct dwarf_machine machine = {0};
	struct unwind_step theirs;
	uint64_t row_end = pc + 1;

	for (int i = 0; i < UNWIND_REGISTER_CNT; i++)
		machine.regs[i] = next_random(trial) & ~UINT64_C(7); /* as stacks are */
	machine.regs[UNWIND_REGISTER_RA] = pc;
	theirs = trial->judge->step(trial->judge, &machine, &row_end);
	judge_steps(trial, &machine, unwind_table_lookup(trial->table, pc), theirs);
	return MAX(row_end, pc + 1);
}

/* The rest of a row whose first address has been compared. */
static void compare_row(struct table_trial *trial, uint64_t start, uint64_t end)
{
	struct unwind_rule last = unwind_table_lookup(trial->table, start);
	uint64_t between = start + next_random(trial) % (end - start);

	end = MIN(end, start + ROW_LEN_MAX);
	for (uint64_t pc = start + 1; pc < end; pc++) {
		struct unwind_rule rule = unwind_table_lookup(trial->table, pc);

		if (pc == between || pc == end - 1 || memcmp(&rule, &last, sizeof(rule)) != 0)
			compare_at(trial, pc);
		last = rule;
	}
}

static void compare_fde(struct table_trial *trial, const struct cfi_fde *fde)
{
	uint64_t pc = fde->start;

	trial->in_fde = true;
	while (pc < fde->end) {
		uint64_t row_end = MIN(compare_at(trial, pc), fde->end);

		compare_row(trial, pc, row_end);
		pc = row_end;
	}
	trial->in_fde = false;
}

static int compare_section(struct table_trial *trial, const struct cfi_section *section,
			   struct code_ranges code)
{
	struct cfi_entries entries = {0};
	int r = cfi_entries_read(&entries, section, code);

	vec_for_each(&entries.fdes, fde)
		compare_fde(trial, fde);
	cfi_entries_free(&entries);
	return r;
}

static int compare_image(struct table_trial *trial, const struct elf_image *image)
{
	struct code_range everywhere = {0, UINT64_MAX};
	struct code_ranges code = {&everywhere, 1};
	struct cfi_section eh = {0}, debug = {0};
	int r = cfi_section_load_eh(image, &eh);

	if (r == 0)
		r = compare_section(trial, &eh, code);
	if (r == 0 && cfi_section_load_debug(image, &debug) == 0)
		r = compare_section(trial, &debug, code);
	cfi_section_free(&eh);
	cfi_section_free(&debug);
	return r;
}

void table_trial_own_rows(struct table_trial *trial)
{
	struct unwind_rule rule;

	for (uint32_t page = 0; page < trial->table->object.page_cnt; page++) {
		uint32_t first, cnt = unwind_table_page(trial->table, page, &first);

		for (uint32_t row = first; row < first + cnt; row++) {
			uint64_t pc = unwind_table_row(trial->table, page, row, &rule);

			compare_at(trial, pc - 1);
			compare_at(trial, pc);
		}
	}
}

int table_trial_run(struct table_trial *trial, struct elf_source source, struct err *err)
{
	struct elf_image image = {0};
	int r = elf_image_open(source, &image, err);

	if (r < 0)
		return r;
	r = compare_image(trial, &image);
	elf_image_close(&image);
	if (r < 0)
		return err_errno(err, r, "cannot read unwind information");
	table_trial_own_rows(trial);
	return 0;
}
