// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Unwind tables against libdw's reading of the same file: for each row of either, at its first and
 * its last address and one between them, the caller's stack pointer, frame pointer and return address
 * as numbers, from random registers and a memory of random words. Without arguments: what this
 * program is made of, and a few files of the system. With arguments: these files, and a report.
 */
#include "base/fs.h"
#include "profiler/unwind/row_rule.h"
#include "profiler/unwind/unwind_table.h"
#include "tests/unit/dwarf_calculator.h"

#include <elfutils/libdw.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <sys/auxv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COMPLAINTS_MAX 5
#define RA UNWIND_REGISTER_RA

enum outcome { FRAME_NONE, FRAME_STOP, FRAME_CALLER };

/* What unwinding one step at one address yields. */
struct step {
	enum outcome outcome;
	uint64_t cfa, ra, fp;
	bool fp_lost, interrupted;
};

struct oracle {
	const char *name;
	Elf *elf;
	Dwarf *dwarf;
	Dwarf_CFI *eh, *debug; /* of .eh_frame and of .debug_frame; NULL: none */
	struct unwind_table table;
	uint64_t random;
	uint64_t compared, disagreed, unsupported, fp_unknown;
	bool quiet;
	uint64_t row_end; /* where the row of libdw that was asked for last ends */
};

static uint64_t next_random(struct oracle *oracle)
{
	return dwarf_word_at(++oracle->random);
}

enum found { FOUND, FOUND_UNDEFINED, FOUND_NOT };

/* The caller's value of a register, by libdw. */
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

static struct step step_of_frame(Dwarf_Frame *frame, struct dwarf_machine *machine)
{
	struct step step = {.outcome = FRAME_CALLER};
	struct dwarf_result cfa;
	enum found found;
	Dwarf_Op *ops;
	size_t cnt;

	if (dwarf_frame_cfa(frame, &ops, &cnt) != 0 || !dwarf_calculate(machine, ops, cnt, &cfa))
		return (struct step){.outcome = FRAME_NONE};
	machine->cfa = step.cfa = cfa.value;
	found = find_register(frame, machine, RA, &step.ra);
	if (found == FOUND_UNDEFINED)
		return (struct step){.outcome = FRAME_STOP};
	if (found == FOUND_NOT)
		return (struct step){.outcome = FRAME_NONE};
	step.fp_lost = find_register(frame, machine, UNWIND_REGISTER_FP, &step.fp) != FOUND;
	return step;
}

static Dwarf_Frame *find_frame(struct oracle *oracle, uint64_t pc)
{
	Dwarf_Frame *frame;

	if (oracle->eh && dwarf_cfi_addrframe(oracle->eh, pc, &frame) == 0)
		return frame;
	if (oracle->debug && dwarf_cfi_addrframe(oracle->debug, pc, &frame) == 0)
		return frame;
	return NULL;
}

static struct step step_by_libdw(struct oracle *oracle, struct dwarf_machine machine, uint64_t pc)
{
	struct step step;
	Dwarf_Frame *frame;
	Dwarf_Addr start;
	bool interrupted;

	frame = find_frame(oracle, pc);
	if (!frame)
		return (struct step){.outcome = FRAME_NONE};
	dwarf_frame_info(frame, &start, &oracle->row_end, &interrupted);
	step = step_of_frame(frame, &machine);
	step.interrupted = interrupted && step.outcome == FRAME_CALLER;
	free(frame);
	return step;
}

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
		return sp + 8 + ((machine->regs[RA] & 15) >= offset ? 8 : 0);
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

static struct step step_by_rule(struct unwind_rule rule, struct dwarf_machine machine)
{
	uint64_t ucontext = machine.regs[UNWIND_REGISTER_SP] + (uint64_t)(int64_t)rule.offset;

