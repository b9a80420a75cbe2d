/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What an address is, as text: addr2line's lines, or one JSON object a line. */
#ifndef SMOLDER_PROFILER_CLI_ANSWER_TEXT_H
#define SMOLDER_PROFILER_CLI_ANSWER_TEXT_H

#include "base/buf.h"
#include "profiler/cli/address_space.h"

struct answer_style {
	bool functions, inlines, addresses, demangle; /* of the lines only */
	bool short_names;
	bool json;
};

/* Innermost frame first. */
void answer_text_append(struct buf *out, const struct answer_style *style,
			const struct address_answer *answer);

#endif
