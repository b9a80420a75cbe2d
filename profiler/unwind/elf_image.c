// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/elf_image.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define SEGMENTS_MAX 128
#define NAMES_LEN_MAX (8 * 1024 * 1024)

static int pread_all(int fd, void *room, size_t len, uint64_t offset)
{
	uint8_t *at = room;

	while (len) {
		ssize_t n = pread(fd, at, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -ENODATA;
		at += n;
		len -= (size_t)n;
		offset += (uint64_t)n;
	}
	return 0;
}

int elf_image_read(const struct elf_image *image, uint64_t offset, uint64_t len,
		   struct buf *ret_bytes)
{
	void *room;
	int r;

	if (offset > image->len || len > image->len - offset)
		return -ENODATA;
	room = buf_room(ret_bytes, len);
	if (!room)
		return buf_error(ret_bytes);
	if (image->source.memory) {
		memcpy(room, (const uint8_t *)image->source.memory + offset, len);
	} else {
		r = pread_all(image->source.fd, room, len, offset);
		if (r < 0)
			return r;
	}
	ret_bytes->len += len;
	return 0;
}

static int check_header(const Elf64_Ehdr *header, struct err *err)
{
	if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
		return err_set(err, -ENOEXEC, "not an ELF file");
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64)
		return err_set(err, -ENOTSUP, "not for 64-bit x86 (class %d, machine %d)",
			       header->e_ident[EI_CLASS], header->e_machine);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return err_set(err, -ENOEXEC, "neither an executable nor a shared object (type %d)",
			       header->e_type);
	return 0;
}

static int read_segments(struct elf_image *image, const Elf64_Ehdr *header, struct err *err)
{
	int r;

	if (header->e_phnum == 0 || header->e_phentsize != sizeof(Elf64_Phdr))
		return err_set(err, -ENOEXEC, "no program headers");
	if (header->e_phnum > SEGMENTS_MAX)
		return err_set(err, -EFBIG, "%u program headers", header->e_phnum);
	r = elf_image_read(image, header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr),
			   &image->segments);
	return r < 0 ? err_errno(err, r, "cannot read the program headers") : 0;
}

/* Sections are a help, not a need: a file whose section headers are gone or broken has none. */
static void read_sections(struct elf_image *image, const Elf64_Ehdr *header)
{
	const Elf64_Shdr *sections;

	if (header->e_shnum == 0 || header->e_shentsize != sizeof(Elf64_Shdr) ||
	    header->e_shstrndx >= header->e_shnum)
		return;
	if (elf_image_read(image, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr),
			   &image->sections) < 0)
		return;
	sections = (const Elf64_Shdr *)(const void *)image->sections.data;
	if (sections[header->e_shstrndx].sh_size > NAMES_LEN_MAX ||
	    elf_image_read(image, sections[header->e_shstrndx].sh_offset,
			   sections[header->e_shstrndx].sh_size, &image->names) < 0)
		buf_clear(&image->sections);
}

static int source_len(const struct elf_source *source, uint64_t *ret_len, struct err *err)
{
	struct stat status;

	if (source->memory) {
		*ret_len = source->memory_len;
		return 0;
	}
	if (fstat(source->fd, &status) < 0)
		return err_errno(err, -errno, "cannot stat");
	if (!S_ISREG(status.st_mode))
		return err_set(err, -ENOEXEC, "not a regular file");
	*ret_len = (uint64_t)status.st_size;
	return 0;
}

static int read_headers(struct elf_image *image, struct err *err)
{
	_cleanup_buf_ struct buf bytes = {0};
	Elf64_Ehdr header;
	int r = source_len(&image->source, &image->len, err);

	if (r < 0)
		return r;
	r = elf_image_read(image, 0, sizeof(header), &bytes);
	if (r == -ENODATA)
		return err_set(err, -ENOEXEC, "not an ELF file");
	if (r < 0)
		return err_errno(err, r, "cannot read the ELF header");
	memcpy(&header, bytes.data, sizeof(header));
	r = check_header(&header, err);
	if (r < 0)
		return r;
	r = read_segments(image, &header, err);
	if (r < 0)
		return r;
	read_sections(image, &header);
	return 0;
}

int elf_image_open(struct elf_source source, struct elf_image *ret_image, struct err *err)
{
	struct elf_image image = {.source = source};
	int r = read_headers(&image, err);

	if (r < 0) {
		elf_image_close(&image);
		return r;
	}
	*ret_image = image;
	return 0;
}

void elf_image_close(struct elf_image *image)
{
	buf_free(&image->segments);
	buf_free(&image->sections);
	buf_free(&image->names);
}

size_t elf_image_segment_cnt(const struct elf_image *image)
{
	return image->segments.len / sizeof(Elf64_Phdr);
}

const Elf64_Phdr *elf_image_segment(const struct elf_image *image, size_t number)
{
	return (const Elf64_Phdr *)(const void *)image->segments.data + number;
}

static bool section_is_named(const struct elf_image *image, const Elf64_Shdr *section,
			     const char *name)
{
	size_t len = strlen(name) + 1;

	return section->sh_name < image->names.len && len <= image->names.len - section->sh_name &&
	       memcmp(image->names.data + section->sh_name, name, len) == 0;
}

static const Elf64_Shdr *sections_of(const struct elf_image *image, size_t *ret_cnt)
{
	*ret_cnt = image->sections.len / sizeof(Elf64_Shdr);
	return (const Elf64_Shdr *)(const void *)image->sections.data;
}

const Elf64_Shdr *elf_image_section(const struct elf_image *image, const char *name)
{
	size_t cnt;
	const Elf64_Shdr *sections = sections_of(image, &cnt);

	for (size_t i = 0; i < cnt; i++)
		if (section_is_named(image, &sections[i], name))
			return &sections[i];
	return NULL;
}

uint64_t elf_image_code_len(const struct elf_image *image)
{
	size_t cnt;
	const Elf64_Shdr *sections = sections_of(image, &cnt);
	uint64_t len = 0;

	for (size_t i = 0; i < cnt; i++)
		if ((sections[i].sh_flags & (SHF_ALLOC | SHF_EXECINSTR)) ==
			    (SHF_ALLOC | SHF_EXECINSTR) &&
		    sections[i].sh_type != SHT_NOBITS && sections[i].sh_size <= image->len)
			len += sections[i].sh_size;
	return len;
}
