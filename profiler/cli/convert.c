// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder convert, smolder merge: profiles in, one profile out. */
#include "formats/format.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "profiler/cli/selection.h"

#include <errno.h>

#define OUTPUTS_MAX 16

struct convert {
	struct selection selection;
	const char *outputs[OUTPUTS_MAX];
	size_t outputs_len;
};

static int apply_output(void *ctx, const struct option_spec *spec, const char *value)
{
	struct convert *convert = ctx;

	(void)spec;
	if (convert->outputs_len >= OUTPUTS_MAX)
		return options_error(convert->selection.verb, "more than %d outputs", OUTPUTS_MAX);
	convert->outputs[convert->outputs_len++] = value;
	return 0;
}

static const struct option_spec specs[] = {
	{'o', "output", true, apply_output, 0},
	SELECTION_SPECS,
	{0},
};

static int add_input(const struct convert *convert, const char *path, struct profile **profile,
		     struct err *err)
{
	_cleanup_profile_ struct profile *next = NULL;
	int r = selection_read(&convert->selection, path, &next, err);

	if (r < 0)
		return r;
	if (!*profile) {
		*profile = TAKE_PTR(next);
		return 0;
	}
	return profile_merge(*profile, next, err);
}

static int read_merge_write(const struct convert *convert, char **inputs, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	int r = 0;

	for (; *inputs && r == 0; inputs++)
		r = add_input(convert, *inputs, &profile, err);
	if (r < 0)
		return r;
	return format_write_files(profile, convert->outputs, convert->outputs_len, err);
}

static int run_checked(const struct convert *convert, char **inputs)
{
	struct err err;
	int r = format_check_outputs(convert->outputs, convert->outputs_len, &err);
	int code = r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;

	if (r == 0)
		r = read_merge_write(convert, inputs, &err);
	if (r == 0)
		return EXIT_DONE;
	msg_error("%s", err.text);
	return code;
}

static int run(const struct verb *verb, int argc, char **argv, int inputs_max)
{
	struct convert convert = {.selection.verb = verb};
	int operands = options_parse(verb, specs, &convert, argv);

	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (!argv[operands])
		return options_error(verb, "no input file"), EXIT_USAGE;
	if (argc - operands > inputs_max)
		return options_error(verb, "more than one input file; to add profiles up, use "
					   "'smolder merge'"),
		       EXIT_USAGE;
	if (!convert.outputs_len)
		return options_error(verb, "no output file: give -o FILE"), EXIT_USAGE;
	if (selection_check(&convert.selection) < 0)
		return EXIT_USAGE;
	return run_checked(&convert, argv + operands);
}

static int run_convert(const struct verb *verb, int argc, char **argv)
{
	return run(verb, argc, argv, 1);
}

static int run_merge(const struct verb *verb, int argc, char **argv)
{
	return run(verb, argc, argv, argc);
}

static const char help[] = "  -o, --output FILE          repeatable; .folded .folded.zst .pb.gz "
			   ".html .json, or -\n" SELECTION_HELP "\n"
			   "Reads stores, folded text (plain, gzip or zstd) and pprof (gzip or "
			   "plain); \"-\" is standard "
			   "input.\n";

const struct verb verb_convert = {
	.name = "convert",
	.arguments = "FILE|STORE -o OUT [OPTIONS]",
	.summary = "Turn a profile into another format",
	.help = help,
	.run = run_convert,
};

const struct verb verb_merge = {
	.name = "merge",
	.arguments = "FILE|STORE... -o OUT [OPTIONS]",
	.summary = "Add profiles up",
	.help = help,
	.run = run_merge,
};
