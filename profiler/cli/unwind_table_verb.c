// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder unwind-table: what the compiler of unwind tables makes of a file. */
#include "base/clock.h"
#include "profiler/cli/confine.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "profiler/sandbox/confined_table.h"
#include "profiler/unwind/row_rule.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>

enum { OPTION_EXECUTABLE, OPTION_DUMP, OPTION_NO_SANDBOX };

struct unwind_table_options {
	const char *path;
	bool dump, no_sandbox;
};

static int apply_option(void *ctx, const struct option_spec *spec, const char *value)
{
	struct unwind_table_options *options = ctx;

	if (spec->number == OPTION_EXECUTABLE)
		options->path = value;
	else if (spec->number == OPTION_DUMP)
		options->dump = true;
	else
		options->no_sandbox = true;
	return 0;
}

static const struct option_spec specs[] = {
	{'e', "exe", true, apply_option, OPTION_EXECUTABLE},
	{0, "dump", false, apply_option, OPTION_DUMP},
	{0, "no-sandbox", false, apply_option, OPTION_NO_SANDBOX},
	{0},
};

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void print_count(const char *name, uint64_t count)
{
	if (count)
		printf("  %-28s %" PRIu64 "\n", name, count);
}

static const char *source_name(const struct unwind_stats *stats)
{
	bool debug = stats->debug_format != CFI_NONE;

	switch (stats->eh_format) {
	case CFI_EH_FRAME:
		return debug ? ".eh_frame .debug_frame" : ".eh_frame";
	case CFI_EH_HEADER:
		return debug ? "PT_GNU_EH_FRAME .debug_frame" : "PT_GNU_EH_FRAME";
	default:
		return debug ? ".debug_frame" : "none";
	}
}

static void print_table(const struct unwind_table *table)
{
	const struct unwind_object *object = &table->object;
	const struct unwind_stats *stats = &table->stats;

	printf("source:         %s\n", source_name(stats));
	printf("source-bytes:   %" PRIu64 "\n", stats->cfi_len);
	printf("fdes:           %" PRIu64 "\n", stats->fde_cnt);
	printf("rows:           %u\n", object->row_cnt);
	printf("bytes:          %zu\n", table->len);
	printf("bytes-per-row:  %.2f\n",
	       object->row_cnt ? (double)table->len / (double)object->row_cnt : 0);
	printf("pages:          %u\n", object->page_cnt);
	printf("rules:          %u\n", object->rule_cnt);
	printf("code-bytes:     %" PRIu64 "\n", stats->code_len);
	printf("covered:        %.3f %%\n", percent(stats->covered_len, stats->code_len));
}

static void print_losses(const struct unwind_table *table)
{
	const struct unwind_stats *stats = &table->stats;
	uint64_t lost = unwind_table_rows_lost(table);

	printf("not-encodable:  %" PRIu64 " rows, %.4f %%\n", lost,
	       percent(lost, table->object.row_cnt));
	for (int i = 0; i < UNWIND_LOSS_CNT; i++)
		print_count(unwind_loss_name((enum unwind_loss)i), stats->rows_of_loss[i]);
	print_count("unreadable .debug_frame", stats->debug_unreadable);
	print_count("broken entries", stats->cfi.entries_broken);
	print_count("fdes without cie", stats->cfi.fdes_no_cie);
	print_count("fdes without code", stats->cfi.fdes_empty);
	print_count("fdes outside the code", stats->cfi.fdes_outside);
	print_count("fdes too many", stats->cfi.fdes_too_many);
	print_count("fdes that overlap", stats->fdes_overlapping);
	print_count("overlaps given up", stats->resumed_lost);
	print_count("pages too dense", stats->rows.pages_dense);
	print_count("rows of these", stats->rows.rows_dense);
	print_count("rows too far away", stats->rows.rows_too_far);
	print_count("rows too many", stats->rows.rows_too_many);
	print_count("rows without a rule left", stats->rows.rows_no_rule);
}

static void dump_page(const struct unwind_table *table, uint32_t page)
{
	char text[ROW_RULE_TEXT_LEN];
	struct unwind_rule rule;
	uint32_t first, cnt = unwind_table_page(table, page, &first);

	for (uint32_t row = first; row < first + cnt; row++) {
		uint64_t address = unwind_table_row(table, page, row, &rule);

		printf("%#" PRIx64 " %s\n", address, row_rule_text(rule, text));
	}
}

static int compile_file(const char *path, struct sandbox *sandbox, struct unwind_table *ret_table,
			struct err *err)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct err reason;
	int r;

	if (fd < 0)
		return err_errno(err, -errno, "cannot open '%s'", path);
	r = confined_table_compile(sandbox, (struct elf_source){.fd = fd}, ret_table, &reason);
	return r < 0 ? err_set(err, r, "'%s': %s", path, reason.text) : 0;
}

static void print_all(const struct unwind_table_options *options, const struct unwind_table *table)
{
	for (uint32_t page = 0; options->dump && page < table->object.page_cnt; page++)
		dump_page(table, page);
	if (options->dump)
		return;
	print_table(table);
	printf("cpu-time:       %.3f ms\n", (double)table->stats.cpu_ns / (double)NS_PER_MS);
	print_losses(table);
}

static int print_file(const struct unwind_table_options *options)
{
	struct sandbox *sandbox;
	struct unwind_table table;
	struct err err;
	int r;

	if (confine_open(options->no_sandbox, &sandbox) < 0)
		return EXIT_FAILED;
	r = compile_file(options->path, sandbox, &table, &err);
	sandbox_free(sandbox);
	if (r < 0) {
		msg_error("%s", err.text);
		return EXIT_FAILED;
	}
	print_all(options, &table);
	unwind_table_free(&table);
	return EXIT_DONE;
}

static int run_unwind_table(const struct verb *verb, int argc, char **argv)
{
	struct unwind_table_options options = {0};
	int operands = options_parse(verb, specs, &options, argv);

	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (operands < argc)
		return options_error(verb, "'%s' is no option; the file goes behind -e",
				     argv[operands]),
		       EXIT_USAGE;
	if (!options.path)
		return options_error(verb, "no file: give -e FILE"), EXIT_USAGE;
	return print_file(&options);
}

static const char help[] =
	"  -e, --exe FILE             the executable or shared object\n"
	"      --dump                 all rows: address, where the caller's frame is\n"
	"      --no-sandbox           parse the file in this process, with all its privileges\n"
	"\n"
	"Without --dump: how large the table is, how much of the code it covers, and which rows\n"
	"of the file's unwind information it cannot say, by reason.\n";

const struct verb verb_unwind_table = {
	.name = "unwind-table",
	.arguments = "-e FILE [--dump]",
	.summary = "Show the unwind table of a file",
	.help = help,
	.run = run_unwind_table,
};
