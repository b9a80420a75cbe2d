/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Lines that prove themselves: 16 hexadecimal digits of the hash (XXH3, 64 bits) of what follows, a
 * space, one line of text. A file of such lines that was cut anywhere reads back up to the cut.
 */
#ifndef SMOLDER_FORMATS_CHECKED_LINE_H
#define SMOLDER_FORMATS_CHECKED_LINE_H

#include "base/buf.h"

/* Appends the text, which has no newline, as one line. */
void checked_line_append(struct buf *out, const char *text, size_t len);

struct checked_lines {
	const char *at, *end;
};

/* True and the next line's text (not NUL-terminated); false at the end or at a line that is not whole. */
bool checked_lines_next(struct checked_lines *lines, const char **ret_text, size_t *ret_len);

#endif