	switch (UNWIND_KIND(rule)) {
	case UNWIND_GAP:
		return (struct step){.outcome = FRAME_NONE};
	case UNWIND_STOP:
		return (struct step){.outcome = FRAME_STOP};
	case UNWIND_SIGNAL:
		return (struct step){.outcome = FRAME_CALLER,
				     .cfa = dwarf_word_at(ucontext + UNWIND_UCONTEXT_SP),
				     .ra = dwarf_word_at(ucontext + UNWIND_UCONTEXT_RA),
				     .fp = dwarf_word_at(ucontext + UNWIND_UCONTEXT_FP),
				     .interrupted = true};
	default:
		machine.cfa = cfa_of(rule, &machine);
		return (struct step){.outcome = FRAME_CALLER,
				     .cfa = machine.cfa,
				     .ra = ra_of(rule, &machine),
				     .fp = fp_of(rule, &machine),
				     .fp_lost = UNWIND_FP_PLACE(rule) == UNWIND_FP_LOST,
				     .interrupted = rule.kind & UNWIND_INTERRUPTED};
	}
}

static bool same_step(const struct step *ours, const struct step *theirs)
{
	if (ours->outcome != theirs->outcome)
		return false;
	if (ours->outcome != FRAME_CALLER)
		return true;
	return ours->cfa == theirs->cfa && ours->ra == theirs->ra &&
	       ours->fp_lost == theirs->fp_lost && (ours->fp_lost || ours->fp == theirs->fp) &&
	       ours->interrupted == theirs->interrupted;
}

/* Padding goes with the function before it: what no FDE speaks for, within the 16 bytes behind one. */
static bool is_padding(struct oracle *oracle, uint64_t pc)
{
	Dwarf_Frame *frame;

	for (uint64_t back = 1; back < 16; back++) {
		frame = find_frame(oracle, pc - back);
		if (!frame)
			continue;
		free(frame);
		return true;
	}
	return false;
}

static void complain(struct oracle *oracle, uint64_t pc, struct unwind_rule rule,
		     const struct step *theirs)
{
	char text[ROW_RULE_TEXT_LEN];

	if (oracle->disagreed++ < COMPLAINTS_MAX && !oracle->quiet)
		print_message("%s: %#" PRIx64 ": %s; libdw: outcome %d, fp_lost %d, "
			      "interrupted %d\n",
			      oracle->name, pc, row_rule_text(rule, text), theirs->outcome,
			      theirs->fp_lost, theirs->interrupted);
}

/* True when libdw knows the address. */
static bool compare_at(struct oracle *oracle, uint64_t pc)
{
	struct unwind_rule rule = unwind_table_lookup(&oracle->table, pc);
	enum unwind_loss loss = row_rule_loss(rule);
	struct dwarf_machine machine;
	struct step ours, theirs;

	for (int i = 0; i < UNWIND_REGISTER_CNT; i++)
		machine.regs[i] = next_random(oracle);
	machine.regs[RA] = pc;
	ours = step_by_rule(rule, machine);
	theirs = step_by_libdw(oracle, machine, pc);
	oracle->compared++;
	if (UNWIND_KIND(rule) == UNWIND_UNSUPPORTED) {
		oracle->unsupported++;
		return theirs.outcome != FRAME_NONE;
	}
	if (loss != UNWIND_LOSS_NONE ||
	    (ours.fp_lost && oracle->table.object.flags & UNWIND_OBJECT_GO)) {
		oracle->fp_unknown++;
		ours.fp_lost = theirs.fp_lost = true;
	}
	if (!same_step(&ours, &theirs) && !(theirs.outcome == FRAME_NONE && is_padding(oracle, pc)))
		complain(oracle, pc, rule, &theirs);
	return theirs.outcome != FRAME_NONE;
}

/* Every row of libdw that begins in these addresses. */
static void compare_their_rows(struct oracle *oracle, uint64_t pc, uint64_t end)
{
	while (pc < end) {
		uint64_t row_end;

		oracle->row_end = pc + 1;
		compare_at(oracle, pc);
		row_end = MIN(MAX(oracle->row_end, pc + 1), end);
		if (row_end - pc > 1) {
			compare_at(oracle, pc + next_random(oracle) % (row_end - pc));
			compare_at(oracle, row_end - 1);
		}
		pc = row_end;
	}
}

static void compare_our_rows(struct oracle *oracle)
{
	struct unwind_rule rule;

	for (uint32_t page = 0; page < oracle->table.object.page_cnt; page++) {
		uint32_t first, cnt = unwind_table_page(&oracle->table, page, &first);

		for (uint32_t row = first; row < first + cnt; row++) {
			uint64_t pc = unwind_table_row(&oracle->table, page, row, &rule);

			compare_at(oracle, pc);
			compare_at(oracle, pc - 1);
		}
	}
}

