/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Code that every program and library is linked with and that has no unwind information: _init and _fini
 * of crti.o, and what crtbegin.o has for constructors and destructors. Each runs once in the life of
 * a process, and is often hit: it is the first to touch its page. Recognized by its bytes.
 */
#ifndef SMOLDER_UNWIND_CRT_CODE_H
#define SMOLDER_UNWIND_CRT_CODE_H

#include "bpf/unwind_abi.h"

#include <stddef.h>
#include <stdint.h>

/* So many bytes of a gap between functions are enough to see. */
#define CRT_CODE_MAX 320
#define CRT_ROWS_MAX 4

struct crt_row {
	size_t offset; /* in the bytes */
	struct unwind_rule rule;
};

/*
 * The rows of such code among the bytes of a gap, ascending, the last one UNWIND_GAP; 0: there is none.
 */
size_t crt_code_rows(const uint8_t *bytes, size_t len, struct crt_row ret_rows[CRT_ROWS_MAX]);

#endif
