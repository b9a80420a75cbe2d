// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/elf_headers.h"

#include <errno.h>
#include <string.h>

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_BYTE_ORDER ELFDATA2LSB
#else
#define OUR_BYTE_ORDER ELFDATA2MSB
#endif

int elf_headers_read_at(int fd, void *data, size_t len, uint64_t offset)
{
	ssize_t n;

	if (offset > INT64_MAX - len)
		return -ENODATA;
	n = pread(fd, data, len, (off_t)offset);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENODATA;
}

int elf_headers_read(int fd, struct elf_headers *ret_headers)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	int r = elf_headers_read_at(fd, &narrow, sizeof(narrow), 0);

	if (r < 0)
		return r == -ENODATA ? -ENOEXEC : r;
	if (memcmp(narrow.e_ident, ELFMAG, SELFMAG) != 0 ||
	    narrow.e_ident[EI_DATA] != OUR_BYTE_ORDER)
		return -ENOEXEC;
	if (narrow.e_ident[EI_CLASS] != ELFCLASS64) {
		*ret_headers = (struct elf_headers){narrow.e_phoff, narrow.e_phnum,
						    narrow.e_phentsize, false};
		return ret_headers->size == sizeof(Elf32_Phdr) ? 0 : -ENOEXEC;
	}
	r = elf_headers_read_at(fd, &wide, sizeof(wide), 0);
	if (r < 0)
		return r == -ENODATA ? -ENOEXEC : r;
	*ret_headers = (struct elf_headers){wide.e_phoff, wide.e_phnum, wide.e_phentsize, true};
	return ret_headers->size == sizeof(Elf64_Phdr) ? 0 : -ENOEXEC;
}

int elf_headers_segment(int fd, const struct elf_headers *headers, uint32_t number,
			Elf64_Phdr *ret_segment)
{
	uint64_t at = headers->offset + (uint64_t)number * headers->size;
	Elf32_Phdr narrow;
	int r;

	if (headers->wide)
		return elf_headers_read_at(fd, ret_segment, sizeof(*ret_segment), at);
	r = elf_headers_read_at(fd, &narrow, sizeof(narrow), at);
	if (r < 0)
		return r;
	*ret_segment = (Elf64_Phdr){.p_type = narrow.p_type,
				    .p_flags = narrow.p_flags,
				    .p_offset = narrow.p_offset,
				    .p_vaddr = narrow.p_vaddr,
				    .p_filesz = narrow.p_filesz,
				    .p_align = narrow.p_align};
	return 0;
}
