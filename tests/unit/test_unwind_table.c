// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ELF files made by hand, with unwind information of all shapes, and the tables they become. */
#include "profiler/unwind/row_rule.h"
#include "profiler/unwind/unwind_table.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zlib.h>

#define CODE UINT64_C(0x401000)
#define CODE_LEN 0x5000
#define CFI_ADDRESS UINT64_C(0x300400) /* of the unwind information, as loaded */
#define CFI_OFFSET 0x400               /* and in the file */
#define HDR_ADDRESS UINT64_C(0x300300)
#define HDR_OFFSET 0x300
#define CFI_LEN_ROOM 0x1000

/* One file: headers, unwind information, section headers if there is a name for the section. */
struct file {
	struct buf cfi;
	const char *section;
	uint64_t section_flags;
	bool debug; /* entries as in .debug_frame */
	bool wide;  /* entries with 64-bit lengths */
	size_t cie; /* offset of the last CIE */
};

static void put(struct buf *buf, uint64_t value, size_t len)
{
	buf_append(buf, &value, len);
}

/* An entry: its length, its id, its body. */
static size_t put_entry(struct file *file, uint64_t id, const struct buf *body)
{
	size_t id_len = file->wide && file->debug ? 8 : 4, start = file->cfi.len;

	if (file->wide)
		put(&file->cfi, UINT32_MAX, 4);
	put(&file->cfi, body->len + id_len, file->wide ? 8 : 4);
	put(&file->cfi, id, id_len);
	buf_append(&file->cfi, body->data, body->len);
	return start;
}

struct bytes {
	const void *data;
	size_t len;
};

#define BYTES(...)                                                                                 \
	(struct bytes)                                                                             \
	{                                                                                          \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})             \
	}
#define NOTHING                                                                                    \
	(struct bytes)                                                                             \
	{                                                                                          \
		"", 0                                                                              \
	}

/* DW_CFA_def_cfa rsp 8; DW_CFA_offset rip 1 */
static const uint8_t cie_program[] = {0x0c, 7, 8, 0x90, 1};

static void put_cie_version(struct file *file, uint8_t version, const char *augmentation,
			    struct bytes data)
{
	_cleanup_buf_ struct buf body = {0};

	put(&body, version, 1);
	buf_append(&body, augmentation, strlen(augmentation) + 1);
	if (version >= 4)
		put(&body, 8, 2); /* sizes of an address and of a segment selector */
	if (strcmp(augmentation, "eh") == 0)
		put(&body, 0, 8);
	put(&body, 1, 1);    /* code alignment */
	put(&body, 0x78, 1); /* data alignment: -8 */
	put(&body, 16, 1);   /* return address */
	if (augmentation[0] == 'z')
		put(&body, data.len, 1);
	buf_append(&body, data.data, data.len);
	buf_append(&body, cie_program, sizeof(cie_program));
	file->cie = put_entry(file, file->debug ? UINT64_MAX : 0, &body);
}

static void put_cie(struct file *file, const char *augmentation, struct bytes data)
{
	put_cie_version(file, 1, augmentation, data);
}

/* What .eh_frame of every compiler has: pc-relative, 4 bytes, signed. */
static void put_usual_cie(struct file *file)
{
	put_cie(file, "zR", BYTES(0x1b));
}

/* Where the body of the next entry starts, and what an FDE's id must be to name the last CIE. */
static size_t next_body(const struct file *file)
{
	return file->cfi.len + (file->wide ? 12 : 4) + (file->wide && file->debug ? 8 : 4);
}

static uint64_t cie_id(const struct file *file)
{
	return file->debug ? file->cie : file->cfi.len + (file->wide ? 12 : 4) - file->cie;
}

/* An FDE whose addresses are already encoded. */
static void put_encoded_fde(struct file *file, struct bytes addresses, bool augmented,
			    struct bytes program)
{
	_cleanup_buf_ struct buf body = {0};

	buf_append(&body, addresses.data, addresses.len);
	if (augmented)
		put(&body, 0, 1);
	buf_append(&body, program.data, program.len);
	put_entry(file, cie_id(file), &body);
}

