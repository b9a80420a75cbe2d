/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The program headers of an ELF file, by a few bounded reads: all that this process itself looks at in
 * the files of those it profiles. Nothing in them is believed but what the caller checks.
 */
#ifndef SMOLDER_PROFILER_PROCESS_ELF_HEADERS_H
#define SMOLDER_PROFILER_PROCESS_ELF_HEADERS_H

#include "base/cleanup.h"

#include <elf.h>
#include <stdbool.h>
#include <stdint.h>

struct elf_headers { /* where the program headers are */
	uint64_t offset;
	uint32_t count, size;
	bool wide; /* ELFCLASS64 */
};

/* 0, -ENOEXEC (not ELF of this machine's byte order), or a negative errno of a read. */
int elf_headers_read(int fd, struct elf_headers *ret_headers) _warn_unused_;

/* The segment of this number, in the wide form. As elf_headers_read_at(). */
int elf_headers_segment(int fd, const struct elf_headers *headers, uint32_t number,
			Elf64_Phdr *ret_segment) _warn_unused_;

/* All of it: 0, -ENODATA when the file ends before, or a negative errno. */
int elf_headers_read_at(int fd, void *data, size_t len, uint64_t offset) _warn_unused_;

#endif
