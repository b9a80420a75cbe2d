// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any string as a symbol's name. */
#include "symbolize/namepool.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(namepool_free) struct namepool pool = {0};
	_cleanup_free_ char *name = malloc(len + 1);
	const char *system_name, *readable;

	if (!name)
		return 0;
	if (len)
		memcpy(name, data, len);
	name[len] = '\0';
	readable = namepool_demangle(&pool, name, &system_name);
	if (!readable || strlen(readable) > NAMEPOOL_LEN_MAX ||
	    strncmp(system_name, name, strlen(system_name)) != 0)
		abort();
	return 0;
}
