// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* ELF files made by hand, with unwind information of all shapes, and the tables they become. */
#include "profiler/unwind/row_rule.h"
#include "profiler/unwind/unwind_table.h"
#include "tests/unit/cfi_file.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <zlib.h>

static struct elf_source in_memory(const struct buf *elf)
{
	return (struct elf_source){.fd = -1, .memory = elf->data, .memory_len = elf->len};
}

/* The table of the file, which is used up. */
static struct unwind_table compile(struct cfi_file *file)
{
	_cleanup_buf_ struct buf elf = {0};
	struct unwind_table table;
	struct err err;
	int r;

	cfi_file_make_elf(file, &elf);
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

static void assert_compiles_to(struct cfi_file *file, const char *wanted)
{
	struct unwind_table table = compile(file);

	assert_table(&table, wanted);
	unwind_table_free(&table);
}

#define ONE_FUNCTION "401000: gap; 401010: rsp+8; 401011: rsp+16; 401050: gap"

static void one_function(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
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
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x2000, BYTES(0x41, 0x0e, 16));
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
	struct cfi_file file = {.section = ".eh_frame"};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE, 1, BYTES(0x0e, 16));
	cfi_file_put_fde(&file, CODE + 16, 1, NOTHING);
	cfi_file_put_fde(&file, CODE + 33, 1, NOTHING);
	assert_compiles_to(&file, "401000: rsp+16; 401010: rsp+8; 401011: gap; 401021: rsp+8; "
				  "401022: gap");
}

static void fdes_come_in_any_order(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x80, 0x10, BYTES(0x0e, 24));
	cfi_file_put_fde(&file, CODE, 0x40, BYTES(0x0e, 16));
	cfi_file_put_fde(&file, CODE + 0x40, 0x40, BYTES(0x0e, 32));
	assert_compiles_to(&file, "401000: rsp+16; 401040: rsp+32; 401080: rsp+24; 401090: gap");
}

static void the_last_to_start_wins(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	/* the outer one is at 32 when the inner one ends, and still gets to 40 */
	cfi_file_put_fde(&file, CODE, 0x40, BYTES(0x0e, 16, 0x60, 0x0e, 32, 0x58, 0x0e, 40));
	cfi_file_put_fde(&file, CODE + 0x10, 0x18, BYTES(0x0e, 24));
	table = compile(&file);
	assert_table(&table, "401000: rsp+16; 401010: rsp+24; 401028: rsp+32; 401038: rsp+40; "
			     "401040: gap");
	assert_int_equal(table.stats.fdes_overlapping, 1);
	assert_int_equal(table.stats.covered_len, 0x40);
	unwind_table_free(&table);
}

static void overlaps_of_all_kinds(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE, 0x20, BYTES(0x0e, 16)); /* partly covered by the next */
	cfi_file_put_fde(&file, CODE + 0x10, 0x20, BYTES(0x0e, 24));
	cfi_file_put_fde(&file, CODE + 0x40, 0x20, BYTES(0x0e, 32)); /* the same twice */
	cfi_file_put_fde(&file, CODE + 0x40, 0x20, BYTES(0x0e, 40));
	cfi_file_put_fde(&file, CODE + 0x60, 0x20,
			 BYTES(0x0e, 48)); /* one start, the shorter first */
	cfi_file_put_fde(&file, CODE + 0x60, 0x10, BYTES(0x0e, 56));
	assert_compiles_to(&file, "401000: rsp+16; 401010: rsp+24; 401030: gap; 401040: rsp+40; "
				  "401060: rsp+56; 401070: rsp+48; 401080: gap");
}

static void outer_fdes_do_not_resume_for_ever(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;
	uint8_t nops[400] = {0x0e, 16};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE, 0x200, (struct cfi_bytes){nops, sizeof(nops)});
	for (uint32_t i = 0; i < 8; i++)
		cfi_file_put_fde(&file, CODE + 0x20 + 0x20 * i, 0x10, BYTES(0x0e, 24));
	table = compile(&file);
	assert_true(table.stats.resumed_lost > 0);
	assert_int_equal(unwind_table_lookup(&table, CODE).offset, 16);
	assert_int_equal(unwind_table_lookup(&table, CODE + 0x30).offset, 16);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE + 0x1f0)), UNWIND_GAP);
	unwind_table_free(&table);
}

static void files_without_section_headers(void **state)
{
	struct cfi_file file = {0};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	cfi_file_put(&file.cfi, 0, 4); /* the terminator; what follows is something else */
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x100, 0x40, NOTHING);
	table = compile(&file);
	assert_table(&table, ONE_FUNCTION);
	assert_int_equal(table.stats.eh_format, CFI_EH_HEADER);
	assert_int_equal(table.stats.code_len, CODE_LEN);
	assert_int_equal(table.stats.cfi.entries_broken, 0);
	unwind_table_free(&table);
}

