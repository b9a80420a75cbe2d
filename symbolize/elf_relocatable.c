// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/elf_relocatable.h"

#include "symbolize/inflate.h"

#include <elf.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifndef ELFCOMPRESS_ZSTD
#define ELFCOMPRESS_ZSTD 2 /* System V ABI, since 2022 */
#endif

#define PAGE_LEN ((uint64_t)4096)
#define ADDRESSES_LEN_MAX ((uint64_t)1 << 40) /* of all sections: beyond, none gets any */
#define INFLATED_ALIGN ((uint64_t)16)

struct image { /* numbers in it are at any place: they are copied out and in */
	unsigned char *bytes;
	size_t len, file_len; /* with and without what was inflated */
	uint64_t sections_offset;
	uint32_t sections_cnt;
	uint64_t relocations_len; /* to be looked at yet: sections may claim the same ones */
};

bool elf_relocatable_is(const void *header, size_t len)
{
	Elf64_Ehdr ehdr;

	if (len < sizeof(ehdr))
		return false;
	memcpy(&ehdr, header, sizeof(ehdr));
	return memcmp(ehdr.e_ident, ELFMAG, SELFMAG) == 0 && ehdr.e_ident[EI_CLASS] == ELFCLASS64 &&
	       ehdr.e_ident[EI_DATA] == ELFDATA2LSB && ehdr.e_type == ET_REL &&
	       ehdr.e_machine == EM_X86_64 && ehdr.e_shentsize == sizeof(Elf64_Shdr);
}

static bool is_inside(const struct image *image, uint64_t offset, uint64_t len)
{
	return offset <= image->len && len <= image->len - offset;
}

static bool is_held(const struct image *image, const Elf64_Shdr *section)
{
	return section->sh_type != SHT_NOBITS &&
	       is_inside(image, section->sh_offset, section->sh_size);
}

static Elf64_Shdr get_section(const struct image *image, uint32_t number)
{
	Elf64_Shdr section;

	memcpy(&section, image->bytes + image->sections_offset + number * sizeof(section),
	       sizeof(section));
	return section;
}

static void put_section(const struct image *image, uint32_t number, const Elf64_Shdr *section)
{
	memcpy(image->bytes + image->sections_offset + number * sizeof(*section), section,
	       sizeof(*section));
}

/* ---- what is compressed ---- */

/* 0: it is not, or is no business of ours, or claims more than it can hold. */
static uint64_t inflated_len(const struct image *image, const Elf64_Shdr *section)
{
	Elf64_Chdr header;

	if (!(section->sh_flags & SHF_COMPRESSED) || section->sh_flags & SHF_ALLOC ||
	    !is_held(image, section) || section->sh_size < sizeof(header) ||
	    section->sh_offset + section->sh_size > image->file_len)
		return 0;
	memcpy(&header, image->bytes + section->sh_offset, sizeof(header));
	if (header.ch_size > inflate_len_max(section->sh_size - sizeof(header)))
		return 0;
	return header.ch_size;
}

/* Into the image, from `at` on, where there is room; what cannot be inflated stays as it is. */
static bool inflate_section(const struct image *image, uint32_t number, uint64_t at)
{
	Elf64_Shdr section = get_section(image, number);
	uint64_t len = inflated_len(image, &section);
	struct byte_reader packed;
	Elf64_Chdr header;
	int r = -ENOEXEC;

	if (!len || !is_inside(image, at, len))
		return false;
	packed = byte_reader_of(image->bytes + section.sh_offset, section.sh_size);
	memcpy(&header, reader_skip(&packed, sizeof(header)), sizeof(header));
	if (header.ch_type == ELFCOMPRESS_ZLIB)
		r = inflate_zlib(packed, image->bytes + at, len);
	else if (header.ch_type == ELFCOMPRESS_ZSTD)
		r = inflate_zstd(packed, image->bytes + at, len);
	if (r < 0)
		return false;
	section.sh_offset = at;
	section.sh_size = len;
	section.sh_flags &= ~(uint64_t)SHF_COMPRESSED;
	put_section(image, number, &section);
	return true;
}

static uint64_t aligned(uint64_t offset)
{
	return (offset + INFLATED_ALIGN - 1) & ~(INFLATED_ALIGN - 1);
}

/* Behind all there is, as far as there may be more. */
static int inflate_sections(struct image *image, size_t len_max)
{
	uint64_t at = aligned(image->len), limit = at;
	void *grown;

	for (uint32_t i = 0; i < image->sections_cnt; i++) {
		Elf64_Shdr section = get_section(image, i);
		uint64_t len = inflated_len(image, &section);

		if (limit < len_max && len <= len_max - limit)
			limit += aligned(len);
	}
	if (limit == at)
		return 0;
	grown = realloc(image->bytes, limit);
	if (!grown)
		return -ENOMEM;
	memset((unsigned char *)grown + image->len, 0, limit - image->len);
	image->bytes = grown;
	image->len = limit;
	for (uint32_t i = 0; i < image->sections_cnt; i++)
		if (inflate_section(image, i, at))
			at += aligned(get_section(image, i).sh_size);
	return 0;
}

/* ---- addresses ---- */

static bool is_text(const struct image *image, const Elf64_Shdr *names, const Elf64_Shdr *section)
{
	static const char text[] = ".text";

	return section->sh_name < names->sh_size &&
	       sizeof(text) <= names->sh_size - section->sh_name &&
	       is_inside(image, names->sh_offset, names->sh_size) &&
	       memcmp(image->bytes + names->sh_offset + section->sh_name, text, sizeof(text)) == 0;
}

