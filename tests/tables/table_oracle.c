// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Unwind tables against what libdw and libunwind read in the same files. Prints a line for each table, and
 * one for each judge of it; exit status 1 when there is a disagreement. With --damage the tables'
 * most frequent rule is made wrong, and all judges must see it.
 *
 *	table_oracle [--damage] FILE…
 */
#include "tests/tables/table_trial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#define COMPLAINTS_MAX 5

struct session {
	bool damage;
	uint64_t disagreed;
};

static void damage(struct unwind_table *table)
{
	struct unwind_rule *rules =
		(void *)((unsigned char *)table->bytes + table->object.rules_off);
	uint32_t number = 0;

	while (number < table->object.rule_cnt && UNWIND_KIND(rules[number]) < UNWIND_SP)
		number++;
	if (number < table->object.rule_cnt)
		rules[number].offset ^= 8;
}

static void report_table(const char *path, const struct unwind_table *table)
{
	printf("%s: table: rows %u not-encoded %" PRIu64 " fdes %" PRIu64 " bytes %zu\n", path,
	       table->object.row_cnt, unwind_table_rows_lost(table), table->stats.fde_cnt,
	       table->len);
}

static void report_trial(const struct table_trial *trial)
{
	printf("%s: %s: compared %" PRIu64 " disagree %" PRIu64 " unsupported %" PRIu64
	       " fp-unknown %" PRIu64 " unknown %" PRIu64 " refused %" PRIu64 " added %" PRIu64
	       "\n",
	       trial->file, trial->judge->name, trial->compared, trial->disagreed,
	       trial->unsupported, trial->fp_unknown, trial->unknown, trial->refused, trial->added);
}

static int try_table(struct session *session, struct table_trial *trial, struct elf_source source)
{
	struct err err;
	int r = table_trial_run(trial, source, &err);

	if (r < 0)
		printf("%s: %s: %s\n", trial->file, trial->judge->name, err.text);
	else
		report_trial(trial);
	session->disagreed += trial->disagreed;
	return r;
}

typedef int (*judge_new_fn)(struct elf_source source, struct table_judge **ret_judge);

static const struct {
	const char *name;
	judge_new_fn new;
} judges[] = {{"libdw", libdw_judge_new}, {"libunwind", libunwind_judge_new}};

static int judge_table(struct session *session, const char *path, int fd,
		       const struct unwind_table *table)
{
	struct elf_source source = {.fd = fd};
	int r = 0;

	for (size_t i = 0; i < sizeof(judges) / sizeof(judges[0]) && r == 0; i++) {
		struct table_trial trial = {
			.file = path, .table = table, .complaints_max = COMPLAINTS_MAX};

		if (judges[i].new(source, &trial.judge) < 0) {
			printf("%s: %s: not judged\n", path, judges[i].name);
			continue;
		}
		if (session->damage)
			trial.complaints_max = 0;
		r = try_table(session, &trial, source);
		trial.judge->free(trial.judge);
	}
	return r;
}

static int judge_file(struct session *session, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct unwind_table table = {0};
	struct err err;
	int r;

	if (fd < 0)
		return -errno;
	r = unwind_table_compile((struct elf_source){.fd = fd}, &table, &err);
	if (r < 0) {
		printf("%s: %s\n", path, err.text);
		return r;
	}
	report_table(path, &table);
	if (session->damage)
		damage(&table);
	if (table.object.page_cnt)
		r = judge_table(session, path, fd, &table);
	unwind_table_free(&table);
	return r;
}

int main(int argc, char **argv)
{
	struct session session = {.damage = argc > 1 && strcmp(argv[1], "--damage") == 0};
	int failed = 0;

	setlinebuf(stdout);
	for (int i = session.damage ? 2 : 1; i < argc; i++)
		failed += judge_file(&session, argv[i]) < 0;
	return session.disagreed || failed;
}
