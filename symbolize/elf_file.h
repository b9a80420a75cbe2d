/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An ELF file of somebody else's: its identity, its executable segments, its sections. The file is
 * read with pread, never mapped: whoever owns it may cut it short while we read, and a mapping would
 * then kill us with SIGBUS. Every size the file claims is checked before memory is asked for it.
 */
#ifndef SMOLDER_SYMBOLIZE_ELF_FILE_H
#define SMOLDER_SYMBOLIZE_ELF_FILE_H

#include "base/vec.h"

#include <stdbool.h>
#include <stdint.h>

struct Elf;
struct Elf_Scn;

#define ELF_BUILD_ID_LEN_MAX 64 /* bytes; linkers write 8, 16 or 20 */

/* An executable PT_LOAD as its header has it; of a debug file, whose code is elsewhere, by address. */
struct elf_segment {
	uint64_t address, file_offset, file_len;
};

struct elf_identity { /* of the file that was opened */
	uint64_t device, inode, len;
	int64_t changed_ns;
	uint32_t owner; /* uid */
};

int elf_identity_read(int fd, struct elf_identity *ret_identity) _warn_unused_;

struct elf_file {
	int fd;      /* owned, as is elf; -1 once released, and of an image */
	void *image; /* owned; NULL when it is read through the descriptor */
	struct Elf *elf;
	uint64_t entry; /* e_entry */
	uint64_t bias;  /* of a relocatable file: where its .text was put */
	struct elf_identity identity;
	VEC(struct elf_segment) segments;
	char build_id[2 * ELF_BUILD_ID_LEN_MAX + 1]; /* lower-case hex, or "" */
};

/*
 * Takes the descriptor over on success. 0, -ENOEXEC (not a regular file, not ELF or broken), -EFBIG
 * (more headers than any program has), -ENOMEM.
 */
int elf_file_open(int fd, struct elf_file **ret_file) _warn_unused_;
/* The same of a file in memory, which is taken over on success. */
int elf_file_open_image(void *image, size_t len, struct elf_file **ret_file) _warn_unused_;
struct elf_file *elf_file_close(struct elf_file *file); /* NULL is legal */

/* Closes the descriptor: what was not read by now never will be. What was stays. */
void elf_file_release(struct elf_file *file);

/*
 * The segment that holds a file offset, and the address of that offset. Exact bounds go first; the
 * rest of a segment's first and last page belongs to it too, as the kernel maps whole pages.
 * NULL when no executable segment holds it.
 */
const struct elf_segment *elf_file_find_offset(const struct elf_file *file, uint64_t offset,
					       uint64_t *ret_address);

/* The file offset of an address; false when no executable segment holds it. */
bool elf_file_find_address(const struct elf_file *file, uint64_t address, uint64_t *ret_offset);

/* Does an executable segment hold this address? */
bool elf_file_is_code(const struct elf_file *file, uint64_t address);

/* The first section of this name or, with a NULL name, of this type; NULL when there is none. */
struct Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, uint32_t type);

/*
 * The bytes of a section, which belong to the file; NULL when it has none, is compressed, or is
 * longer than `max_len`.
 */
const void *elf_file_bytes(struct Elf_Scn *section, size_t max_len, size_t *ret_len);

#endif
