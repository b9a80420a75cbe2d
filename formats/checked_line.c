// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/checked_line.h"

#include "base/hashindex.h"
#include "base/parse.h"

#include <inttypes.h>
#include <string.h>

#define HASH_DIGITS ((size_t)16)

void checked_line_append(struct buf *out, const char *text, size_t len)
{
	buf_appendf(out, "%016" PRIx64 " ", hash_bytes(text, len));
	buf_append(out, text, len);
	buf_append_byte(out, '\n');
}

bool checked_lines_next(struct checked_lines *lines, const char **ret_text, size_t *ret_len)
{
	size_t left = (size_t)(lines->end - lines->at);
	const char *end = left ? memchr(lines->at, '\n', left) : NULL;
	const char *text = lines->at + HASH_DIGITS + 1;
	uint64_t hash;

	if (!end || end < text || text[-1] != ' ' ||
	    parse_u64_len(lines->at, HASH_DIGITS, 16, &hash) < 0 ||
	    hash != hash_bytes(text, (size_t)(end - text)))
		return false;
	*ret_text = text;
	*ret_len = (size_t)(end - text);
	lines->at = end + 1;
	return true;
}
