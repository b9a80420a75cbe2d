/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the program says: results go to standard output, everything here to standard error, one line
 * each, with the program's name in front. Control characters in names are made harmless.
 */
#ifndef SMOLDER_CLI_MSG_H
#define SMOLDER_CLI_MSG_H

#include "base/cleanup.h"

#include <stdbool.h>

enum msg_level { MSG_QUIET, MSG_NORMAL, MSG_VERBOSE };

/* What exit codes mean. */
enum exit_code { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

void msg_set_level(enum msg_level level);

void msg_error(const char *format, ...) _printf_(1, 2);   /* always shown */
void msg_warning(const char *format, ...) _printf_(1, 2); /* unless quiet */
void msg_info(const char *format, ...) _printf_(1, 2);    /* unless quiet */
void msg_verbose(const char *format, ...) _printf_(1, 2); /* when verbose */

/* A line that the next one replaces; only on a terminal, and not when quiet. */
void msg_progress(const char *format, ...) _printf_(1, 2);

#endif