/* As put_usual_cie() has it. */
static void put_fde(struct file *file, uint64_t start, uint32_t len, struct bytes program)
{
	uint32_t addresses[2] = {(uint32_t)(start - CFI_ADDRESS - next_body(file)), len};

	put_encoded_fde(file, (struct bytes){addresses, sizeof(addresses)}, true, program);
}

static void put_absolute_fde(struct file *file, uint64_t start, uint64_t len, bool augmented)
{
	uint64_t addresses[2] = {start, len};

	put_encoded_fde(file, (struct bytes){addresses, sizeof(addresses)}, augmented,
			BYTES(0x41, 0x0e, 16));
}

static void put_segments(struct buf *elf, const struct file *file)
{
	Elf64_Phdr segments[3] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R,
		 .p_vaddr = CFI_ADDRESS - CFI_OFFSET,
		 .p_filesz = CFI_OFFSET + file->cfi.len},
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_vaddr = CODE,
		 .p_offset = 0x1000,
		 .p_filesz = CODE_LEN},
		{.p_type = PT_GNU_EH_FRAME,
		 .p_vaddr = HDR_ADDRESS,
		 .p_offset = HDR_OFFSET,
		 .p_filesz = 12},
	};

	buf_append(elf, segments, sizeof(segments));
}

static void pad(struct buf *elf, size_t len)
{
	while (elf->len < len)
		buf_append_byte(elf, 0);
}

/* Null, text, the unwind information, names. */
static void put_sections(struct buf *elf, const struct file *file)
{
	static const char text[] = ".text";
	size_t names = elf->len, name_len = strlen(file->section) + 1;
	Elf64_Shdr sections[4] = {
		[1] = {.sh_name = 1,
		       .sh_type = SHT_PROGBITS,
		       .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		       .sh_addr = CODE,
		       .sh_size = 0x800},
		[2] = {.sh_name = 1 + sizeof(text),
		       .sh_type = SHT_PROGBITS,
		       .sh_flags = file->section_flags,
		       .sh_addr = file->debug ? 0 : CFI_ADDRESS,
		       .sh_offset = CFI_OFFSET,
		       .sh_size = file->cfi.len},
		[3] = {.sh_type = SHT_STRTAB,
		       .sh_offset = names,
		       .sh_size = 1 + sizeof(text) + name_len},
	};
	Elf64_Ehdr *header;

	buf_append_byte(elf, 0);
	buf_append(elf, text, sizeof(text));
	buf_append(elf, file->section, name_len);
	pad(elf, (elf->len + 7) & ~(size_t)7);
	header = (Elf64_Ehdr *)(void *)elf->data;
	header->e_shoff = elf->len;
	header->e_shnum = 4;
	header->e_shentsize = sizeof(Elf64_Shdr);
	header->e_shstrndx = 3;
	buf_append(elf, sections, sizeof(sections));
}

static void make_elf(const struct file *file, struct buf *ret_elf)
{
	/* version 1; eh_frame_ptr as pcrel sdata4, no table */
	uint8_t hdr[] = {1, 0x1b, 0xff, 0xff, 0, 0, 0, 0};
	uint32_t to_cfi = (uint32_t)(CFI_ADDRESS - (HDR_ADDRESS + 4));
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phnum = 3,
		.e_phentsize = sizeof(Elf64_Phdr),
	};

	memcpy(hdr + 4, &to_cfi, sizeof(to_cfi));
	buf_append(ret_elf, &header, sizeof(header));
	put_segments(ret_elf, file);
	pad(ret_elf, HDR_OFFSET);
	if (!file->debug)
		buf_append(ret_elf, hdr, sizeof(hdr));
	pad(ret_elf, CFI_OFFSET);
	buf_append(ret_elf, file->cfi.data, file->cfi.len);
	pad(ret_elf, CFI_OFFSET + CFI_LEN_ROOM);
	if (file->section)
		put_sections(ret_elf, file);
	assert_int_equal(buf_error(ret_elf), 0);
}

static struct elf_source in_memory(const struct buf *elf)
{
	return (struct elf_source){.fd = -1, .memory = elf->data, .memory_len = elf->len};
}

/* The table of the file, which is used up. */
static struct unwind_table compile(struct file *file)
{
	_cleanup_buf_ struct buf elf = {0};
	struct unwind_table table;
	struct err err;
	int r;

