/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One thing that a recording needs or profits from: tried here and now, never concluded from a version.
 * A check fills its result by exactly one of check_works(), check_fallback(), check_missing() and
 * check_note(), or leaves it alone: then there is nothing to say and its row is left out.
 */
#ifndef SMOLDER_DOCTOR_CHECK_H
#define SMOLDER_DOCTOR_CHECK_H

#include "base/err.h"

#include <stdbool.h>

enum check_state {
	CHECK_OMITTED,
	CHECK_WORKS,
	CHECK_FALLBACK, /* something else, which has a name, does its work */
	CHECK_MISSING,
	CHECK_NOTE, /* neither good nor bad: a fact worth knowing */
};

struct check_result {
	enum check_state state;
	char detail[320]; /* one line: what was found, and why */
	char advice[320]; /* one line: what to do; "": nothing */
};

struct host;

struct check {
	const char *name; /* NULL ends a list */
	void (*run)(struct host *host, struct check_result *result);
	bool needed; /* without it no recording of the whole host works */
};

struct check_group {
	const char *title; /* NULL ends the list of groups */
	const struct check *checks;
};

/* All there are, in the order of the table. */
extern const struct check_group check_groups[];

extern const struct check sampler_checks[], map_checks[], event_checks[], rights_checks[],
	settings_checks[], place_checks[], name_checks[];

void check_works(struct check_result *result, const char *format, ...) _printf_(2, 3);
void check_missing(struct check_result *result, const char *format, ...) _printf_(2, 3);
void check_note(struct check_result *result, const char *format, ...) _printf_(2, 3);

/* `name` says what does the work instead; the detail reads "NAME: …". */
void check_fallback(struct check_result *result, const char *name, const char *format, ...)
	_printf_(3, 4);

void check_advise(struct check_result *result, const char *format, ...) _printf_(2, 3);

/*
 * Missing because something failed with a negative errno: for want of privileges, then with advice,
 * or as the message says. check_failed() makes the message "WHAT: <strerror>".
 */
void check_explained(struct check_result *result, int error, const struct err *err);
void check_failed(struct check_result *result, int error, const char *what);

/* The advice for whoever lacks privileges. */
extern const char check_privileges_advice[];

#endif
