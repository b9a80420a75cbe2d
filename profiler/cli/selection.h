/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which part of a file or a store a verb is asked about, and how names are to be: the options --from, --to,
 * those that choose by labels, and --short-names, for every verb that reads profiles.
 */
#ifndef SMOLDER_CLI_SELECTION_H
#define SMOLDER_CLI_SELECTION_H

#include "formats/label_filter.h"
#include "profiler/cli/options.h"

/* The first member of a verb's options, so that `apply` finds it. */
struct selection {
	const struct verb *verb;
	const char *from, *to; /* NULL: not given */
	struct label_filter filter;
	bool short_names;
};

int selection_apply_from(void *ctx, const struct option_spec *spec, const char *value);
int selection_apply_to(void *ctx, const struct option_spec *spec, const char *value);
int selection_apply_label(void *ctx, const struct option_spec *spec, const char *value);
int selection_apply_short_names(void *ctx, const struct option_spec *spec, const char *value);

/* What an option of selection_apply_label() chooses by: its spec's number. */
enum selection_label {
	SELECTION_COMM,
	SELECTION_PID,
	SELECTION_CONTAINER,
	SELECTION_CGROUP,
	SELECTION_UNIT,
};

/* Rows of a verb's table. */
#define SELECTION_SPECS                                                                            \
	{0, "from", true, selection_apply_from, 0}, {0, "to", true, selection_apply_to, 0},        \
		{0, "comm", true, selection_apply_label, SELECTION_COMM},                          \
		{0, "pid", true, selection_apply_label, SELECTION_PID},                            \
		{0, "container", true, selection_apply_label, SELECTION_CONTAINER},                \
		{0, "cgroup", true, selection_apply_label, SELECTION_CGROUP},                      \
		{0, "unit", true, selection_apply_label, SELECTION_UNIT},                          \
	{                                                                                          \
		0, "short-names", false, selection_apply_short_names, 0                            \
	}

#define SELECTION_HELP                                                                             \
	"      --from T               of a store: only windows from then on: -10m, 03:12,\n"       \
	"                             'yesterday 14:00', 2026-11-21T03:12:00Z\n"                   \
	"      --to T                 of a store: only windows before then\n"                      \
	"      --comm PATTERN         only processes of this name; these are repeatable\n"         \
	"      --pid PID              only this process\n"                                         \
	"      --container ID         only this container; the first digits will do\n"             \
	"      --cgroup PATH          only this control group, and those below it\n"               \
	"      --unit PATTERN         only control groups of a unit: nginx.service\n"              \
	"      --short-names          functions without parameters and template arguments\n"

/* Reads the path, a file or a store, and keeps what is asked for. < 0 with a message that names it. */
int selection_read(const struct selection *selection, const char *path,
		   struct profile **ret_profile, struct err *err) _warn_unused_;

/* Are times given, and good? To be called before anything is read: says what is wrong. 0 or -EINVAL. */
int selection_check(const struct selection *selection) _warn_unused_;

#endif
