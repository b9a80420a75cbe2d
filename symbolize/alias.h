/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which of several names of one address is the one people expect to read. */
#ifndef SMOLDER_SYMBOLIZE_ALIAS_H
#define SMOLDER_SYMBOLIZE_ALIAS_H

enum alias_binding { ALIAS_GLOBAL, ALIAS_LOCAL, ALIAS_WEAK };

struct alias {
	const char *name;
	enum alias_binding binding;
};

/*
 * < 0 when `a` is the better name. Fewer leading underscores come first (`write`, not `__write`,
 * although the former is the weak one in libc), then global before local before weak, then the
 * shorter name, then the alphabet: never the order in the file.
 */
int alias_compare(struct alias a, struct alias b);

/*
 * Which of two names of the same code to show: what the debug information calls it (either may be
 * NULL) or what the symbol table does. The symbol wins when it says more: it is mangled and so tells
 * the scope, is the name of a clone (`f.cold`), or is the public name of something private.
 */
const char *alias_choose(const char *debug_name, const char *symbol);

#endif
