// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/gopclntab.h"

#include <errno.h>

#define HEADER_LEN 8 /* magic, two zeros, quantum, length of a pointer */
#define PCDATA_INLINE_INDEX 2
#define FUNCDATA_INLINE_TREE 3
#define NO_FILE UINT32_MAX

static bool read_magic(uint32_t magic, enum gopclntab_layout *ret_layout)
{
	static const uint32_t magics[] = {[GO_1_2] = 0xfffffffb,
					  [GO_1_16] = 0xfffffffa,
					  [GO_1_18] = 0xfffffff0,
					  [GO_1_20] = 0xfffffff1};

	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		if (magics[i] != magic)
			continue;
		*ret_layout = (enum gopclntab_layout)i;
		return true;
	}
	return false;
}

static uint64_t read_word(const struct gopclntab *table, struct byte_reader *reader)
{
	return read_fixed(reader, table->word_len);
}

/* An entry of the table of functions is a pair of these. */
static size_t field_len(const struct gopclntab *table)
{
	return table->layout >= GO_1_18 ? 4 : table->word_len;
}

static uint64_t functab_len(const struct gopclntab *table)
{
	return (2 * (uint64_t)table->func_cnt + 1) * field_len(table);
}

/* All is in one piece, the table of functions comes first, and says behind its end where files are. */
static void read_old_parts(struct gopclntab *table, struct byte_reader *reader)
{
	struct byte_reader behind;

	table->functab = HEADER_LEN + table->word_len;
	behind = *reader;
	reader_skip(&behind, functab_len(table));
	table->files = read_fixed(&behind, 4);
	reader->failed |= behind.failed;
}

static void read_new_parts(struct gopclntab *table, struct byte_reader *reader)
{
	read_word(table, reader); /* files */
	if (table->layout >= GO_1_18)
		table->text_start = read_word(table, reader);
	table->names = read_word(table, reader);
	table->units = read_word(table, reader);
	table->files = read_word(table, reader);
	table->values = read_word(table, reader);
	table->funcs = table->functab = read_word(table, reader);
}

int gopclntab_open(const struct elf_bytes *bytes, struct gopclntab *ret_table)
{
	struct byte_reader reader = elf_section_reader(bytes, 0);
	struct gopclntab table = {.bytes = bytes};
	uint64_t func_cnt;

	if (!read_magic((uint32_t)read_fixed(&reader, 4), &table.layout) ||
	    read_fixed(&reader, 2) != 0)
		return -ENOEXEC;
	table.quantum = read_u8(&reader);
	table.word_len = read_u8(&reader);
	if ((table.quantum != 1 && table.quantum != 2 && table.quantum != 4) ||
	    (table.word_len != 4 && table.word_len != 8))
		return -ENOEXEC;
	func_cnt = read_word(&table, &reader);
	if (bytes->len > UINT32_MAX || func_cnt > bytes->len) /* an entry is longer than a byte */
		return -ENOEXEC;
	table.func_cnt = (uint32_t)func_cnt;
	if (table.layout == GO_1_2)
		read_old_parts(&table, &reader);
	else
		read_new_parts(&table, &reader);
	if (reader.failed || table.functab > bytes->len ||
	    functab_len(&table) > bytes->len - table.functab)
		return -ENOEXEC;
	*ret_table = table;
	return 0;
}

static uint64_t functab_field(const struct gopclntab *table, uint64_t number)
{
	size_t len = field_len(table);
	struct byte_reader reader = elf_section_reader(table->bytes, table->functab + number * len);

	return read_fixed(&reader, len);
}

uint64_t gopclntab_start(const struct gopclntab *table, uint32_t index)
{
	uint64_t start;

	if (index > table->func_cnt)
		return 0;
	start = functab_field(table, 2 * (uint64_t)index);
	return table->layout >= GO_1_18 ? table->text_start + start : start;
}

const char *gopclntab_name(const struct gopclntab *table, uint32_t offset)
{
	const char *name = elf_section_text(table->bytes, table->names + offset);

	return name && *name ? name : NULL;
}

/* The function data behind a function: offsets since 1.18, aligned pointers before. */
static uint64_t read_inline_tree(const struct gopclntab *table, struct byte_reader *reader)
{
	uint64_t at = (uint64_t)(reader->at - table->bytes->start);
	uint64_t tree;

	if (table->layout >= GO_1_18) {
		reader_skip(reader, FUNCDATA_INLINE_TREE * 4);
		tree = read_fixed(reader, 4);
		return tree == UINT32_MAX || reader->failed ? GO_NO_TREE : tree;
	}
	reader_skip(reader, -at % table->word_len + FUNCDATA_INLINE_TREE * table->word_len);
	tree = read_word(table, reader);
	return tree == 0 || reader->failed ? GO_NO_TREE : tree;
}

