// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/options.h"

#include "base/cleanup.h"
#include "profiler/cli/msg.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>

#define OPTIONS_MAX 40
#define HELP_VALUE 1000
#define FIRST_LONG_VALUE 1001

struct getopt_tables {
	struct option longs[OPTIONS_MAX + 2]; /* and --help, and the end */
	char shorts[2 * OPTIONS_MAX + 4];
};

int options_error(const struct verb *verb, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	msg_error("%s: %s (see 'smolder %s --help')", verb->name, text, verb->name);
	return -EINVAL;
}

void options_print_help(const struct verb *verb)
{
	printf("usage: smolder %s %s\n\n%s.\n", verb->name, verb->arguments, verb->summary);
	if (verb->help)
		printf("\n%s", verb->help);
}

/* The leading ':' makes getopt_long() tell a missing value from an unknown option. */
static void fill_tables(const struct option_spec *specs, struct getopt_tables *tables)
{
	char *shorts = tables->shorts;
	int i;

	*shorts++ = ':';
	for (i = 0; specs[i].name && i < OPTIONS_MAX; i++) {
		tables->longs[i] = (struct option){
			.name = specs[i].name,
			.has_arg = specs[i].takes_value ? required_argument : no_argument,
			.val = FIRST_LONG_VALUE + i,
		};
		if (!specs[i].letter)
			continue;
		*shorts++ = specs[i].letter;
		if (specs[i].takes_value)
			*shorts++ = ':';
	}
	*shorts = '\0';
	tables->longs[i++] = (struct option){.name = "help", .val = HELP_VALUE};
	tables->longs[i] = (struct option){0};
}

static const struct option_spec *find_spec(const struct option_spec *specs, int value)
{
	if (value >= FIRST_LONG_VALUE)
		return &specs[value - FIRST_LONG_VALUE];
	while (specs->name && specs->letter != value)
		specs++;
	return specs;
}

/* Is what stands before any '=' the beginning of several options' names? */
static bool is_ambiguous(const struct option_spec *specs, const char *argument)
{
	size_t len = strcspn(argument, "="), count = 0;

	if (strncmp(argument, "--", 2) != 0)
		return false;
	for (; specs->name; specs++)
		count += strncmp(specs->name, argument + 2, len - 2) == 0;
	return count > 1;
}

/* getopt_long() leaves the culprit in optopt (short), or in the argument before optind (long). */
static int complain(const struct verb *verb, const struct option_spec *specs, char **argv, int kind)
{
	char letter[3] = {'-', (char)optopt, '\0'};
	const char *culprit = optopt ? letter : argv[optind - 1];

	if (optopt == HELP_VALUE)
		return options_error(verb, "option '--help' takes no value");
	if (optopt >= FIRST_LONG_VALUE)
		return options_error(verb, "option '--%s' %s", find_spec(specs, optopt)->name,
				     kind == ':' ? "needs a value" : "takes no value");
	if (kind == ':')
		return options_error(verb, "option '%s' needs a value", culprit);
	if (!optopt && is_ambiguous(specs, culprit))
		return options_error(verb, "option '%s' is the beginning of several", culprit);
	return options_error(verb, "unknown option '%s'", culprit);
}

static int count_arguments(char **argv)
{
	int count = 0;

	while (argv[count])
		count++;
	return count;
}

int options_parse(const struct verb *verb, const struct option_spec *specs, void *ctx, char **argv)
{
	struct getopt_tables tables;
	int argc = count_arguments(argv), value;

	fill_tables(specs, &tables);
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	while ((value = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
		const struct option_spec *spec;
		int r;

		if (value == '?' || value == ':')
			return complain(verb, specs, argv, value);
		if (value == HELP_VALUE) {
			options_print_help(verb);
			return OPTIONS_HELP;
		}
		spec = find_spec(specs, value);
		r = spec->apply(ctx, spec, optarg);
		if (r < 0)
			return r;
	}
	return optind;
}
