// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/alias.h"

#include <stdbool.h>
#include <string.h>

static bool is_mangled(const char *name)
{
	return strncmp(name, "_Z", 2) == 0 || strncmp(name, "_R", 2) == 0;
}

/* Mangled names begin with underscores by law of their ABI: those say nothing. */
static size_t private_underscores(const char *name)
{
	return is_mangled(name) ? 0 : strspn(name, "_");
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

const char *alias_choose(const char *debug_name, const char *symbol)
{
	size_t len;

	if (!debug_name || !symbol)
		return symbol ? symbol : debug_name;
	len = strlen(debug_name);
	if (strncmp(symbol, debug_name, len) == 0 && symbol[len] == '.')
		return symbol;
	if (is_mangled(debug_name))
		return debug_name;
	if (is_mangled(symbol) || private_underscores(symbol) < private_underscores(debug_name))
		return symbol;
	return debug_name;
}
