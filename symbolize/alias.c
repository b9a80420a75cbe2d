// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/alias.h"

#include <string.h>

/* Mangled names begin with underscores by law of their ABI: those say nothing. */
static size_t private_underscores(const char *name)
{
	if (strncmp(name, "_Z", 2) == 0 || strncmp(name, "_R", 2) == 0)
		return 0;
	return strspn(name, "_");
}

int alias_compare(struct alias a, struct alias b)
{
	size_t a_underscores = private_underscores(a.name);
	size_t b_underscores = private_underscores(b.name);
	size_t a_len, b_len;

	if (a_underscores != b_underscores)
		return a_underscores < b_underscores ? -1 : 1;
	if (a.binding != b.binding)
		return a.binding < b.binding ? -1 : 1;
	a_len = strlen(a.name);
	b_len = strlen(b.name);
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return strcmp(a.name, b.name);
}
