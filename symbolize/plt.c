// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/plt.h"

#include "base/byte_reader.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

#define PLT_LEN_MAX ((size_t)16 * 1024 * 1024)
#define RELOCATIONS_MAX (4 * 1024 * 1024)
#define SYMBOL_NAMES_LEN_MAX ((size_t)256 * 1024 * 1024)
#define STUB_LEN 16 /* System V ABI for x86-64; 8 in .plt.got */

struct slot { /* of the GOT, and who fills it */
	uint64_t address;
	uint32_t symbol;
};

struct search {
	const struct elf_file *file;
	VEC(struct slot) slots; /* sorted */
	Elf_Data *symbols;
	const char *names;
	size_t names_len;
	struct plt_stubs *stubs;
};

static bool load_symbols(struct search *search)
{
	struct Elf_Scn *section = elf_file_section(search->file, NULL, SHT_DYNSYM);
	GElf_Shdr header;

	if (!section || !gelf_getshdr(section, &header) || (header.sh_flags & SHF_COMPRESSED))
		return false;
	search->names = elf_file_bytes(elf_getscn(search->file->elf, header.sh_link),
				       SYMBOL_NAMES_LEN_MAX, &search->names_len);
	search->symbols = elf_getdata(section, NULL);
	if (!search->names || !search->symbols)
		return false;
	while (search->names_len && search->names[search->names_len - 1] != '\0')
		search->names_len--; /* so that every name ends inside */
	return true;
}

static int add_slots(struct search *search, const char *section_name)
{
	struct Elf_Scn *section = elf_file_section(search->file, section_name, 0);
	Elf_Data *data;
	GElf_Shdr header;
	GElf_Rela relocation;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type != SHT_RELA ||
	    (header.sh_flags & SHF_COMPRESSED) ||
	    header.sh_size / sizeof(Elf64_Rela) > RELOCATIONS_MAX)
		return 0;
	data = elf_getdata(section, NULL);
	for (int i = 0; data && gelf_getrela(data, i, &relocation); i++) {
		struct slot slot = {relocation.r_offset, (uint32_t)GELF_R_SYM(relocation.r_info)};
		uint64_t type = GELF_R_TYPE(relocation.r_info);

		if (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT)
			continue;
		if (vec_push(&search->slots, slot) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int compare_slots(const void *left, const void *right)
{
	const struct slot *a = left, *b = right;

	return (a->address > b->address) - (a->address < b->address);
}

static const char *name_of_slot(const struct search *search, uint64_t address)
{
	struct slot wanted = {.address = address};
	const struct slot *slot = bsearch(&wanted, search->slots.items, search->slots.len,
					  sizeof(wanted), compare_slots);
	GElf_Sym symbol;

	if (!slot || !gelf_getsym(search->symbols, (int)slot->symbol, &symbol) ||
	    symbol.st_name >= search->names_len || !search->names[symbol.st_name])
		return NULL;
	return search->names + symbol.st_name;
}

/* The GOT slot that a stub jumps through: `jmp *distance(%rip)`, perhaps behind endbr64 or bnd. */
static bool jump_slot(struct byte_reader code, uint64_t address, uint64_t *ret_slot)
{
	static const uint8_t landing[] = {0xf3, 0x0f, 0x1e, 0xfa}, jump[] = {0xff, 0x25};
	const uint8_t *start = code.at, *opcode;

	if (reader_left(&code) >= sizeof(landing) && memcmp(code.at, landing, sizeof(landing)) == 0)
		code.at += sizeof(landing);
	if (reader_left(&code) && *code.at == 0xf2)
		code.at++;
	opcode = reader_skip(&code, sizeof(jump));
	if (!opcode || memcmp(opcode, jump, sizeof(jump)) != 0)
		return false;
	*ret_slot = sign_extend(read_fixed(&code, 4), 4) + address + (uint64_t)(code.at - start);
	return !code.failed;
}

static int read_stubs(struct search *search, struct Elf_Scn *section, const GElf_Shdr *header)
{
	size_t len, step = header->sh_entsize == 8 ? 8 : STUB_LEN;
	const unsigned char *bytes = elf_file_bytes(section, PLT_LEN_MAX, &len);
	struct byte_reader code;
	uint64_t slot;

	for (size_t at = 0; bytes && at + step <= len; at += step) {
		struct plt_stub stub = {.address = header->sh_addr + at, .len = step};

		code = byte_reader_of(bytes + at, step);
		if (!jump_slot(code, stub.address, &slot))
			continue;
		stub.name = name_of_slot(search, slot);
		if (stub.name && vec_push(&search->stubs->list, stub) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_tables(struct search *search)
{
	static const char *const tables[] = {".plt", ".plt.sec", ".plt.got"};
	GElf_Shdr header;

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		struct Elf_Scn *section = elf_file_section(search->file, tables[i], 0);

		if (section && gelf_getshdr(section, &header) &&
		    (header.sh_flags & SHF_EXECINSTR) && read_stubs(search, section, &header) < 0)
			return -ENOMEM;
	}
	return 0;
}

int plt_stubs_read(const struct elf_file *file, struct plt_stubs *ret_stubs)
{
	struct plt_stubs stubs = {0};
	struct search search = {.file = file, .stubs = &stubs};
	GElf_Ehdr header;
	int r = 0;

	*ret_stubs = stubs;
	if (!gelf_getehdr(file->elf, &header) || header.e_machine != EM_X86_64 ||
	    gelf_getclass(file->elf) != ELFCLASS64 || !load_symbols(&search))
		return 0;
	if (add_slots(&search, ".rela.plt") < 0 || add_slots(&search, ".rela.dyn") < 0)
		r = -ENOMEM;
	if (r == 0 && search.slots.len) {
		qsort(search.slots.items, search.slots.len, sizeof(struct slot), compare_slots);
		r = read_tables(&search);
	}
	vec_free(&search.slots);
	if (r < 0)
		plt_stubs_free(&stubs);
	*ret_stubs = stubs;
	return r;
}

void plt_stubs_free(struct plt_stubs *stubs)
{
	vec_free(&stubs->list);
}