	make_elf(file, &elf);
	buf_free(&file->cfi);
	r = unwind_table_compile(in_memory(&elf), &table, &err);
	if (r < 0)
		fail_msg("%s", err.text);
	return table;
}

static void assert_table(const struct unwind_table *table, const char *wanted)
{
	_cleanup_buf_ struct buf text = {0};
	char rule_text[ROW_RULE_TEXT_LEN];
	struct unwind_rule rule;

	for (uint32_t page = 0; page < table->object.page_cnt; page++) {
		uint32_t first, cnt = unwind_table_page(table, page, &first);

		for (uint32_t row = first; row < first + cnt; row++) {
			uint64_t address = unwind_table_row(table, page, row, &rule);

			buf_appendf(&text, "%s%" PRIx64 ": %s", text.len ? "; " : "", address,
				    row_rule_text(rule, rule_text));
		}
	}
	buf_append_byte(&text, '\0');
	assert_string_equal((const char *)text.data, wanted);
}

static void assert_compiles_to(struct file *file, const char *wanted)
{
	struct unwind_table table = compile(file);

	assert_table(&table, wanted);
	unwind_table_free(&table);
}

#define ONE_FUNCTION "401000: gap; 401010: rsp+8; 401011: rsp+16; 401050: gap"

static void one_function(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	table = compile(&file);
	assert_table(&table, ONE_FUNCTION);
	assert_int_equal(table.stats.fde_cnt, 1);
	assert_int_equal(table.stats.cie_cnt, 1);
	assert_int_equal(table.stats.covered_len, 0x40);
	assert_int_equal(table.stats.code_len, 0x800);
	assert_int_equal(table.stats.eh_format, CFI_EH_FRAME);
	assert_int_equal(table.object.flags, 0);
	assert_int_equal(table.segments.len, 1);
	assert_int_equal(table.segments.items[0].address, CODE);
	assert_int_equal(table.segments.items[0].file_offset, 0x1000);
	unwind_table_free(&table);
}

static void lookups(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x2000, BYTES(0x41, 0x0e, 16));
	table = compile(&file);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, 0)), UNWIND_GAP);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE - 1)), UNWIND_GAP);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE + 0xf)), UNWIND_GAP);
	assert_int_equal(unwind_table_lookup(&table, CODE + 0x10).offset, 8);
	assert_int_equal(unwind_table_lookup(&table, CODE + 0x11).offset, 16);
	assert_int_equal(unwind_table_lookup(&table, CODE + 0xfff).offset, 16);
	assert_int_equal(unwind_table_lookup(&table, CODE + 0x1000).offset, 16);
	assert_int_equal(unwind_table_lookup(&table, CODE + 0x200f).offset, 16);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE + 0x2010)), UNWIND_GAP);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE + 0x3000)), UNWIND_GAP);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, UINT64_MAX)), UNWIND_GAP);
	unwind_table_free(&table);
}

static void short_gaps_are_padding(void **state)
{
	struct file file = {.section = ".eh_frame"};

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE, 1, BYTES(0x0e, 16));
	put_fde(&file, CODE + 16, 1, NOTHING);
	put_fde(&file, CODE + 33, 1, NOTHING);
	assert_compiles_to(&file, "401000: rsp+16; 401010: rsp+8; 401011: gap; 401021: rsp+8; "
				  "401022: gap");
}

static void fdes_come_in_any_order(void **state)
{
	struct file file = {.section = ".eh_frame"};

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x80, 0x10, BYTES(0x0e, 24));
	put_fde(&file, CODE, 0x40, BYTES(0x0e, 16));
	put_fde(&file, CODE + 0x40, 0x40, BYTES(0x0e, 32));
	assert_compiles_to(&file, "401000: rsp+16; 401040: rsp+32; 401080: rsp+24; 401090: gap");
}

static void the_last_to_start_wins(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	/* the outer one is at 32 when the inner one ends, and still gets to 40 */
	put_fde(&file, CODE, 0x40, BYTES(0x0e, 16, 0x60, 0x0e, 32, 0x58, 0x0e, 40));
	put_fde(&file, CODE + 0x10, 0x18, BYTES(0x0e, 24));
	table = compile(&file);
	assert_table(&table, "401000: rsp+16; 401010: rsp+24; 401028: rsp+32; 401038: rsp+40; "
			     "401040: gap");
	assert_int_equal(table.stats.fdes_overlapping, 1);
	assert_int_equal(table.stats.covered_len, 0x40);
	unwind_table_free(&table);
}

