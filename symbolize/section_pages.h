/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The bytes of a section that is read as it is needed, page by page, and forgotten again: of the debug
 * sections of a kernel, 180 MB, some addresses need a few. The file is read, not mapped: whoever
 * shortens a mapped file kills those who look at it.
 */
#ifndef SMOLDER_SYMBOLIZE_SECTION_PAGES_H
#define SMOLDER_SYMBOLIZE_SECTION_PAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct section_pages {
	unsigned char *start; /* `len` bytes, of which those asked for are the file's */
	size_t len;
	uint64_t file_offset;
	int fd;            /* owned; -1: all there is to read has been read */
	uint64_t *present; /* a bit a page */
	size_t loaded_len; /* bytes */
};

/* Duplicates the descriptor. 0, -ENOMEM or -errno. The file need not be as long as is said. */
int section_pages_open(int fd, uint64_t file_offset, size_t len, struct section_pages **ret_pages);
struct section_pages *section_pages_close(struct section_pages *pages); /* NULL is legal */

/* Reads what is not there yet of some bytes inside the section; false when the file lacks them. */
bool section_pages_need(struct section_pages *pages, uint64_t offset, uint64_t len);

/* Forgets all bytes; they are read again when they are needed. */
void section_pages_drop(struct section_pages *pages);

/* Reads all and closes the descriptor. Of a file that is too short the rest stays zero. */
void section_pages_load(struct section_pages *pages);

#endif
