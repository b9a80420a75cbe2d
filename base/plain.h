/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names made safe to show: a process can put anything into its name or a symbol's, escape sequences
 * for the operator's terminal too.
 */
#ifndef SMOLDER_BASE_PLAIN_H
#define SMOLDER_BASE_PLAIN_H

/* Replaces control characters (ASCII's, and C1 controls in UTF-8) by '?'; returns `text`. */
char *plain_text(char *text);

#endif