static void overlaps_of_all_kinds(void **state)
{
	struct file file = {.section = ".eh_frame"};

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE, 0x20, BYTES(0x0e, 16)); /* partly covered by the next */
	put_fde(&file, CODE + 0x10, 0x20, BYTES(0x0e, 24));
	put_fde(&file, CODE + 0x40, 0x20, BYTES(0x0e, 32)); /* the same twice */
	put_fde(&file, CODE + 0x40, 0x20, BYTES(0x0e, 40));
	put_fde(&file, CODE + 0x60, 0x20, BYTES(0x0e, 48)); /* one start, the shorter first */
	put_fde(&file, CODE + 0x60, 0x10, BYTES(0x0e, 56));
	assert_compiles_to(&file, "401000: rsp+16; 401010: rsp+24; 401030: gap; 401040: rsp+40; "
				  "401060: rsp+56; 401070: rsp+48; 401080: gap");
}

static void outer_fdes_do_not_resume_for_ever(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;
	uint8_t nops[400] = {0x0e, 16};

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE, 0x200, (struct bytes){nops, sizeof(nops)});
	for (uint32_t i = 0; i < 8; i++)
		put_fde(&file, CODE + 0x20 + 0x20 * i, 0x10, BYTES(0x0e, 24));
	table = compile(&file);
	assert_true(table.stats.resumed_lost > 0);
	assert_int_equal(unwind_table_lookup(&table, CODE).offset, 16);
	assert_int_equal(unwind_table_lookup(&table, CODE + 0x30).offset, 16);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE + 0x1f0)), UNWIND_GAP);
	unwind_table_free(&table);
}

static void files_without_section_headers(void **state)
{
	struct file file = {0};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	put(&file.cfi, 0, 4); /* the terminator; what follows is something else */
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x100, 0x40, NOTHING);
	table = compile(&file);
	assert_table(&table, ONE_FUNCTION);
	assert_int_equal(table.stats.eh_format, CFI_EH_HEADER);
	assert_int_equal(table.stats.code_len, CODE_LEN);
	assert_int_equal(table.stats.cfi.entries_broken, 0);
	unwind_table_free(&table);
}

static void terminators_within_a_section(void **state)
{
	struct file file = {.section = ".eh_frame"};

	(void)state;
	put_usual_cie(&file);
	put(&file.cfi, 0, 4);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	put(&file.cfi, 0, 4);
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void no_unwind_information(void **state)
{
	struct file file = {.debug = true};
	struct unwind_table table = compile(&file);

	(void)state;
	assert_int_equal(table.object.flags, UNWIND_OBJECT_NO_TABLE);
	assert_int_equal(table.object.page_cnt, 0);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE)), UNWIND_GAP);
	unwind_table_free(&table);
}

