/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the DWARF expressions of call frame information say, as far as tables can say it: a register
 * plus a number, or what lies in memory there, plus a number.
 */
#ifndef SMOLDER_UNWIND_CFA_EXPRESSION_H
#define SMOLDER_UNWIND_CFA_EXPRESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Instead of a register: */
#define CFA_BASE_NONE (-1) /* just a number */
#define CFA_BASE_CFA (-2) /* the CFA, which lies on the stack when a register's expression starts */

/*
 * base + offset, or, when `loaded`, *(base + offset) + addend. With a register as `index`, its value
 * times 8 is added to the offset: OpenSSL's assembly keeps sp behind an array on the stack.
 */
struct cfa_value {
	int base, index;
	bool loaded;
	int64_t offset, addend;
};

/* Is the value of the expression one of these? `ret_value` is touched only then. */
bool cfa_expression_value(const uint8_t *bytes, size_t len, struct cfa_value *ret_value);

/*
 * Is it that of a lazy PLT, sp + 8 + ((pc & 15) >= threshold ? 8 : 0), in the words linkers write it?
 * (binutils bfd/elfxx-x86.c, elf_x86_64_eh_frame_lazy_plt; lld and mold write the same.)
 */
bool cfa_expression_plt(const uint8_t *bytes, size_t len, int32_t *ret_threshold);

#endif
