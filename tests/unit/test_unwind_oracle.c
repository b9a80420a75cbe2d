// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Unwind tables against libdw's reading of the same file: what this program is made of, a few files of
 * the system, and tables that were made wrong. tests/tables/table_oracle judges any file.
 */
#include "profiler/unwind/unwind_table.h"
#include "tests/tables/table_trial.h"

#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <sys/auxv.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define COMPLAINTS_MAX 5
#define ADDED_MAX 24 /* of startup code: profiler/unwind/crt_code.h */

static void report(const struct table_trial *trial)
{
	print_message("%s: %u rows, %" PRIu64 " not encoded, %" PRIu64 " compared, %" PRIu64
		      " disagree\n",
		      trial->file, trial->table->object.row_cnt,
		      unwind_table_rows_lost(trial->table), trial->compared, trial->disagreed);
}

/* At least 99.95 % of the rows have a rule; small objects may have one that has none. */
static void assert_agreement(struct elf_source source, const char *name)
{
	struct unwind_table table = {0};
	struct table_trial trial = {
		.file = name, .table = &table, .complaints_max = COMPLAINTS_MAX};
	struct err err;

	assert_int_equal(unwind_table_compile(source, &table, &err), 0);
	assert_int_equal(libdw_judge_new(source, &trial.judge), 0);
	assert_int_equal(table_trial_run(&trial, source, &err), 0);
	report(&trial);
	assert_int_equal(trial.disagreed, 0);
	assert_true(trial.added <= ADDED_MAX);
	assert_true(trial.compared > table.object.row_cnt);
	assert_true(unwind_table_rows_lost(&table) <= 1 + table.object.row_cnt / 2000);
	trial.judge->free(trial.judge);
	unwind_table_free(&table);
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
	struct unwind_table table = {0};
	struct table_trial trial = {.file = "self", .table = &table};
	struct elf_source source = {.fd = fd};
	struct unwind_rule *rules;
	uint32_t number = 0;

	assert_int_equal(unwind_table_compile(source, &table, NULL), 0);
	assert_int_equal(libdw_judge_new(source, &trial.judge), 0);
	rules = (struct unwind_rule *)(void *)((uint8_t *)table.bytes + table.object.rules_off);
	while (rules[number].kind != UNWIND_SP || UNWIND_FP_PLACE(rules[number]) != UNWIND_FP_CFA)
		assert_true(++number < table.object.rule_cnt);
	rules[number].kind ^= wrong.kind;
	rules[number].aux = (__s8)(rules[number].aux ^ wrong.aux);
	rules[number].fp = (__s16)(rules[number].fp ^ wrong.fp);
	rules[number].offset ^= wrong.offset;
	table_trial_own_rows(&trial);
	assert_true(trial.disagreed > 0);
	trial.judge->free(trial.judge);
	unwind_table_free(&table);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_of_this_program),
		cmocka_unit_test(files_of_the_system),
		cmocka_unit_test(vdso),
		cmocka_unit_test(wrong_rules_are_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