static void terminators_within_a_section(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put(&file.cfi, 0, 4);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	cfi_file_put(&file.cfi, 0, 4);
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void no_unwind_information(void **state)
{
	struct cfi_file file = {.debug = true};
	struct unwind_table table = compile(&file);

	(void)state;
	assert_int_equal(table.object.flags, UNWIND_OBJECT_NO_TABLE);
	assert_int_equal(table.object.page_cnt, 0);
	assert_int_equal(UNWIND_KIND(unwind_table_lookup(&table, CODE)), UNWIND_GAP);
	unwind_table_free(&table);
}

/* One FDE for ONE_FUNCTION, its addresses in some encoding. */
static void assert_encoding(uint8_t encoding, struct cfi_bytes addresses)
{
	struct cfi_file file = {.section = ".eh_frame"};

	cfi_file_put_cie(&file, "zR", BYTES(encoding));
	cfi_file_put_encoded_fde(&file, addresses, true, BYTES(0x41, 0x0e, 16));
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
		struct cfi_file file = {.section = ".eh_frame"};
		struct unwind_table table;

		cfi_file_put_cie(&file, "zR", BYTES(encodings[i]));
		cfi_file_put_absolute_fde(&file, CODE, 0x40, true);
		table = compile(&file);
		assert_int_equal(table.stats.fde_cnt, 0);
		assert_int_equal(table.stats.cfi.entries_broken, 1);
		unwind_table_free(&table);
	}
}

static void assert_augmentation(const char *letters, struct cfi_bytes data, bool augmented)
{
	struct cfi_file file = {.section = ".eh_frame"};

	cfi_file_put_cie(&file, letters, data);
	cfi_file_put_absolute_fde(&file, CODE + 0x10, 0x40, augmented);
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
	struct cfi_file file = {.section = ".eh_frame"};

	(void)state;
	cfi_file_put_cie(&file, "zRS", BYTES(0x00));
	cfi_file_put_absolute_fde(&file, CODE, 0x40, true);
	assert_compiles_to(&file,
			   "401000: rsp+8, interrupted; 401001: rsp+16, interrupted; 401040: gap");
}

static void cies_nobody_understands(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	cfi_file_put_cie(&file, "?", NOTHING);
	cfi_file_put_absolute_fde(&file, CODE, 0x40, false);
	cfi_file_put_cie_version(&file, 2, "", NOTHING);
	cfi_file_put_absolute_fde(&file, CODE, 0x40, false);
	file.cie = 5; /* not an entry */
	cfi_file_put_absolute_fde(&file, CODE, 0x40, false);
	file.cie = 0x10000; /* outside the section */
	cfi_file_put_absolute_fde(&file, CODE, 0x40, false);
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	table = compile(&file);
	assert_table(&table, ONE_FUNCTION);
	assert_int_equal(table.stats.cfi.fdes_no_cie, 4);
	unwind_table_free(&table);
}

static void wide_lengths(void **state)
{
	struct cfi_file file = {.section = ".eh_frame", .wide = true};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void debug_frames(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		static const uint8_t versions[] = {1, 3, 4};
		struct cfi_file file = {.section = ".debug_frame", .debug = true, .wide = i >= 3};
		struct unwind_table table;

		cfi_file_put(&file.cfi, 0, 4); /* so that the CIE is not at offset 0 */
		cfi_file_put_cie_version(&file, versions[i % 3], "", NOTHING);
		cfi_file_put_absolute_fde(&file, CODE + 0x10, 0x40, false);
		cfi_file_put_absolute_fde(&file, 0, 0x40, false); /* discarded */
		table = compile(&file);
		assert_table(&table, ONE_FUNCTION);
		assert_int_equal(table.stats.debug_format, CFI_DEBUG_FRAME);
		assert_int_equal(table.stats.cfi.fdes_empty, 1);
		unwind_table_free(&table);
	}
}

/* Replaces the unwind information by a header and its compressed form. */
static void deflate_cfi(struct cfi_file *file, struct cfi_bytes header)
{
	uint8_t packed[1024];
	uLongf len = sizeof(packed);

	assert_int_equal(compress(packed, &len, file->cfi.data, file->cfi.len), Z_OK);
	buf_clear(&file->cfi);
	buf_append(&file->cfi, header.data, header.len);
	buf_append(&file->cfi, packed, len);
}

static struct cfi_file debug_file(const char *section)
{
	struct cfi_file file = {.section = section, .debug = true};

	cfi_file_put_cie_version(&file, 4, "", NOTHING);
	cfi_file_put_absolute_fde(&file, CODE + 0x10, 0x40, false);
	return file;
}

