// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The compiler of unwind tables. The first byte of the input says what the rest is: 0 the contents of
 * .eh_frame, 1 those of .debug_frame, all else a whole ELF file. Whatever comes in, the table that
 * comes out must be one that the kernel side can search.
 */
#include "profiler/unwind/unwind_table.h"

#include <stdlib.h>

#define CODE_ADDRESS 0x1000
#define CODE_LEN 0x100000
#define CFI_ADDRESS 0x200000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check_rule(struct unwind_rule rule)
{
	require(UNWIND_KIND(rule) < UNWIND_KIND_CNT);
	require(!(rule.kind & 0x80));
	require(UNWIND_RA(rule) <= UNWIND_RA_REGISTER);
	require(UNWIND_FP_PLACE(rule) <= UNWIND_FP_LOST);
	if (UNWIND_KIND(rule) == UNWIND_REGISTER || UNWIND_KIND(rule) == UNWIND_SP_INDEX ||
	    UNWIND_RA(rule) == UNWIND_RA_REGISTER)
		require(rule.aux >= 0 && rule.aux < UNWIND_REGISTER_RA);
	if (UNWIND_FP_PLACE(rule) == UNWIND_FP_REGISTER)
		require(rule.fp >= 0 && UNWIND_FP_OFFSET(rule) / 8 < UNWIND_REGISTER_RA);
}

static void check_page(const struct unwind_table *table, uint32_t page, uint32_t *next)
{
	uint64_t start = ((uint64_t)table->object.page_first + page) << UNWIND_PAGE_SHIFT;
	uint32_t first, cnt = unwind_table_page(table, page, &first);
	uint64_t before = 0;

	require(first == *next && cnt >= 1 && cnt <= UNWIND_PAGE_ROWS_MAX);
	*next = first + cnt;
	require(*next <= table->object.row_cnt);
	for (uint32_t row = first; row < *next; row++) {
		struct unwind_rule rule, found;
		uint64_t address = unwind_table_row(table, page, row, &rule);

		require(row == first ? address == start : address > before);
		require(address >> UNWIND_PAGE_SHIFT == start >> UNWIND_PAGE_SHIFT);
		found = unwind_table_lookup(table, address);
		require(memcmp(&rule, &found, sizeof(rule)) == 0);
		check_rule(rule);
		before = address;
	}
}

static void check_table(const struct unwind_table *table)
{
	const struct unwind_object *object = &table->object;
	const uint16_t *rule_ids =
		(const void *)((const uint8_t *)table->bytes + object->rule_ids_off);
	uint32_t next = 0;

	require(table->len % UNWIND_ALIGN == 0);
	require(object->rule_ids_off + object->row_cnt * sizeof(*rule_ids) <= table->len);
	for (uint32_t row = 0; row < object->row_cnt; row++)
		require(rule_ids[row] < object->rule_cnt);
	for (uint32_t page = 0; page < object->page_cnt; page++)
		check_page(table, page, &next);
	require(next == object->row_cnt);
}

static void compile(const void *elf, size_t len)
{
	struct elf_source source = {.fd = -1, .memory = elf, .memory_len = len};
	struct unwind_table table;
	struct err err;

	if (unwind_table_compile(source, &table, &err) < 0)
		return;
	check_table(&table);
	unwind_table_free(&table);
}

static void wrap(const uint8_t *data, size_t len, bool debug)
{
	static const char names[] = "\0.eh_frame\0.debug_frame";
	struct {
		Elf64_Ehdr header;
		Elf64_Phdr segment;
		Elf64_Shdr sections[2];
		char names[sizeof(names)];
	} elf = {
		.header = {.e_ident = ELFMAG,
			   .e_type = ET_DYN,
			   .e_machine = EM_X86_64,
			   .e_phoff = sizeof(Elf64_Ehdr),
			   .e_phnum = 1,
			   .e_phentsize = sizeof(Elf64_Phdr),
			   .e_shoff = sizeof(Elf64_Ehdr) + sizeof(Elf64_Phdr),
			   .e_shnum = 2,
			   .e_shentsize = sizeof(Elf64_Shdr)},
		.segment = {.p_type = PT_LOAD,
			    .p_flags = PF_X,
			    .p_vaddr = CODE_ADDRESS,
			    .p_filesz = CODE_LEN},
		.sections[0] = {.sh_size = sizeof(names)},
		.sections[1] = {.sh_name = debug ? 11 : 1,
				.sh_type = SHT_PROGBITS,
				.sh_addr = CFI_ADDRESS,
				.sh_offset = sizeof(elf),
				.sh_size = len},
	};
	_cleanup_free_ uint8_t *file = malloc(sizeof(elf) + len);

	if (!file)
		return;
	elf.header.e_ident[EI_CLASS] = ELFCLASS64;
	elf.header.e_ident[EI_DATA] = ELFDATA2LSB;
	elf.sections[0].sh_offset = (size_t)(elf.names - (const char *)&elf);
	memcpy(elf.names, names, sizeof(names));
	memcpy(file, &elf, sizeof(elf));
	memcpy(file + sizeof(elf), data, len);
	compile(file, sizeof(elf) + len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (len == 0)
		return 0;
	if (data[0] <= 1)
		wrap(data + 1, len - 1, data[0] == 1);
	else
		compile(data + 1, len - 1);
	return 0;
}
