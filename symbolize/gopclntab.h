/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Go's table of functions, which the runtime prints stack traces from and which is in every Go program,
 * stripped or not: .gopclntab as written by Go 1.2 to 1.15, 1.16 and 1.17, 1.18 and 1.19, and 1.20 and
 * later (src/runtime/symtab.go, runtime2.go and src/debug/gosym of each). Little endian. Whatever the
 * bytes are, what is read lies inside of them.
 */
#ifndef SMOLDER_SYMBOLIZE_GOPCLNTAB_H
#define SMOLDER_SYMBOLIZE_GOPCLNTAB_H

#include "symbolize/elf_section.h"

enum gopclntab_layout { GO_1_2, GO_1_16, GO_1_18, GO_1_20 };

struct gopclntab {
	const struct elf_bytes *bytes; /* of the whole table; the caller's */
	enum gopclntab_layout layout;
	uint8_t quantum,
		word_len; /* bytes: what steps of addresses are multiples of; a pointer's */
	uint32_t func_cnt;
	uint64_t text_start; /* what function addresses count from, since 1.18 */
	/* Where its parts begin, in bytes. */
	uint64_t names, units, files, values, funcs, functab;
};

struct gopclntab_func {
	uint64_t entry;
	const char *name;                        /* NULL: none, or broken */
	uint32_t start_line;                     /* since 1.20; 0: not known */
	uint32_t files_at, lines_at, inlines_at; /* in values; 0: there are none */
	uint32_t unit;                           /* where its files' numbers begin */
	uint64_t inline_tree; /* an address, or since 1.18 an offset; GO_NO_TREE: none */
};

#define GO_NO_TREE UINT64_MAX

/* 0 or -ENOEXEC. Since 1.18 the text_start is as in the file: 0 where that is still to be relocated. */
int gopclntab_open(const struct elf_bytes *bytes, struct gopclntab *ret_table) _warn_unused_;

/* Where function `index` starts; with index func_cnt, where the last one ends. 0 when broken. */
uint64_t gopclntab_start(const struct gopclntab *table, uint32_t index);

/* False when it is broken. */
bool gopclntab_func(const struct gopclntab *table, uint32_t index, struct gopclntab_func *ret_func);

const char *gopclntab_name(const struct gopclntab *table, uint32_t offset);

/* The path of a file by its number among a function's files_at; NULL: none. */
const char *gopclntab_file(const struct gopclntab *table, const struct gopclntab_func *func,
			   int32_t number);

/* One of a function's tables: which value counts from which address to which. */
struct gopclntab_values {
	struct byte_reader reader;
	uint64_t limit; /* the value counts up to here */
	int32_t value;  /* -1: none */
	uint8_t quantum;
	bool is_first;
};

struct gopclntab_values gopclntab_values_of(const struct gopclntab *table,
					    const struct gopclntab_func *func, uint32_t at);

/* Steps to the next value; false at the end, with the value -1 and the limit UINT64_MAX. */
bool gopclntab_next(struct gopclntab_values *values);

#endif