/* What is known of inlined calls. Before 1.16 its place differed from release to release. */
static void read_inlines(const struct gopclntab *table, struct byte_reader *reader,
			 uint32_t pcdata_cnt, struct gopclntab_func *func)
{
	struct byte_reader pcdata;
	uint8_t funcdata_cnt;

	reader_skip(reader, 3); /* what kind of function it is, flags */
	funcdata_cnt = read_u8(reader);
	pcdata = *reader;
	reader_skip(reader, (uint64_t)pcdata_cnt * 4);
	if (table->layout < GO_1_16 || pcdata_cnt <= PCDATA_INLINE_INDEX ||
	    funcdata_cnt <= FUNCDATA_INLINE_TREE)
		return;
	func->inline_tree = read_inline_tree(table, reader);
	reader_skip(&pcdata, PCDATA_INLINE_INDEX * 4);
	if (func->inline_tree != GO_NO_TREE)
		func->inlines_at = (uint32_t)read_fixed(&pcdata, 4);
}

bool gopclntab_func(const struct gopclntab *table, uint32_t index, struct gopclntab_func *ret_func)
{
	uint64_t at = functab_field(table, 2 * (uint64_t)index + 1);
	struct byte_reader reader = elf_section_reader(table->bytes, table->funcs + at);
	struct gopclntab_func func = {.inline_tree = GO_NO_TREE};
	uint32_t pcdata_cnt;

	if (index >= table->func_cnt)
		return false;
	func.entry = gopclntab_start(table, index);
	read_fixed(&reader, field_len(table)); /* the entry again */
	func.name = gopclntab_name(table, (uint32_t)read_fixed(&reader, 4));
	read_fixed(&reader, 4); /* arguments' length */
	read_fixed(&reader, 4); /* frame's length or a call's offset */
	read_fixed(&reader, 4); /* stack depths */
	func.files_at = (uint32_t)read_fixed(&reader, 4);
	func.lines_at = (uint32_t)read_fixed(&reader, 4);
	pcdata_cnt = (uint32_t)read_fixed(&reader, 4);
	if (table->layout >= GO_1_16)
		func.unit = (uint32_t)read_fixed(&reader, 4);
	if (table->layout >= GO_1_20)
		func.start_line = (uint32_t)read_fixed(&reader, 4);
	if (reader.failed)
		return false;
	read_inlines(table, &reader, pcdata_cnt, &func);
	*ret_func = func;
	return true;
}

const char *gopclntab_file(const struct gopclntab *table, const struct gopclntab_func *func,
			   int32_t number)
{
	uint64_t at = table->layout >= GO_1_16 ? table->units : table->files;
	struct byte_reader reader;
	uint32_t offset;
	const char *path;

	if (number < 0)
		return NULL;
	reader = elf_section_reader(table->bytes,
				    at + 4 * ((uint64_t)func->unit + (uint64_t)number));
	offset = (uint32_t)read_fixed(&reader, 4);
	if (reader.failed || offset == NO_FILE)
		return NULL;
	at = table->layout >= GO_1_16 ? table->files : 0;
	path = elf_section_text(table->bytes, at + offset);
	return path && *path ? path : NULL;
}

struct gopclntab_values gopclntab_values_of(const struct gopclntab *table,
					    const struct gopclntab_func *func, uint32_t at)
{
	struct gopclntab_values values = {
		.limit = func->entry, .value = -1, .quantum = table->quantum, .is_first = true};

	if (at)
		values.reader = elf_section_reader(table->bytes, table->values + at);
	return values;
}

static int32_t unfold_sign(uint32_t folded)
{
	return (int32_t)(folded >> 1) ^ -(int32_t)(folded & 1);
}

bool gopclntab_next(struct gopclntab_values *values)
{
	uint32_t delta = (uint32_t)read_uleb(&values->reader);
	uint64_t step = read_uleb(&values->reader) & UINT32_MAX;

	if (values->reader.failed || (delta == 0 && !values->is_first)) {
		values->reader = (struct byte_reader){.failed = true};
		values->value = -1;
		values->limit = UINT64_MAX;
		return false;
	}
	values->is_first = false;
	values->value = (int32_t)((uint32_t)values->value + (uint32_t)unfold_sign(delta));
	values->limit += step * values->quantum;
	return true;
}