/* One FDE for ONE_FUNCTION, its addresses in some encoding. */
static void assert_encoding(uint8_t encoding, struct bytes addresses)
{
	struct file file = {.section = ".eh_frame"};

	put_cie(&file, "zR", BYTES(encoding));
	put_encoded_fde(&file, addresses, true, BYTES(0x41, 0x0e, 16));
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void encodings_of_addresses(void **state)
{
	/* the address field of the only FDE behind a "zR" CIE of 22 bytes */
	const uint64_t here = CFI_ADDRESS + 22 + 8;

	(void)state;
	assert_encoding(0x00, BYTES(0x10, 0x10, 0x40, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0));
	assert_encoding(0x04, BYTES(0x10, 0x10, 0x40, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0));
	assert_encoding(0x0c, BYTES(0x10, 0x10, 0x40, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0, 0, 0, 0));
	assert_encoding(0x03, BYTES(0x10, 0x10, 0x40, 0, 0x40, 0, 0, 0));
	assert_encoding(0x0b, BYTES(0x10, 0x10, 0x40, 0, 0x40, 0, 0, 0));
	assert_encoding(0x01, BYTES(0x90, 0xa0, 0x80, 0x02, 0x40));
	assert_encoding(0x09, BYTES(0x90, 0xa0, 0x80, 0x02, 0xc0, 0x00));
	assert_encoding(0x22, BYTES(0x10, 0, 0x40, 0)); /* relative to .text */
	assert_encoding(0x2a, BYTES(0x10, 0, 0x40, 0));
	assert_encoding(0x33, BYTES(0x10, 0x10, 0x40, 0, 0x40, 0, 0, 0)); /* there is no .got */
	assert_encoding(0x13, BYTES((uint8_t)(0x401010 - here), (uint8_t)((0x401010 - here) >> 8),
				    (uint8_t)((0x401010 - here) >> 16), 0, 0x40, 0, 0, 0));
	/* aligned: the field is at 6 modulo 8 */
	assert_int_equal(here % 8, 6);
	assert_encoding(0x50, BYTES(0xff, 0xff, 0x10, 0x10, 0x40, 0, 0, 0, 0, 0, 0x40, 0, 0, 0, 0,
				    0, 0, 0));
}

static void encodings_nobody_writes(void **state)
{
	static const uint8_t encodings[] = {0x05, 0x0f, 0x60, 0x70, 0x9b, 0xff};

	(void)state;
	for (size_t i = 0; i < sizeof(encodings); i++) {
		struct file file = {.section = ".eh_frame"};
		struct unwind_table table;

		put_cie(&file, "zR", BYTES(encodings[i]));
		put_absolute_fde(&file, CODE, 0x40, true);
		table = compile(&file);
		assert_int_equal(table.stats.fde_cnt, 0);
		assert_int_equal(table.stats.cfi.entries_broken, 1);
		unwind_table_free(&table);
	}
}

static void assert_augmentation(const char *letters, struct bytes data, bool augmented)
{
	struct file file = {.section = ".eh_frame"};

	put_cie(&file, letters, data);
	put_absolute_fde(&file, CODE + 0x10, 0x40, augmented);
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void augmentations(void **state)
{
	(void)state;
	assert_augmentation("", NOTHING, false);
	assert_augmentation("eh", NOTHING, false);
	assert_augmentation("R", BYTES(0x00), false);
	assert_augmentation("z", NOTHING, true);
	assert_augmentation("zPLR", BYTES(0x9b, 1, 2, 3, 4, 0x1b, 0x00), true);
	assert_augmentation("zRGB", BYTES(0x00), true);
	assert_augmentation("zR?", BYTES(0x00, 1, 2, 3), true);
}

static void signal_frames_are_interrupted(void **state)
{
	struct file file = {.section = ".eh_frame"};

	(void)state;
	put_cie(&file, "zRS", BYTES(0x00));
	put_absolute_fde(&file, CODE, 0x40, true);
	assert_compiles_to(&file,
			   "401000: rsp+8, interrupted; 401001: rsp+16, interrupted; 401040: gap");
}

static void cies_nobody_understands(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	put_cie(&file, "?", NOTHING);
	put_absolute_fde(&file, CODE, 0x40, false);
	put_cie_version(&file, 2, "", NOTHING);
	put_absolute_fde(&file, CODE, 0x40, false);
	file.cie = 5; /* not an entry */
	put_absolute_fde(&file, CODE, 0x40, false);
	file.cie = 0x10000; /* outside the section */
	put_absolute_fde(&file, CODE, 0x40, false);
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	table = compile(&file);
	assert_table(&table, ONE_FUNCTION);
	assert_int_equal(table.stats.cfi.fdes_no_cie, 4);
	unwind_table_free(&table);
}

static void wide_lengths(void **state)
{
	struct file file = {.section = ".eh_frame", .wide = true};

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void debug_frames(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		static const uint8_t versions[] = {1, 3, 4};
		struct file file = {.section = ".debug_frame", .debug = true, .wide = i >= 3};
		struct unwind_table table;

		put(&file.cfi, 0, 4); /* so that the CIE is not at offset 0 */
		put_cie_version(&file, versions[i % 3], "", NOTHING);
		put_absolute_fde(&file, CODE + 0x10, 0x40, false);
		put_absolute_fde(&file, 0, 0x40, false); /* discarded */
		table = compile(&file);
		assert_table(&table, ONE_FUNCTION);
		assert_int_equal(table.stats.debug_format, CFI_DEBUG_FRAME);
		assert_int_equal(table.stats.cfi.fdes_empty, 1);
		unwind_table_free(&table);
	}
}

/* Replaces the unwind information by a header and its compressed form. */
static void deflate_cfi(struct file *file, struct bytes header)
{
	uint8_t packed[1024];
	uLongf len = sizeof(packed);

	assert_int_equal(compress(packed, &len, file->cfi.data, file->cfi.len), Z_OK);
	buf_clear(&file->cfi);
	buf_append(&file->cfi, header.data, header.len);
	buf_append(&file->cfi, packed, len);
}

static struct file debug_file(const char *section)
{
	struct file file = {.section = section, .debug = true};

	put_cie_version(&file, 4, "", NOTHING);
	put_absolute_fde(&file, CODE + 0x10, 0x40, false);
	return file;
}

static void compressed_debug_frames(void **state)
{
	struct file file = debug_file(".debug_frame");
	Elf64_Chdr header = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = file.cfi.len};
	uint8_t old[12] = {'Z', 'L', 'I', 'B'};

	(void)state;
	deflate_cfi(&file, (struct bytes){&header, sizeof(header)});
	file.section_flags = SHF_COMPRESSED;
	assert_compiles_to(&file, ONE_FUNCTION);
	file = debug_file(".zdebug_frame");
	old[11] = (uint8_t)file.cfi.len;
	deflate_cfi(&file, (struct bytes){old, sizeof(old)});
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void broken_compression_is_no_failure(void **state)
{
	Elf64_Chdr headers[] = {{.ch_type = ELFCOMPRESS_ZLIB, .ch_size = UINT64_MAX},
				{.ch_type = ELFCOMPRESS_ZLIB, .ch_size = 3},
				{.ch_type = 2, .ch_size = 100}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		struct file file = debug_file(".debug_frame");
		struct unwind_table table;

		deflate_cfi(&file, (struct bytes){&headers[i], sizeof(headers[i])});
		file.section_flags = SHF_COMPRESSED;
		table = compile(&file);
		assert_true(table.stats.debug_unreadable);
		assert_int_equal(table.object.page_cnt, 0);
		unwind_table_free(&table);
	}
}

static void code_outside_the_segment(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE - 0x1000, 0x40, NOTHING);
	put_fde(&file, CODE + CODE_LEN, 0x40, NOTHING);
	put_fde(&file, CODE + 0x10, 0, NOTHING);
	put_fde(&file, CODE + CODE_LEN - 0x10, 0x40, NOTHING);
	table = compile(&file);
	assert_table(&table, "405000: gap; 405ff0: rsp+8; 406000: gap");
	assert_int_equal(table.stats.cfi.fdes_outside, 2);
	assert_int_equal(table.stats.cfi.fdes_empty, 1);
	assert_int_equal(table.stats.covered_len, 0x10);
	unwind_table_free(&table);
}

static void what_comes_before_a_broken_entry_is_used(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	put(&file.cfi, 0x7fffffff, 4);
	put_fde(&file, CODE + 0x100, 0x40, NOTHING);
	table = compile(&file);
	assert_table(&table, ONE_FUNCTION);
	assert_int_equal(table.stats.cfi.entries_broken, 1);
	unwind_table_free(&table);
}

static void losses_are_counted_by_row(void **state)
{
	struct file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE, 0x20, BYTES(0x0f, 1, 0x06, 0x41, 0x0c, 7, 8, 0x07, 6));
	put_fde(&file, CODE + 0x20, 0x20, BYTES(0x16, 6, 1, 0x30, 0x41, 0x0e, 16));
	table = compile(&file);
	assert_int_equal(table.stats.rows_of_loss[UNWIND_LOSS_CFA_EXPRESSION], 1);
	assert_int_equal(table.stats.rows_of_loss[UNWIND_LOSS_FP_PLACE], 2);
	assert_int_equal(unwind_table_rows_lost(&table), 3);
	unwind_table_free(&table);
}

