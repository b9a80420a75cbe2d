/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * One error message on its way up. Rooms do not log: where a bare -errno would not tell the user
 * what failed, on what and what to do, a function takes a `struct err *` as its last parameter and
 * fills it when, and only when, it returns < 0.
 */
#ifndef SMOLDER_BASE_ERR_H
#define SMOLDER_BASE_ERR_H

#include "base/cleanup.h"

struct err {
	char text[512]; /* one line, no newline, no final full stop; longer text is cut */
};

/*
 * Formats the message and returns `code` (a negative errno), so that failing is one statement:
 *	return err_set(err, -EINVAL, "unknown suffix '%s'", suffix);
 * A NULL `err` is legal: only the code is wanted then.
 */
int err_set(struct err *err, int code, const char *format, ...) _printf_(3, 4);

/* As err_set(), with ": <strerror(-code)>" behind the message. */
int err_errno(struct err *err, int code, const char *format, ...) _printf_(3, 4);

#endif