static int compare_fdes(struct oracle *oracle, const struct cfi_section *section)
{
	struct cfi_entries entries = {0};
	struct code_range all = {0, UINT64_MAX};
	int r = cfi_entries_read(&entries, section, (struct code_ranges){&all, 1});

	vec_for_each(&entries.fdes, fde)
		compare_their_rows(oracle, fde->start, fde->end);
	cfi_entries_free(&entries);
	return r;
}

/* The addresses of all FDEs, as the compiler reads them. */
static int compare_all_fdes(struct oracle *oracle, struct elf_source source, struct err *err)
{
	struct cfi_section eh = {0}, debug = {0};
	struct elf_image image = {0};
	int r = elf_image_open(source, &image, err);

	if (r == 0)
		r = cfi_section_load_eh(&image, &eh);
	if (r == 0)
		r = compare_fdes(oracle, &eh);
	if (r == 0 && cfi_section_load_debug(&image, &debug) == 0)
		r = compare_fdes(oracle, &debug);
	cfi_section_free(&eh);
	cfi_section_free(&debug);
	elf_image_close(&image);
	return r;
}

static int open_oracle(struct oracle *oracle, struct elf_source source)
{
	elf_version(EV_CURRENT);
	if (source.memory)
		oracle->elf = elf_memory((char *)(uintptr_t)source.memory, source.memory_len);
	else
		oracle->elf = elf_begin(source.fd, ELF_C_READ_MMAP, NULL);
	if (!oracle->elf)
		return -ENOEXEC;
	oracle->eh = dwarf_getcfi_elf(oracle->elf);
	oracle->dwarf = dwarf_begin_elf(oracle->elf, DWARF_C_READ, NULL);
	oracle->debug = oracle->dwarf ? dwarf_getcfi(oracle->dwarf) : NULL;
	return oracle->eh || oracle->debug ? 0 : -ENOEXEC;
}

/* 0, or < 0 when there is nothing to compare. */
static int run_oracle(struct oracle *oracle, struct elf_source source, struct err *err)
{
	int r = unwind_table_compile(source, &oracle->table, err);

	if (r < 0)
		return r;
	r = open_oracle(oracle, source);
	if (r == 0)
		r = compare_all_fdes(oracle, source, err);
	else
		err_set(err, r, "libdw finds no unwind information");
	if (r == 0)
		compare_our_rows(oracle);
	return r;
}

static void close_oracle(struct oracle *oracle)
{
	if (oracle->eh)
		dwarf_cfi_end(oracle->eh);
	dwarf_end(oracle->dwarf);
	elf_end(oracle->elf);
	unwind_table_free(&oracle->table);
}

static void report(const struct oracle *oracle)
{
	uint64_t lost = unwind_table_rows_lost(&oracle->table);

	print_message("%s: %u rows, %" PRIu64 " not encoded, %" PRIu64 " compared, %" PRIu64
		      " disagree\n",
		      oracle->name, oracle->table.object.row_cnt, lost, oracle->compared,
		      oracle->disagreed);
}

/* At least 99.95 % of the rows have a rule; small objects may have one that has none. */
static void assert_agreement(struct elf_source source, const char *name)
{
	struct oracle oracle = {.name = name};
	struct err err = {0};
	int r = run_oracle(&oracle, source, &err);

	if (r < 0)
		print_message("%s: %s\n", name, err.text);
	else
		report(&oracle);
	assert_int_equal(r, 0);
	assert_int_equal(oracle.disagreed, 0);
	assert_true(oracle.compared > oracle.table.object.row_cnt);
	assert_true(unwind_table_rows_lost(&oracle.table) <=
		    1 + oracle.table.object.row_cnt / 2000);
	close_oracle(&oracle);
}

static void assert_file_agreement(const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		print_message("%s: not here\n", path);
	else
		assert_agreement((struct elf_source){.fd = fd}, path);
}

static int check_loaded(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	(void)ctx;
	if (info->dlpi_name[0] == '/')
		assert_file_agreement(info->dlpi_name);
	return 0;
}

