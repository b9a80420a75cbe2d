/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The function symbols of an object as disjoint ranges with one name each: those of its .symtab, else
 * of its debug file's, else of its .gnu_debugdata's (an xz-compressed ELF file with what .dynsym does
 * not have) with its .dynsym's, and its PLT stubs as name@plt.
 *
 * A symbol covers its st_size bytes and no more. One without a size (hand-written assembly) covers
 * what no sized symbol does, up to the next symbol or the end of its section. Where symbols nest the
 * inner one names its part; of several with one start alias_compare() chooses.
 */
#ifndef SMOLDER_SYMBOLIZE_SYMTAB_H
#define SMOLDER_SYMBOLIZE_SYMTAB_H

#include "symbolize/elf_file.h"
#include "symbolize/intervals.h"

struct symtab {                  /* all zero: no symbols */
	struct intervals ranges; /* value: where in `strings` the name begins */
	const char *strings;     /* ends in a NUL */
	size_t strings_len;
	bool is_dynamic;  /* local functions are missing: all that there is is .dynsym */
	bool is_borrowed; /* ranges and strings are somebody else's */
};

/*
 * Reads the tables. `debug` is the object's debug file, or NULL; neither is needed afterwards. 0 (with
 * no ranges when there are no symbols), -ENOEXEC (broken), -EFBIG (over our caps), -ENOMEM.
 */
int symtab_read(const struct elf_file *file, const struct elf_file *debug,
		struct symtab *ret_symtab) _warn_unused_;
void symtab_free(struct symtab *symtab);

/* The name that covers the address, as in the table, or NULL. ret_range may be NULL. */
const char *symtab_find(const struct symtab *symtab, uint64_t address,
			const struct interval **ret_range);

/* The start of the function symbol of this name (a version behind @ aside); false when not there. */
bool symtab_find_name(const struct symtab *symtab, const char *name, uint64_t *ret_address);

static inline bool symtab_is_empty(const struct symtab *symtab)
{
	return symtab->ranges.list.len == 0;
}

#endif
