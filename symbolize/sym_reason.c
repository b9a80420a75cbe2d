// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/cleanup.h"
#include "symbolize/symbolizer.h"

const char *sym_reason_name(enum sym_reason reason)
{
	static const char *const names[SYM_REASON_COUNT] = {
		[SYM_OK] = "named",
		[SYM_NO_SYMBOL] = "no symbol",
		[SYM_STRIPPED] = "stripped",
		[SYM_NO_FILE] = "no file",
		[SYM_BAD_ELF] = "bad ELF",
		[SYM_NOT_MAPPED] = "not mapped",
		[SYM_NO_KALLSYMS] = "no kallsyms",
		[SYM_TOO_LARGE] = "too large",
		[SYM_NOT_IN_JIT] = "not in the perf map",
		[SYM_FAILED] = "worker failed",
		[SYM_PUT_OFF] = "put off",
	};

	return (unsigned int)reason < SYM_REASON_COUNT ? names[reason] : "unknown";
}
