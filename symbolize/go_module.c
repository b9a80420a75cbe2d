// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/go_module.h"

#include <elf.h>
#include <gelf.h>
#include <string.h>

#define SECTION_LEN_MAX ((size_t)1024 * 1024 * 1024)
#define RELOCATIONS_LEN_MAX ((size_t)256 * 1024 * 1024)
#define CANDIDATES_MAX 16

/* Numbers of words in moduledata. */
#define WORD_NAMES 1 /* behind the table's own address */
#define WORD_TEXT 22
#define WORD_FUNCDATA_1_18 38
#define WORD_FUNCDATA_1_20 40 /* two more stand before it */

struct memory { /* what a program finds at its addresses when it has been loaded */
	const struct elf_file *elf;
	Elf_Data *relocations; /* with addends, or NULL */
	size_t relocation_cnt;
	uint8_t word_len;
};

struct search { /* for places that hold an address */
	const struct memory *memory;
	uint64_t wanted;
	uint64_t found[CANDIDATES_MAX];
	size_t found_cnt;
};

static struct elf_bytes view_of(const unsigned char *start, size_t len)
{
	struct elf_bytes bytes = {.start = start, .len = len, .text_len = len};

	while (bytes.text_len && start[bytes.text_len - 1] != '\0')
		bytes.text_len--;
	return bytes;
}

bool go_module_bytes(struct Elf_Scn *section, struct elf_bytes *ret_bytes, uint64_t *ret_start)
{
	GElf_Shdr header;
	const void *start;
	size_t len;

	if (!section || !gelf_getshdr(section, &header) || !(header.sh_flags & SHF_ALLOC))
		return false;
	start = elf_file_bytes(section, SECTION_LEN_MAX, &len);
	if (!start)
		return false;
	*ret_bytes = view_of(start, len);
	*ret_start = header.sh_addr;
	return true;
}

static bool holds(struct Elf_Scn *section, uint64_t address)
{
	GElf_Shdr header;

	return gelf_getshdr(section, &header) && (header.sh_flags & SHF_ALLOC) &&
	       header.sh_type == SHT_PROGBITS && address >= header.sh_addr &&
	       address - header.sh_addr < header.sh_size;
}

bool go_module_section(const struct elf_file *elf, uint64_t address, struct elf_bytes *ret_bytes,
		       uint64_t *ret_start)
{
	struct Elf_Scn *section = NULL;

	while ((section = elf_nextscn(elf->elf, section)))
		if (holds(section, address))
			return go_module_bytes(section, ret_bytes, ret_start);
	return false;
}

/* ---- words ---- */

static void open_relocations(struct memory *memory)
{
	struct Elf_Scn *section = elf_file_section(memory->elf, ".rela.dyn", 0);
	size_t entry_len = gelf_fsize(memory->elf->elf, ELF_T_RELA, 1, EV_CURRENT);
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type != SHT_RELA ||
	    (header.sh_flags & SHF_COMPRESSED) || header.sh_size > RELOCATIONS_LEN_MAX)
		return;
	memory->relocations = elf_getdata(section, NULL);
	if (memory->relocations)
		memory->relocation_cnt = memory->relocations->d_size / entry_len;
}

static uint64_t read_relocated(const struct memory *memory, uint64_t address)
{
	GElf_Rela entry;

	for (size_t i = 0; i < memory->relocation_cnt; i++)
		if (gelf_getrela(memory->relocations, (int)i, &entry) && entry.r_offset == address)
			return (uint64_t)entry.r_addend;
	return 0;
}

/* A pointer as the program will see it, but for where it is loaded; 0: none. */
static uint64_t read_pointer(const struct memory *memory, uint64_t address)
{
	struct byte_reader reader;
	struct elf_bytes bytes;
	uint64_t start, value = 0;

	if (go_module_section(memory->elf, address, &bytes, &start)) {
		reader = elf_section_reader(&bytes, address - start);
		value = read_fixed(&reader, memory->word_len);
	}
	return value ? value : read_relocated(memory, address);
}

/* ---- the description ---- */

static void add_found(struct search *search, uint64_t address)
{
	if (search->found_cnt < CANDIDATES_MAX)
		search->found[search->found_cnt++] = address;
}

static void search_bytes(struct search *search, const struct elf_bytes *bytes, uint64_t start)
{
	uint8_t len = search->memory->word_len;

	for (size_t at = 0; at + len <= bytes->len; at += len)
		if (memcmp(bytes->start + at, &search->wanted, len) == 0)
			add_found(search, start + at);
}

static void search_all(struct search *search)
{
	const struct memory *memory = search->memory;
	struct Elf_Scn *section = NULL;
	struct elf_bytes bytes;
	GElf_Shdr header;
	GElf_Rela entry;
	uint64_t start;

	while ((section = elf_nextscn(memory->elf->elf, section)))
		if (gelf_getshdr(section, &header) && (header.sh_flags & SHF_WRITE) &&
		    header.sh_type == SHT_PROGBITS && go_module_bytes(section, &bytes, &start))
			search_bytes(search, &bytes, start);
	for (size_t i = 0; i < memory->relocation_cnt; i++)
		if (gelf_getrela(memory->relocations, (int)i, &entry) &&
		    (uint64_t)entry.r_addend == search->wanted)
			add_found(search, entry.r_offset);
}

struct go_module go_module_find(const struct elf_file *elf, const struct gopclntab *table,
				uint64_t address)
{
	uint32_t funcdata = table->layout >= GO_1_20 ? WORD_FUNCDATA_1_20 : WORD_FUNCDATA_1_18;
	struct memory memory = {.elf = elf, .word_len = table->word_len};
	struct search search = {.memory = &memory, .wanted = address};

	open_relocations(&memory);
	search_all(&search);
	for (size_t i = 0; i < search.found_cnt; i++) {
		uint64_t at = search.found[i];
		uint64_t text;

		if (read_pointer(&memory, at + WORD_NAMES * memory.word_len) !=
		    address + table->names)
			continue;
		text = read_pointer(&memory, at + WORD_TEXT * memory.word_len);
		if (elf_file_is_code(elf, text))
			return (struct go_module){
				text, read_pointer(&memory, at + funcdata * memory.word_len)};
	}
	return (struct go_module){0};
}