static void compressed_debug_frames(void **state)
{
	struct cfi_file file = debug_file(".debug_frame");
	Elf64_Chdr header = {.ch_type = ELFCOMPRESS_ZLIB, .ch_size = file.cfi.len};
	uint8_t old[12] = {'Z', 'L', 'I', 'B'};

	(void)state;
	deflate_cfi(&file, (struct cfi_bytes){&header, sizeof(header)});
	file.section_flags = SHF_COMPRESSED;
	assert_compiles_to(&file, ONE_FUNCTION);
	file = debug_file(".zdebug_frame");
	old[11] = (uint8_t)file.cfi.len;
	deflate_cfi(&file, (struct cfi_bytes){old, sizeof(old)});
	assert_compiles_to(&file, ONE_FUNCTION);
}

static void broken_compression_is_no_failure(void **state)
{
	Elf64_Chdr headers[] = {{.ch_type = ELFCOMPRESS_ZLIB, .ch_size = UINT64_MAX},
				{.ch_type = ELFCOMPRESS_ZLIB, .ch_size = 3},
				{.ch_type = 2, .ch_size = 100}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(headers); i++) {
		struct cfi_file file = debug_file(".debug_frame");
		struct unwind_table table;

		deflate_cfi(&file, (struct cfi_bytes){&headers[i], sizeof(headers[i])});
		file.section_flags = SHF_COMPRESSED;
		table = compile(&file);
		assert_true(table.stats.debug_unreadable);
		assert_int_equal(table.object.page_cnt, 0);
		unwind_table_free(&table);
	}
}

static void eh_frame_goes_before_debug_frame(void **state)
{
	struct cfi_file debug = {.section = ".debug_frame", .debug = true};
	struct cfi_file file = {.section = ".eh_frame", .also = &debug};
	struct unwind_table table;

	(void)state;
	cfi_file_put_cie_version(&debug, 4, "", NOTHING);
	cfi_file_put_absolute_fde(&debug, CODE + 0x10, 0x40, false);
	cfi_file_put_absolute_fde(&debug, CODE + 0x100, 0x40, false);
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x0e, 32));
	table = compile(&file);
	assert_table(&table, "401000: gap; 401010: rsp+32; 401050: gap; 401100: rsp+8; "
			     "401101: rsp+16; 401140: gap");
	assert_int_equal(table.stats.eh_format, CFI_EH_FRAME);
	assert_int_equal(table.stats.debug_format, CFI_DEBUG_FRAME);
	buf_free(&debug.cfi);
	unwind_table_free(&table);
}

static void code_outside_the_segment(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE - 0x1000, 0x40, NOTHING);
	cfi_file_put_fde(&file, CODE + CODE_LEN, 0x40, NOTHING);
	cfi_file_put_fde(&file, CODE + 0x10, 0, NOTHING);
	cfi_file_put_fde(&file, CODE + CODE_LEN - 0x10, 0x40, NOTHING);
	table = compile(&file);
	assert_table(&table, "405000: gap; 405ff0: rsp+8; 406000: gap");
	assert_int_equal(table.stats.cfi.fdes_outside, 2);
	assert_int_equal(table.stats.cfi.fdes_empty, 1);
	assert_int_equal(table.stats.covered_len, 0x10);
	unwind_table_free(&table);
}

static void what_comes_before_a_broken_entry_is_used(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	cfi_file_put(&file.cfi, 0x7fffffff, 4);
	cfi_file_put_fde(&file, CODE + 0x100, 0x40, NOTHING);
	table = compile(&file);
	assert_table(&table, ONE_FUNCTION);
	assert_int_equal(table.stats.cfi.entries_broken, 1);
	unwind_table_free(&table);
}

static void losses_are_counted_by_row(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE, 0x20, BYTES(0x0f, 1, 0x06, 0x41, 0x0c, 7, 8, 0x07, 6));
	cfi_file_put_fde(&file, CODE + 0x20, 0x20, BYTES(0x16, 6, 1, 0x30, 0x41, 0x0e, 16));
	table = compile(&file);
	assert_int_equal(table.stats.rows_of_loss[UNWIND_LOSS_CFA_EXPRESSION], 1);
	assert_int_equal(table.stats.rows_of_loss[UNWIND_LOSS_FP_PLACE], 2);
	assert_int_equal(unwind_table_rows_lost(&table), 3);
	unwind_table_free(&table);
}

static void files_and_memory_give_the_same(void **state)
{
	_cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);
	struct cfi_file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};
	struct unwind_table table;

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	cfi_file_make_elf(&file, &elf);
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
		cmocka_unit_test(eh_frame_goes_before_debug_frame),
		cmocka_unit_test(code_outside_the_segment),
		cmocka_unit_test(what_comes_before_a_broken_entry_is_used),
		cmocka_unit_test(losses_are_counted_by_row),
		cmocka_unit_test(files_and_memory_give_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
