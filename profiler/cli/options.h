/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Options, as every verb takes them: long and short, in any order before "--", with errors of one
 * line that name the option and the value.
 */
#ifndef SMOLDER_CLI_OPTIONS_H
#define SMOLDER_CLI_OPTIONS_H

#include "profiler/cli/verbs.h"

#include <stdbool.h>

struct option_spec {
	char letter; /* 0: none */
	const char *name;
	bool takes_value;
	/* Returns 0, or < 0 after it has said what is wrong. */
	int (*apply)(void *ctx, const struct option_spec *spec, const char *value);
	int number; /* for `apply`, where one function serves several options */
};

/*
 * Applies options and moves them in front of the operands. Returns the index of the first operand,
 * or -EINVAL after it has said what is wrong. Understands --help everywhere: prints the verb's
 * help and returns OPTIONS_HELP.
 */
#define OPTIONS_HELP 0
int options_parse(const struct verb *verb, const struct option_spec *specs, void *ctx, char **argv);

/* "smolder record: …" and a hint at --help, on standard error; returns -EINVAL. */
int options_error(const struct verb *verb, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* "smolder record TARGET…", then the options, on standard output. */
void options_print_help(const struct verb *verb);

#endif
