/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * An ELF file as the compiler of unwind tables needs it: segments, sections, byte ranges. It is
 * read with pread, never mapped: whoever owns the file may cut it short while we read. Every size
 * the file claims is checked against the file before memory is asked for it. 64-bit x86 only.
 */
#ifndef SMOLDER_UNWIND_ELF_IMAGE_H
#define SMOLDER_UNWIND_ELF_IMAGE_H

#include "base/buf.h"
#include "base/err.h"

#include <elf.h>

/* What to read: a regular file, or an ELF file that lies in memory, as the vDSO does. */
struct elf_source {
	int fd;             /* borrowed; used when memory is NULL */
	const void *memory; /* borrowed */
	size_t memory_len;
};

struct elf_image {
	struct elf_source source;
	uint64_t len;
	struct buf segments; /* of Elf64_Phdr */
	struct buf sections; /* of Elf64_Shdr; empty when the file's are gone or broken */
	struct buf names;    /* of sections */
};

/*
 * 0, or -ENOEXEC (not a regular file, not an executable or shared object, broken), -ENOTSUP (another
 * architecture), -EFBIG, -ENOMEM, or what reading failed with. Empty on failure.
 */
int elf_image_open(struct elf_source source, struct elf_image *ret_image, struct err *err)
	_warn_unused_;
void elf_image_close(struct elf_image *image);

/*
 * Appends bytes of the file. -ENODATA when the file does not hold all of them, -EFBIG when the
 * buffer's cap does not.
 */
int elf_image_read(const struct elf_image *image, uint64_t offset, uint64_t len,
		   struct buf *ret_bytes) _warn_unused_;

size_t elf_image_segment_cnt(const struct elf_image *image);
const Elf64_Phdr *elf_image_segment(const struct elf_image *image, size_t number);

/* The first section of this name, or NULL. */
const Elf64_Shdr *elf_image_section(const struct elf_image *image, const char *name);

/* Bytes of all executable sections; 0 when the file has no section headers. */
uint64_t elf_image_code_len(const struct elf_image *image);

#endif
