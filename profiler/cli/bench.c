// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder bench: what is claimed, measured on this host. */
#include "base/parse.h"
#include "formats/format.h"
#include "formats/outfile.h"
#include "profiler/bench/bench_sections.h"
#include "profiler/bench/bench_stop.h"
#include "profiler/bench/bpf_programs.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"

#include <errno.h>
#include <fts.h>
#include <string.h>

#define ROUNDS_DEFAULT 2
#define ROUNDS_MAX 1000

typedef int (*section_fn)(const struct bench_plan *plan, struct bench_paper *paper,
			  struct err *err);

static const struct section {
	const char *name;
	section_fn run;
} sections[] = {
	{"cost", bench_cost},         {"slowdown", bench_slowdown},         {"agent", bench_agent},
	{"accuracy", bench_accuracy}, {"completeness", bench_completeness},
};

struct bench {
	const struct verb *verb;
	const struct section *only; /* NULL: all */
	const char *json;           /* where to; NULL: nowhere */
	uint32_t rounds;
};

static int apply_only(void *ctx, const struct option_spec *spec, const char *value)
{
	struct bench *bench = ctx;

	(void)spec;
	for (size_t i = 0; i < ARRAY_SIZE(sections); i++)
		if (strcmp(sections[i].name, value) == 0) {
			bench->only = &sections[i];
			return 0;
		}
	return options_error(bench->verb,
			     "section '%s' is not cost, slowdown, agent, accuracy or completeness",
			     value);
}

static int apply_rounds(void *ctx, const struct option_spec *spec, const char *value)
{
	struct bench *bench = ctx;

	if (parse_u32(value, &bench->rounds) < 0 || !bench->rounds || bench->rounds > ROUNDS_MAX)
		return options_error(bench->verb,
				     "option '--%s' takes a number from 1 to %d, not '%s'",
				     spec->name, ROUNDS_MAX, value);
	return 0;
}

static int apply_json(void *ctx, const struct option_spec *spec, const char *value)
{
	struct bench *bench = ctx;

	(void)spec;
	bench->json = value;
	return 0;
}

static const struct option_spec specs[] = {
	{0, "only", true, apply_only, 0},
	{0, "rounds", true, apply_rounds, 0},
	{0, "json", true, apply_json, 0},
	{0},
};

static const char help[] =
	"      --only SECTION         cost, slowdown, agent, accuracy or completeness\n"
	"      --rounds N             measure each thing N times (default 2)\n"
	"      --json FILE            write the tables as JSON, too\n"
	"\n"
	"Needs root; takes some minutes.\n";

static void remove_directory(char *const *directory)
{
	char *paths[] = {*directory, NULL};
	FTS *files = *directory ? fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	const FTSENT *entry;

	while (files && (entry = fts_read(files)))
		if (entry->fts_info != FTS_D)
			remove(entry->fts_accpath);
	if (files)
		fts_close(files);
}

static int run_sections(const struct bench *bench, const struct bench_plan *plan,
			struct bench_paper *paper, struct err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sections) && r == 0; i++)
		if (!bench->only || bench->only == &sections[i])
			r = sections[i].run(plan, paper, err);
	return bench_stop_wanted() ? err_set(err, -EINTR, "bench: interrupted") : r;
}

static int write_json(const struct bench *bench, const struct bench_paper *paper, struct err *err)
{
	_cleanup_buf_ struct buf text = {0};

	if (!bench->json)
		return 0;
	if (bench_paper_to_json(paper, &text) < 0)
		return err_errno(err, -ENOMEM, "cannot write '%s'", bench->json);
	return format_write_bytes(bench->json, text.data, text.len, err);
}

static int measure(const struct bench *bench, char *directory, struct err *err)
{
	_cleanup_bench_paper_ struct bench_paper *paper = NULL;
	struct bench_plan plan = {
		.directory = directory,
		.rounds = bench->rounds,
		.cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN),
	};
	_cleanup_close_ int stats_fd = bpf_programs_measure(err);
	int r;

	if (stats_fd < 0)
		return stats_fd;
	r = bench_paper_new(stdout, &paper);
	if (r < 0)
		return err_errno(err, r, "cannot begin");
	r = run_sections(bench, &plan, paper, err);
	return r < 0 ? r : write_json(bench, paper, err);
}

static int run_bench(const struct verb *verb, int argc, char **argv)
{
	struct bench bench = {.verb = verb, .rounds = ROUNDS_DEFAULT};
	int operands = options_parse(verb, specs, &bench, argv);
	char directory[] = "/tmp/smolder-bench-XXXXXX";
	_cleanup_(remove_directory) char *made = NULL;
	struct err err;

	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (operands < argc)
		return options_error(verb, "takes no '%s'", argv[operands]), EXIT_USAGE;
	if (bench.json && outfile_check(bench.json, &err) < 0) {
		msg_error("%s", err.text);
		return EXIT_FAILED;
	}
	if (geteuid() != 0) {
		msg_error("bench: needs root: it profiles the whole host");
		return EXIT_FAILED;
	}
	bench_stop_hold();
	made = mkdtemp(directory);
	if (!made) {
		msg_error("cannot make a directory under '/tmp': %m");
		return EXIT_FAILED;
	}
	if (measure(&bench, made, &err) < 0) {
		msg_error("%s", err.text);
		return EXIT_FAILED;
	}
	return EXIT_DONE;
}

const struct verb verb_bench = {
	.name = "bench",
	.arguments = "[OPTIONS]",
	.summary = "Measure overhead, accuracy and completeness on this host",
	.help = help,
	.run = run_bench,
};
