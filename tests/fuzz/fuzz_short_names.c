// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any string as a function's name: what is short is not longer, and of the same letters in their order. */
#include "formats/short_names.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static bool is_part_of(const struct buf *part, const char *whole)
{
	for (size_t i = 0; i < part->len; i++) {
		whole = strchr(whole, part->data[i]);
		if (!whole)
			return false;
		whole++;
	}
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_buf_ struct buf part = {0};
	_cleanup_free_ char *name = malloc(len + 1);

	if (!name)
		return 0;
	if (len)
		memcpy(name, data, len);
	name[len] = '\0';
	short_names_append(&part, name);
	if (part.len > strlen(name) || (*name && !part.len) || !is_part_of(&part, name))
		abort();
	return 0;
}
