/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The verbs: one file each, one table (in main.c) that drives dispatch and help. */
#ifndef SMOLDER_CLI_VERBS_H
#define SMOLDER_CLI_VERBS_H

struct verb {
	const char *name;
	const char *arguments; /* for usage: "FILE… -o OUT" */
	const char *summary;   /* one line, no full stop */
	const char *help;      /* the options, as shown by "smolder VERB --help"; NULL: none */
	int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the verb */
};

extern const struct verb verb_record, verb_agent, verb_report, verb_convert, verb_merge,
	verb_unwind_table, verb_stack, verb_symbolize, verb_doctor, verb_bench;

#endif