static void objects_of_this_program(void **state)
{
	(void)state;
	assert_file_agreement("/proc/self/exe");
	dl_iterate_phdr(check_loaded, NULL);
}

static void files_of_the_system(void **state)
{
	(void)state;
	assert_file_agreement("/bin/bash");
	assert_file_agreement("/usr/lib/x86_64-linux-gnu/libcrypto.so.3");
	assert_file_agreement("/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
}

/* The kernel writes its length nowhere; its section headers end it. */
static size_t vdso_len(const void *vdso)
{
	const Elf64_Ehdr *header = vdso;

	return header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
}

static void vdso(void **state)
{
	const void *memory = (const void *)(uintptr_t)getauxval(AT_SYSINFO_EHDR);

	(void)state;
	if (!memory)
		skip();
	assert_agreement(
		(struct elf_source){.fd = -1, .memory = memory, .memory_len = vdso_len(memory)},
		"vDSO");
}

/* The oracle must see a rule that is wrong, or its silence says nothing. */
static void assert_seen(struct unwind_rule wrong)
{
	_cleanup_close_ int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct oracle oracle = {.name = "self", .quiet = true};
	struct elf_source source = {.fd = fd};
	struct unwind_rule *rules;
	uint32_t number = 0;

	assert_int_equal(unwind_table_compile(source, &oracle.table, NULL), 0);
	assert_int_equal(open_oracle(&oracle, source), 0);
	rules = (struct unwind_rule *)(void *)((uint8_t *)oracle.table.bytes +
					       oracle.table.object.rules_off);
	while (rules[number].kind != UNWIND_SP || UNWIND_FP_PLACE(rules[number]) != UNWIND_FP_CFA)
		assert_true(++number < oracle.table.object.rule_cnt);
	rules[number].kind ^= wrong.kind;
	rules[number].aux = (__s8)(rules[number].aux ^ wrong.aux);
	rules[number].fp = (__s16)(rules[number].fp ^ wrong.fp);
	rules[number].offset ^= wrong.offset;
	compare_our_rows(&oracle);
	assert_true(oracle.disagreed > 0);
	close_oracle(&oracle);
}

static void wrong_rules_are_seen(void **state)
{
	(void)state;
	assert_seen((struct unwind_rule){.offset = 8});
	assert_seen((struct unwind_rule){.fp = 8});
	assert_seen((struct unwind_rule){.fp = UNWIND_FP_CFA ^ UNWIND_FP_FP});
	assert_seen((struct unwind_rule){.kind = UNWIND_SP ^ UNWIND_FP});
	assert_seen((struct unwind_rule){.kind = UNWIND_SP ^ UNWIND_GAP});
	assert_seen((struct unwind_rule){.kind = UNWIND_INTERRUPTED});
	assert_seen((struct unwind_rule){.kind = UNWIND_RA_AUX << 4, .aux = 1});
}

struct sums {
	unsigned int files, others;
	uint64_t rows, lost, compared, disagreed;
};

static void report_file(const char *path, struct sums *sums)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct oracle oracle = {.name = path};
	struct err err = {0};

	if (fd < 0 || run_oracle(&oracle, (struct elf_source){.fd = fd}, &err) < 0) {
		if (strcmp(err.text, "not an ELF file") != 0)
			print_message("%s: %s\n", path, err.text);
		sums->others++;
	} else {
		report(&oracle);
		sums->files++;
		sums->rows += oracle.table.object.row_cnt;
		sums->lost += unwind_table_rows_lost(&oracle.table);
		sums->compared += oracle.compared;
		sums->disagreed += oracle.disagreed;
	}
	close_oracle(&oracle);
}

static int report_files(char **paths)
{
	struct sums sums = {0};

	for (; *paths; paths++)
		report_file(*paths, &sums);
	print_message("%u files (%u others), %" PRIu64 " rows, %" PRIu64 " not encoded, %" PRIu64
		      " compared, %" PRIu64 " disagree\n",
		      sums.files, sums.others, sums.rows, sums.lost, sums.compared, sums.disagreed);
	return sums.disagreed ? 1 : 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_this_program),
		cmocka_unit_test(files_of_the_system),
		cmocka_unit_test(vdso),
		cmocka_unit_test(wrong_rules_are_seen),
	};

	if (argc > 1)
		return report_files(argv + 1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
