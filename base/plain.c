// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/plain.h"

/* U+0080 to U+009F, which terminals obey, are 0xc2 0x80 to 0xc2 0x9f in UTF-8. */
char *plain_text(char *text)
{
	for (unsigned char *at = (unsigned char *)text; *at; at++) {
		if (*at < ' ' || *at == 0x7f)
			*at = '?';
		if (at[0] == 0xc2 && at[1] >= 0x80 && at[1] <= 0x9f) {
			at[0] = '?';
			at[1] = '?';
		}
	}
	return text;
}