/* Whatever a file lacks or has wrong: an error or a table, never a read outside it. */
static void every_prefix_is_survived(void **state)
{
	struct file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	make_elf(&file, &elf);
	buf_free(&file.cfi);
	for (size_t len = 0; len < elf.len; len += len < CFI_OFFSET + 64 ? 1 : 17) {
		_cleanup_free_ uint8_t *exact = malloc(len ? len : 1);
		struct elf_source source = {.fd = -1, .memory = exact, .memory_len = len};
		struct unwind_table table;

		memcpy(exact, elf.data, len);
		if (unwind_table_compile(source, &table, NULL) == 0)
			unwind_table_free(&table);
	}
}

static void every_wrong_byte_is_survived(void **state)
{
	struct file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16, 0x0f, 3, 0x77, 8, 0x06));
	make_elf(&file, &elf);
	buf_free(&file.cfi);
	for (size_t at = 0; at < elf.len; at++) {
		static const uint8_t wrongs[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
		uint8_t right = elf.data[at];

		for (size_t i = 0; i < sizeof(wrongs); i++) {
			struct unwind_table table;

			elf.data[at] = wrongs[i];
			if (unwind_table_compile(in_memory(&elf), &table, NULL) == 0)
				unwind_table_free(&table);
		}
		elf.data[at] = right;
	}
}

