/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The bytes of one section as its producer meant them: read, and inflated where compressed. */
#ifndef SMOLDER_SYMBOLIZE_ELF_SECTION_H
#define SMOLDER_SYMBOLIZE_ELF_SECTION_H

#include "base/byte_reader.h"
#include "symbolize/elf_file.h"
#include "symbolize/section_pages.h"

struct elf_bytes { /* all zero: there are none */
	const unsigned char *start;
	size_t len;
	size_t text_len; /* up to and with the last NUL: a string that starts before it ends before it */
	void *owned; /* the bytes when they were inflated; else they are the file's */
	struct section_pages *pages; /* owned; if so, only what elf_section_part() gave is there */
};

/*
 * Reads a section by its name (".debug_info"), also under its old compressed name (".zdebug_info").
 * zlib and zstd are inflated. `budget` is how many bytes may still be read or inflated; it shrinks.
 * 0 (with no bytes when there is no such section), -EFBIG over the budget, -ENOEXEC (broken or
 * compressed in a way we do not know), -ENOMEM.
 */
int elf_section_load(const struct elf_file *file, const char *name, uint64_t *budget,
		     struct elf_bytes *ret_bytes) _warn_unused_;
void elf_section_free(struct elf_bytes *bytes);

/*
 * The same, but of a long section that is not compressed nothing is read before elf_section_part() asks
 * for it. It is to hold no strings that others refer to: text_len is 0.
 */
int elf_section_open(const struct elf_file *file, const char *name, uint64_t *budget,
		     struct elf_bytes *ret_bytes) _warn_unused_;

/* `len` bytes from an offset; a failed reader when the section, or its file, does not hold them. */
struct byte_reader elf_section_part(const struct elf_bytes *bytes, uint64_t offset, uint64_t len);

/* The string at an offset, or NULL when none ends inside the section. */
const char *elf_section_text(const struct elf_bytes *bytes, uint64_t offset);

/* From an offset to the end; a failed reader when the offset lies behind it. */
static inline struct byte_reader elf_section_reader(const struct elf_bytes *bytes, uint64_t offset)
{
	if (offset > bytes->len)
		return (struct byte_reader){.failed = true};
	return byte_reader_of(bytes->start ? bytes->start + offset : NULL, bytes->len - offset);
}

#endif
