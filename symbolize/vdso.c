// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/vdso.h"

#include "base/fs.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

/* The kernel builds the image and lays it out with its section headers last. */
static size_t image_len(const ElfW(Ehdr) * header)
{
	size_t len = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
	const ElfW(Phdr) *segment = (const void *)((const char *)header + header->e_phoff);

	for (unsigned int i = 0; i < header->e_phnum; i++)
		len = MAX(len, segment[i].p_offset + segment[i].p_filesz);
	return len;
}

int vdso_open(void)
{
	const ElfW(Ehdr) *header = (const void *)getauxval(AT_SYSINFO_EHDR);
	_cleanup_close_ int fd = -1;
	int r;

	if (!header || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return -ENOENT;
	fd = memfd_create("vdso", MFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = fs_write_all(fd, header, image_len(header));
	return r < 0 ? r : TAKE_FD(fd);
}