static void assert_refused(const void *bytes, size_t len, int code)
{
	_cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);
	struct unwind_table table;
	struct err err = {0};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(unwind_table_compile((struct elf_source){.fd = fd}, &table, &err), code);
	assert_true(err.text[0]);
}

static void what_is_no_program_is_refused(void **state)
{
	struct file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};
	Elf64_Ehdr *header;
	int pipes[2];
	struct unwind_table table;

	(void)state;
	make_elf(&file, &elf);
	header = (Elf64_Ehdr *)(void *)elf.data;
	assert_refused("#!/bin/sh\n", 10, -ENOEXEC);
	assert_refused("", 0, -ENOEXEC);
	assert_refused(elf.data, 100, -ENODATA);
	header->e_machine = EM_AARCH64;
	assert_refused(elf.data, elf.len, -ENOTSUP);
	header->e_machine = EM_X86_64;
	header->e_type = ET_REL;
	assert_refused(elf.data, elf.len, -ENOEXEC);
	header->e_type = ET_EXEC;
	header->e_phnum = 0;
	assert_refused(elf.data, elf.len, -ENOEXEC);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(unwind_table_compile((struct elf_source){.fd = pipes[0]}, &table, NULL),
			 -ENOEXEC);
	close(pipes[0]);
	close(pipes[1]);
}

static void files_and_memory_give_the_same(void **state)
{
	_cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);
	struct file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};
	struct unwind_table table;

	(void)state;
	put_usual_cie(&file);
	put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	make_elf(&file, &elf);
	buf_free(&file.cfi);
	assert_int_equal(write(fd, elf.data, elf.len), elf.len);
	assert_int_equal(unwind_table_compile((struct elf_source){.fd = fd}, &table, NULL), 0);
	assert_table(&table, ONE_FUNCTION);
	unwind_table_free(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_function),
		cmocka_unit_test(lookups),
		cmocka_unit_test(short_gaps_are_padding),
		cmocka_unit_test(fdes_come_in_any_order),
		cmocka_unit_test(the_last_to_start_wins),
		cmocka_unit_test(overlaps_of_all_kinds),
		cmocka_unit_test(outer_fdes_do_not_resume_for_ever),
		cmocka_unit_test(files_without_section_headers),
		cmocka_unit_test(terminators_within_a_section),
		cmocka_unit_test(no_unwind_information),
		cmocka_unit_test(encodings_of_addresses),
		cmocka_unit_test(encodings_nobody_writes),
		cmocka_unit_test(augmentations),
		cmocka_unit_test(signal_frames_are_interrupted),
		cmocka_unit_test(cies_nobody_understands),
		cmocka_unit_test(wide_lengths),
		cmocka_unit_test(debug_frames),
		cmocka_unit_test(compressed_debug_frames),
		cmocka_unit_test(broken_compression_is_no_failure),
		cmocka_unit_test(code_outside_the_segment),
		cmocka_unit_test(what_comes_before_a_broken_entry_is_used),
		cmocka_unit_test(losses_are_counted_by_row),
		cmocka_unit_test(every_prefix_is_survived),
		cmocka_unit_test(every_wrong_byte_is_survived),
		cmocka_unit_test(what_is_no_program_is_refused),
		cmocka_unit_test(files_and_memory_give_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
