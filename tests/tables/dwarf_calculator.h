/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * DWARF expressions as numbers: a machine with registers, a CFA, and a memory that has a word of its
 * own at every address.
 */
#ifndef SMOLDER_TESTS_DWARF_CALCULATOR_H
#define SMOLDER_TESTS_DWARF_CALCULATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DWARF_REGISTER_CNT 17 /* of x86-64: general registers and the return address */

struct dwarf_machine {
	uint64_t regs[DWARF_REGISTER_CNT];
	uint64_t cfa;
};

struct dwarf_result {
	uint64_t value;
	bool is_value; /* else the address of the value */
};

/* The word at an address; also a good hash of it. */
uint64_t dwarf_word_at(uint64_t address);

/* `ops` is an array of libdw's Dwarf_Op. False when an operation is unknown or makes no sense. */
bool dwarf_calculate(const struct dwarf_machine *machine, const void *ops, size_t cnt,
		     struct dwarf_result *ret_result);

#endif