/* The address behind it. */
static uint64_t place_section(const struct image *image, uint32_t number, uint64_t address)
{
	Elf64_Shdr section = get_section(image, number);

	if (address >= ADDRESSES_LEN_MAX || section.sh_size >= ADDRESSES_LEN_MAX - address)
		return address;
	section.sh_addr = address;
	put_section(image, number, &section);
	return (address + section.sh_size + PAGE_LEN) & ~(PAGE_LEN - 1);
}

static void place_sections(const struct image *image, uint32_t names_number)
{
	Elf64_Shdr names = get_section(image, names_number);
	uint32_t text = image->sections_cnt;
	uint64_t address = ELF_RELOCATABLE_TEXT;

	for (uint32_t i = 0; i < image->sections_cnt && text == image->sections_cnt; i++) {
		Elf64_Shdr section = get_section(image, i);

		if (section.sh_flags & SHF_ALLOC && is_text(image, &names, &section))
			text = i;
	}
	if (text < image->sections_cnt)
		address = place_section(image, text, address);
	for (uint32_t i = 0; i < image->sections_cnt; i++)
		if (i != text && get_section(image, i).sh_flags & SHF_ALLOC)
			address = place_section(image, i, address);
}

static void place_symbols(const struct image *image, const Elf64_Shdr *table)
{
	for (uint64_t at = 0; table->sh_size - at >= sizeof(Elf64_Sym); at += sizeof(Elf64_Sym)) {
		unsigned char *place = image->bytes + table->sh_offset + at;
		Elf64_Sym symbol;

		memcpy(&symbol, place, sizeof(symbol));
		if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= image->sections_cnt)
			continue;
		symbol.st_value += get_section(image, symbol.st_shndx).sh_addr;
		memcpy(place, &symbol, sizeof(symbol));
	}
}

static uint64_t value_of_symbol(const struct image *image, const Elf64_Shdr *table, uint64_t number)
{
	Elf64_Sym symbol;

	if (number >= table->sh_size / sizeof(symbol))
		return 0;
	memcpy(&symbol, image->bytes + table->sh_offset + number * sizeof(symbol), sizeof(symbol));
	return symbol.st_value;
}

/* Others than these, of thread-local variables, say nothing of code. */
static size_t len_of_relocated(uint64_t info)
{
	switch (ELF64_R_TYPE(info)) {
	case R_X86_64_64:
		return 8;
	case R_X86_64_32:
	case R_X86_64_32S:
		return 4;
	default:
		return 0;
	}
}

static void relocate_one(const struct image *image, const Elf64_Shdr *target,
			 const Elf64_Shdr *symbols, const Elf64_Rela *relocation)
{
	size_t len = len_of_relocated(relocation->r_info);
	uint64_t value;

	if (relocation->r_offset > target->sh_size || len > target->sh_size - relocation->r_offset)
		return;
	value = value_of_symbol(image, symbols, ELF64_R_SYM(relocation->r_info)) +
		(uint64_t)relocation->r_addend;
	memcpy(image->bytes + target->sh_offset + relocation->r_offset, &value, len);
}

/* Of what is not loaded: its debug sections. */
static void relocate_section(struct image *image, const Elf64_Shdr *relocations)
{
	Elf64_Shdr target, symbols;
	Elf64_Rela relocation;

	if (relocations->sh_info >= image->sections_cnt ||
	    relocations->sh_link >= image->sections_cnt)
		return;
	target = get_section(image, relocations->sh_info);
	symbols = get_section(image, relocations->sh_link);
	if (target.sh_flags & SHF_ALLOC || !is_held(image, &target) || !is_held(image, &symbols))
		return;
	if (target.sh_flags & SHF_COMPRESSED) {
		target.sh_type = SHT_NOBITS;
		put_section(image, relocations->sh_info, &target);
		return;
	}
	if (relocations->sh_size > image->relocations_len)
		return;
	image->relocations_len -= relocations->sh_size;
	for (uint64_t at = 0; relocations->sh_size - at >= sizeof(relocation);
	     at += sizeof(relocation)) {
		memcpy(&relocation, image->bytes + relocations->sh_offset + at, sizeof(relocation));
		relocate_one(image, &target, &symbols, &relocation);
	}
}

static int link_image(struct image *image, size_t len_max)
{
	bool has_symbols = false;
	Elf64_Ehdr header;
	int r;

	memcpy(&header, image->bytes, sizeof(header));
	image->sections_offset = header.e_shoff;
	image->sections_cnt = header.e_shnum;
	if (!is_inside(image, header.e_shoff, header.e_shnum * sizeof(Elf64_Shdr)) ||
	    header.e_shstrndx >= header.e_shnum)
		return -ENOEXEC;
	r = inflate_sections(image, len_max);
	if (r < 0)
		return r;
	place_sections(image, header.e_shstrndx);
	for (uint32_t i = 0; i < image->sections_cnt; i++) {
		Elf64_Shdr section = get_section(image, i);

		if (section.sh_type != SHT_SYMTAB || !is_held(image, &section) || has_symbols)
			continue;
		place_symbols(image, &section);
		has_symbols = true;
	}
	for (uint32_t i = 0; i < image->sections_cnt; i++) {
		Elf64_Shdr section = get_section(image, i);

		if (section.sh_type == SHT_RELA && is_held(image, &section))
			relocate_section(image, &section);
	}
	return 0;
}

int elf_relocatable_link(void **image, size_t *len, size_t len_max)
{
	struct image linked = {
		.bytes = *image, .len = *len, .file_len = *len, .relocations_len = *len};
	int r = link_image(&linked, len_max);

	*image = linked.bytes;
	*len = linked.len;
	return r;
}
