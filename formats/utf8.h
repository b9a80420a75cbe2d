/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Text as the formats want it: names come from whoever was profiled and may hold any bytes. */
#ifndef SMOLDER_FORMATS_UTF8_H
#define SMOLDER_FORMATS_UTF8_H

#include "base/buf.h"

/*
 * The length (1 to 4) of the UTF-8 sequence that `text` starts with, or 0 when it is not one:
 * overlong, surrogate, above U+10FFFF or cut (RFC 3629).
 */
size_t utf8_sequence_len(const char *text, size_t len);

/* Appends the text with U+FFFD for each byte that is not part of valid UTF-8. */
void utf8_append(struct buf *out, const char *text, size_t len);

/* As utf8_append(), and as one part of a folded line: ';' becomes ':', control characters '_'. */
void utf8_append_folded(struct buf *out, const char *text, size_t len);

/* Appends a JSON string with its quotes; invalid UTF-8 as above, controls, U+2028/9 and '<' escaped. */
void utf8_append_json(struct buf *out, const char *text, size_t len);

#endif
