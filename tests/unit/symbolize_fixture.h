/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The ELF files that mk/fixtures-symbolize.mk builds, and questions about them not asked of us. */
#ifndef SMOLDER_TESTS_SYMBOLIZE_FIXTURE_H
#define SMOLDER_TESTS_SYMBOLIZE_FIXTURE_H

#include "base/buf.h"
#include "base/vec.h"

#include <stdint.h>

struct symbolizer;

struct addresses {
	VEC(uint64_t) list;
};

/* Where the fixture is; its name only, so that a test can print it. */
const char *fixture_path(const char *name);

/* A descriptor of it; fails the test when it is not there. */
int fixture_open(const char *name);

/* The same, or -1 when it was not built for want of a compiler. */
int fixture_open_optional(const char *name);

/* Adds it to what is symbolized; its number. Fails the test when it cannot. */
int fixture_add(struct symbolizer *symbolizer, const char *name);

/* The whole file. */
void fixture_read(const char *name, struct buf *out);

/* A memfd that holds these bytes. */
int fixture_memfd(const void *data, size_t len);

/* The address of a symbol, by libelf from .symtab or .dynsym; fails the test without it. */
uint64_t fixture_symbol(const char *name, const char *symbol);

/* The file offset of an address, from the program headers. */
uint64_t fixture_offset(const char *name, uint64_t address);

/* The addresses of all line-table rows that cover code in executable segments, by libdw. */
void fixture_rows(const char *name, struct addresses *ret_rows);

#endif
