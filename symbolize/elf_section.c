// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/elf_section.h"

#include "symbolize/inflate.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2 /* System V ABI, since 2022 */
#endif

/* Shorter sections are read at once: descriptors are few. */
#define PARTS_LEN_MIN ((uint64_t)2 * 1024 * 1024)

#define OLD_HEADER_LEN 12 /* .zdebug_*: "ZLIB", the inflated length (big-endian) */

enum packing { PACKED_NOT, PACKED_ZLIB, PACKED_ZSTD, PACKED_UNKNOWN };

struct package {
	enum packing packing;
	uint64_t len; /* inflated */
	struct byte_reader data;
};

/* The header of a section with SHF_COMPRESSED: the ELF file's, 24 or 12 bytes. */
static struct package open_compressed(const struct elf_file *file, struct byte_reader raw)
{
	bool is_wide = gelf_getclass(file->elf) == ELFCLASS64;
	uint32_t type = (uint32_t)read_fixed(&raw, sizeof(uint32_t));
	struct package package = {.packing = PACKED_UNKNOWN};

	reader_skip(&raw, is_wide ? 4 : 0);
	package.len = read_fixed(&raw, is_wide ? 8 : 4);
	reader_skip(&raw, is_wide ? 8 : 4);
	package.data = raw;
	if (type == ELFCOMPRESS_ZLIB && !raw.failed)
		package.packing = PACKED_ZLIB;
	if (type == ELFCOMPRESS_ZSTD && !raw.failed)
		package.packing = PACKED_ZSTD;
	return package;
}

static struct package open_old(struct byte_reader raw)
{
	struct package package = {.packing = PACKED_UNKNOWN, .data = raw};
	const uint8_t *header = reader_skip(&package.data, OLD_HEADER_LEN);
	uint64_t len;

	if (!header || memcmp(header, "ZLIB", 4) != 0)
		return package;
	memcpy(&len, header + 4, sizeof(len));
	package.len = be64toh(len);
	package.packing = PACKED_ZLIB;
	return package;
}

static int unpack(const struct package *package, uint64_t *budget, struct elf_bytes *bytes)
{
	int r = -ENOEXEC;

	if (package->packing == PACKED_UNKNOWN)
		return -ENOEXEC;
	if (package->len > *budget || package->len > inflate_len_max(reader_left(&package->data)))
		return -EFBIG;
	if (package->len == 0)
		return 0;
	bytes->owned = malloc(package->len);
	if (!bytes->owned)
		return -ENOMEM;
	if (package->packing == PACKED_ZLIB)
		r = inflate_zlib(package->data, bytes->owned, package->len);
	else
		r = inflate_zstd(package->data, bytes->owned, package->len);
	if (r < 0)
		return r;
	*budget -= package->len;
	bytes->start = bytes->owned;
	bytes->len = package->len;
	return 0;
}

/* In a .dwo file units of types are sections of the same name, before that of the compile unit. */
static struct Elf_Scn *find_last(const struct elf_file *file, const char *name)
{
	struct Elf_Scn *last = elf_file_section(file, name, 0), *section = last;
	size_t names;
	GElf_Shdr header;

	if (!last || elf_getshdrstrndx(file->elf, &names) < 0)
		return last;
	while ((section = elf_nextscn(file->elf, section))) {
		const char *own_name = NULL;

		if (gelf_getshdr(section, &header))
			own_name = elf_strptr(file->elf, names, header.sh_name);
		if (own_name && strcmp(own_name, name) == 0)
			last = section;
	}
	return last;
}

static struct Elf_Scn *find_section(const struct elf_file *file, const char *name, bool *ret_is_old)
{
	struct Elf_Scn *section = find_last(file, name);
	char old_name[32];

	*ret_is_old = false;
	if (section || strncmp(name, ".debug_", 7) != 0)
		return section;
	snprintf(old_name, sizeof(old_name), ".z%s", name + 1);
	*ret_is_old = true;
	return elf_file_section(file, old_name, 0);
}

static int load(const struct elf_file *file, const char *name, uint64_t *budget,
		struct elf_bytes *bytes)
{
	bool is_old;
	struct Elf_Scn *section = find_section(file, name, &is_old);
	struct package package = {.packing = PACKED_NOT};
	GElf_Shdr header;
	Elf_Data *data;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
		return 0;
	if (header.sh_size > *budget)
		return -EFBIG;
	data = elf_rawdata(section, NULL);
	if (!data || (!data->d_buf && data->d_size))
		return -ENOEXEC;
	*budget -= data->d_size;
	if (header.sh_flags & SHF_COMPRESSED)
		package = open_compressed(file, byte_reader_of(data->d_buf, data->d_size));
	else if (is_old)
		package = open_old(byte_reader_of(data->d_buf, data->d_size));
	if (package.packing != PACKED_NOT)
		return unpack(&package, budget, bytes);
	bytes->start = data->d_buf;
	bytes->len = data->d_size;
	return 0;
}

int elf_section_load(const struct elf_file *file, const char *name, uint64_t *budget,
		     struct elf_bytes *ret_bytes)
{
	struct elf_bytes bytes = {0};
	int r = load(file, name, budget, &bytes);

	if (r < 0) {
		elf_section_free(&bytes);
		return r;
	}
	bytes.text_len = bytes.len;
	while (bytes.text_len && bytes.start[bytes.text_len - 1] != '\0')
		bytes.text_len--;
	*ret_bytes = bytes;
	return 0;
}

static bool can_be_read_later(const struct elf_file *file, const char *name, GElf_Shdr *ret_header)
{
	struct Elf_Scn *section = elf_file_section(file, name, 0);

	return file->fd >= 0 && section && gelf_getshdr(section, ret_header) &&
	       ret_header->sh_type != SHT_NOBITS && !(ret_header->sh_flags & SHF_COMPRESSED) &&
	       ret_header->sh_size >= PARTS_LEN_MIN;
}

int elf_section_open(const struct elf_file *file, const char *name, uint64_t *budget,
		     struct elf_bytes *ret_bytes)
{
	struct elf_bytes bytes = {0};
	GElf_Shdr header;
	int r;

	if (!can_be_read_later(file, name, &header))
		return elf_section_load(file, name, budget, ret_bytes);
	if (header.sh_offset > file->identity.len ||
	    header.sh_size > file->identity.len - header.sh_offset)
		return -ENOEXEC;
	if (header.sh_size > *budget)
		return -EFBIG;
	r = section_pages_open(file->fd, header.sh_offset, header.sh_size, &bytes.pages);
	if (r < 0)
		return r;
	*budget -= header.sh_size;
	bytes.start = bytes.pages->start;
	bytes.len = header.sh_size;
	*ret_bytes = bytes;
	return 0;
}

struct byte_reader elf_section_part(const struct elf_bytes *bytes, uint64_t offset, uint64_t len)
{
	if (offset > bytes->len || len > bytes->len - offset ||
	    (bytes->pages && !section_pages_need(bytes->pages, offset, len)))
		return (struct byte_reader){.failed = true};
	return byte_reader_of(bytes->start ? bytes->start + offset : NULL, len);
}

void elf_section_free(struct elf_bytes *bytes)
{
	section_pages_close(bytes->pages);
	free(bytes->owned);
	*bytes = (struct elf_bytes){0};
}

const char *elf_section_text(const struct elf_bytes *bytes, uint64_t offset)
{
	return offset < bytes->text_len ? (const char *)bytes->start + offset : NULL;
}
