// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/cfi_section.h"
#include "profiler/unwind/encoded_pointer.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

#include <zlib.h>

#define ZDEBUG_MAGIC "ZLIB" /* then the length as 8 bytes, big endian (binutils' old format) */
#define ZDEBUG_HEADER_LEN 12
#define EH_HEADER_VERSION 1

static uint64_t section_address(const struct elf_image *image, const char *name)
{
	const Elf64_Shdr *section = elf_image_section(image, name);

	return section ? section->sh_addr : 0;
}

static int load_bytes(const struct elf_image *image, uint64_t offset, uint64_t len,
		      struct cfi_section *section)
{
	section->bytes.max_len = CFI_LEN_MAX;
	return elf_image_read(image, offset, len, &section->bytes);
}

static int load_named(const struct elf_image *image, const char *name, struct cfi_section *section)
{
	const Elf64_Shdr *header = elf_image_section(image, name);

	if (!header || header->sh_type == SHT_NOBITS || header->sh_size == 0)
		return -ENOENT;
	section->address = header->sh_addr;
	return load_bytes(image, header->sh_offset, header->sh_size, section);
}

/* Replaces the bytes by what they decompress to. */
static int inflate_bytes(struct buf *bytes, size_t header_len, uint64_t len)
{
	_cleanup_buf_ struct buf plain = {.max_len = CFI_LEN_MAX};
	uLongf plain_len = len;
	void *room = buf_room(&plain, len);

	if (!room)
		return buf_error(&plain);
	if (uncompress(room, &plain_len, bytes->data + header_len, bytes->len - header_len) != Z_OK)
		return -EBADMSG;
	plain.len = plain_len;
	buf_free(bytes);
	*bytes = TAKE(plain, (struct buf){0});
	return 0;
}

static int inflate_section(struct buf *bytes)
{
	Elf64_Chdr header;

	if (bytes->len < sizeof(header))
		return -EBADMSG;
	memcpy(&header, bytes->data, sizeof(header));
	if (header.ch_type != ELFCOMPRESS_ZLIB)
		return -ENOTSUP;
	return inflate_bytes(bytes, sizeof(header), header.ch_size);
}

static int inflate_zdebug(struct buf *bytes)
{
	uint64_t len;

	if (bytes->len < ZDEBUG_HEADER_LEN || memcmp(bytes->data, ZDEBUG_MAGIC, 4) != 0)
		return -EBADMSG;
	memcpy(&len, bytes->data + 4, sizeof(len));
	return inflate_bytes(bytes, ZDEBUG_HEADER_LEN, be64toh(len));
}

static int load_debug_frame(const struct elf_image *image, struct cfi_section *section)
{
	const Elf64_Shdr *header = elf_image_section(image, ".debug_frame");
	int r = load_named(image, ".debug_frame", section);

	if (r == 0 && (header->sh_flags & SHF_COMPRESSED))
		return inflate_section(&section->bytes);
	if (r != -ENOENT)
		return r;
	r = load_named(image, ".zdebug_frame", section);
	return r < 0 ? r : inflate_zdebug(&section->bytes);
}

/* From an address to the end of what the file holds of its segment. */
static int load_address(const struct elf_image *image, uint64_t address,
			struct cfi_section *section)
{
	for (size_t i = 0; i < elf_image_segment_cnt(image); i++) {
		const Elf64_Phdr *segment = elf_image_segment(image, i);
		uint64_t skip = address - segment->p_vaddr;

		if (segment->p_type != PT_LOAD || address < segment->p_vaddr ||
		    skip >= segment->p_filesz)
			continue;
		section->address = address;
		return load_bytes(image, segment->p_offset + skip, segment->p_filesz - skip,
				  section);
	}
	return -ENODATA;
}

static int load_eh_header(const struct elf_image *image, const Elf64_Phdr *segment,
			  struct cfi_section *section)
{
	_cleanup_buf_ struct buf bytes = {0};
	struct pointer_bases bases = {.address = segment->p_vaddr, .data = segment->p_vaddr};
	struct byte_reader reader;
	uint64_t address;
	uint8_t encoding;
	int r = elf_image_read(image, segment->p_offset, MIN(segment->p_filesz, UINT64_C(16)),
			       &bytes);

	if (r < 0)
		return r;
	reader = byte_reader_of(bytes.data, bytes.len);
	bases.bytes = bytes.data;
	if (read_u8(&reader) != EH_HEADER_VERSION)
		return -ENOENT;
	encoding = read_u8(&reader);
	reader_skip(&reader, 2); /* encodings of the search table */
	address = read_pointer(&reader, encoding, &bases);
	return reader.failed ? -ENOENT : load_address(image, address, section);
}

static int load_through_header(const struct elf_image *image, struct cfi_section *section)
{
	for (size_t i = 0; i < elf_image_segment_cnt(image); i++) {
		const Elf64_Phdr *segment = elf_image_segment(image, i);

		if (segment->p_type == PT_GNU_EH_FRAME)
			return load_eh_header(image, segment, section);
	}
	return -ENOENT;
}

static int load_eh(const struct elf_image *image, struct cfi_section *section)
{
	int r = load_named(image, ".eh_frame", section);

	section->format = CFI_EH_FRAME;
	if (r != -ENOENT)
		return r;
	section->format = CFI_EH_HEADER;
	return load_through_header(image, section);
}

static int load_debug(const struct elf_image *image, struct cfi_section *section)
{
	section->format = CFI_DEBUG_FRAME;
	return load_debug_frame(image, section);
}

static int load(const struct elf_image *image,
		int (*load_one)(const struct elf_image *, struct cfi_section *),
		struct cfi_section *ret_section)
{
	struct cfi_section section = {
		.text_address = section_address(image, ".text"),
		.data_address = section_address(image, ".got"),
	};
	int r = load_one(image, &section);

	if (r < 0) {
		cfi_section_free(&section);
		section.format = CFI_NONE;
	}
	if (r < 0 && r != -ENOENT)
		return r;
	*ret_section = section;
	return 0;
}

int cfi_section_load_eh(const struct elf_image *image, struct cfi_section *ret_section)
{
	return load(image, load_eh, ret_section);
}

int cfi_section_load_debug(const struct elf_image *image, struct cfi_section *ret_section)
{
	return load(image, load_debug, ret_section);
}

void cfi_section_free(struct cfi_section *section)
{
	buf_free(&section->bytes);
}
