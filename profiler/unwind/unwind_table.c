// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/unwind/unwind_table.h"

#include "base/clock.h"
#include "profiler/unwind/crt_code.h"
#include "profiler/unwind/fde_spans.h"
#include "profiler/unwind/row_rule.h"

#include <errno.h>
#include <string.h>
#include <sys/param.h>

/*
 * Code between two FDEs that are closer than this is padding (compilers align functions to 16) and
 * goes with the first: no row for a gap where no call returns to.
 */
#define PADDING_MAX 16

/* Gaps that are looked at; programs have a handful. */
#define GAPS_READ_MAX 256

struct compilation {
	struct elf_image image;
	struct cfi_section eh, debug;
	struct cfi_entries entries;
	struct fde_spans spans;
	struct row_writer writer;
	VEC(struct code_range) ranges;
	struct buf gap_code;
	unsigned int gaps_read;
	struct cfa_machine machine;
	bool is_go; /* its functions save rbp, its .debug_frame does not say so */
};

static int add_segment(struct compilation *compilation, struct unwind_table *table,
		       const Elf64_Phdr *header)
{
	struct unwind_segment segment = {
		.address = header->p_vaddr,
		.file_offset = header->p_offset,
		.file_len = header->p_filesz,
	};
	struct code_range range = {header->p_vaddr, header->p_vaddr + header->p_filesz};
	int r;

	if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) || range.end <= range.start)
		return 0;
	r = vec_push(&table->segments, segment);
	return r < 0 ? r : vec_push(&compilation->ranges, range);
}

static int add_segments(struct compilation *compilation, struct unwind_table *table)
{
	int r = 0;

	for (size_t i = 0; i < elf_image_segment_cnt(&compilation->image) && r == 0; i++)
		r = add_segment(compilation, table, elf_image_segment(&compilation->image, i));
	return r;
}

/* Executable segments of older linkers hold read-only data too: sections tell better. */
static uint64_t measure_code(const struct elf_image *image, const struct unwind_table *table)
{
	uint64_t len = elf_image_code_len(image);

	if (len)
		return len;
	vec_for_each(&table->segments, segment)
		len += segment->file_len;
	return len;
}

struct row_target {
	struct row_writer *writer;
	uint64_t start; /* of the span: what the program says before holds there */
	bool interrupted;
	bool fp_untold; /* what is not said of fp does not mean that it is kept */
};

static int write_row(void *ctx, uint64_t address, const struct cfa_state *state)
{
	struct row_target *target = ctx;
	struct unwind_rule rule = row_rule_of(state, target->interrupted);

	if (target->fp_untold && UNWIND_KIND(rule) == UNWIND_SP && rule.fp == UNWIND_FP_SAME)
		rule.fp = UNWIND_FP_LOST;
	return row_writer_add(target->writer, MAX(address, target->start), rule);
}

static int write_span(struct compilation *compilation, const struct fde_span *span)
{
	const struct cfi_fde *fde = &compilation->entries.fdes.items[span->fde];
	const struct cfi_cie *cie = &compilation->entries.cies.items[fde->cie];
	struct cfa_machine *machine = &compilation->machine;
	struct row_target target = {
		.writer = &compilation->writer,
		.start = span->start,
		.interrupted = cie->interrupted,
		.fp_untold = compilation->is_go && cie->section->format == CFI_DEBUG_FRAME,
	};

	machine->frame = (struct cfa_frame){
		.code_align = cie->code_align,
		.data_align = cie->data_align,
		.pointer_encoding = cie->pointer_encoding,
		.bases = {.bytes = cie->section->bytes.data,
			  .address = cie->section->address,
			  .text = cie->section->text_address,
			  .data = cie->section->data_address,
			  .function = fde->start},
		.initial = &cie->initial,
	};
	machine->code = byte_reader_of(cie->section->bytes.data + fde->code_offset, fde->code_len);
	machine->location = fde->start;
	machine->end = span->end;
	machine->row = write_row;
	machine->ctx = &target;
	return cfa_machine_run(machine);
}

static int write_gap(struct compilation *compilation, uint64_t address)
{
	return row_writer_add(&compilation->writer, address,
			      (struct unwind_rule){.kind = UNWIND_GAP});
}

/* The code of a gap, up to CRT_CODE_MAX bytes; none where it is not in the file. */
static void read_gap(struct compilation *compilation, const struct unwind_table *table,
		     struct code_range gap)
{
	buf_clear(&compilation->gap_code);
	if (compilation->gaps_read++ >= GAPS_READ_MAX)
		return;
	vec_for_each(&table->segments, segment) {
		uint64_t offset = gap.start - segment->address;

		if (gap.start < segment->address || offset >= segment->file_len)
			continue;
		(void)!elf_image_read(
			&compilation->image, segment->file_offset + offset,
			MIN(MIN(gap.end - gap.start, segment->file_len - offset), CRT_CODE_MAX),
			&compilation->gap_code);
		return;
	}
}

/* The rows of startup code that lies there; how many, or < 0. */
static int write_startup(struct compilation *compilation, const struct unwind_table *table,
			 struct code_range gap)
{
	struct crt_row rows[CRT_ROWS_MAX];
	size_t cnt;
	int r = 0;

	read_gap(compilation, table, gap);
	cnt = crt_code_rows(compilation->gap_code.data, compilation->gap_code.len, rows);
	for (size_t i = 0; i < cnt && r == 0 && rows[i].offset < gap.end - gap.start; i++)
		r = row_writer_add(&compilation->writer, gap.start + rows[i].offset, rows[i].rule);
	return r < 0 ? r : (int)cnt;
}

/* What lies between functions, and is no padding. */
static int write_between(struct compilation *compilation, const struct unwind_table *table,
			 struct code_range gap)
{
	int r = write_startup(compilation, table, gap);

	return r ? MIN(r, 0) : write_gap(compilation, gap.start);
}

/* The code of the segment that comes before its first function. */
static int write_first(struct compilation *compilation, const struct unwind_table *table,
		       uint64_t end)
{
	vec_for_each(&compilation->ranges, range) {
		struct code_range gap = {range->start, end};

		if (end > range->start && end < range->end)
			return MIN(write_startup(compilation, table, gap), 0);
	}
	return 0;
}

static int write_rows(struct compilation *compilation, struct unwind_table *table)
{
	const struct fde_span *spans = compilation->spans.spans.items;
	size_t cnt = compilation->spans.spans.len;
	int r = cnt ? write_first(compilation, table, spans[0].start) : 0;

	for (size_t i = 0; i < cnt && r == 0; i++) {
		struct code_range gap = {spans[i].end,
					 i + 1 == cnt ? UINT64_MAX : spans[i + 1].start};

		table->stats.covered_len += spans[i].end - spans[i].start;
		r = write_span(compilation, &spans[i]);
		if (r == 0 && gap.end - gap.start >= PADDING_MAX)
			r = write_between(compilation, table, gap);
	}
	return r;
}

static void count_losses(const struct compilation *compilation, struct unwind_stats *stats)
{
	vec_for_each(&compilation->writer.rules, use) {
		enum unwind_loss loss = row_rule_loss(use->rule);

		if (loss != UNWIND_LOSS_NONE && loss < UNWIND_LOSS_CNT)
			stats->rows_of_loss[loss] += use->row_cnt;
	}
	stats->eh_format = compilation->eh.format;
	stats->debug_format = compilation->debug.format;
	stats->cfi_len = compilation->eh.bytes.len + compilation->debug.bytes.len;
	stats->cie_cnt = compilation->entries.cies.len;
	stats->fde_cnt = compilation->entries.fdes.len;
	stats->fdes_overlapping = compilation->spans.fdes_overlapping;
	stats->resumed_lost = compilation->spans.resumed_lost;
	stats->cfi = compilation->entries.losses;
	stats->rows = compilation->writer.losses;
}

static uint32_t object_flags(const struct compilation *compilation)
{
	uint32_t flags = 0;

	if (compilation->eh.format == CFI_NONE && compilation->debug.format == CFI_NONE)
		flags |= UNWIND_OBJECT_NO_TABLE;
	if (compilation->is_go)
		flags |= UNWIND_OBJECT_GO;
	return flags;
}

/* What debuggers are told is welcome, not needed. */
static int load_sections(struct compilation *compilation, struct unwind_table *table,
			 struct err *err)
{
	int r = cfi_section_load_eh(&compilation->image, &compilation->eh);

	if (r < 0)
		return err_errno(err, r, "cannot read the unwind information");
	r = cfi_section_load_debug(&compilation->image, &compilation->debug);
	if (r == -ENOMEM)
		return err_errno(err, r, "cannot read .debug_frame");
	table->stats.debug_unreadable = r < 0;
	return 0;
}

/* Of two FDEs for the same code, the one that was read last speaks: that of .eh_frame. */
static int read_entries(struct compilation *compilation)
{
	struct code_ranges ranges = {compilation->ranges.items, compilation->ranges.len};
	int r = cfi_entries_read(&compilation->entries, &compilation->debug, ranges);

	if (r == 0)
		r = cfi_entries_read(&compilation->entries, &compilation->eh, ranges);
	if (r < 0)
		return r;
	return fde_spans_make(&compilation->entries,
			      compilation->eh.bytes.len + compilation->debug.bytes.len,
			      &compilation->spans);
}

static int read_cfi(struct compilation *compilation, struct unwind_table *table, struct err *err)
{
	int r = add_segments(compilation, table);

	if (r < 0)
		return err_errno(err, r, "cannot keep the segments");
	compilation->is_go = elf_image_section(&compilation->image, ".gopclntab");
	r = load_sections(compilation, table, err);
	if (r < 0)
		return r;
	r = read_entries(compilation);
	return r < 0 ? err_errno(err, r, "cannot read the unwind information") : 0;
}

static int compile(struct compilation *compilation, struct unwind_table *table, struct err *err)
{
	int r = read_cfi(compilation, table, err);

	if (r < 0)
		return r;
	r = write_rows(compilation, table);
	if (r == 0)
		r = row_writer_finish(&compilation->writer, &table->object, &table->bytes,
				      &table->len);
	if (r < 0)
		return err_errno(err, r, "cannot make the unwind table");
	table->object.flags = object_flags(compilation);
	count_losses(compilation, &table->stats);
	table->stats.code_len = measure_code(&compilation->image, table);
	return 0;
}

static void compilation_free(struct compilation **compilation)
{
	if (!*compilation)
		return;
	elf_image_close(&(*compilation)->image);
	cfi_section_free(&(*compilation)->eh);
	cfi_section_free(&(*compilation)->debug);
	cfi_entries_free(&(*compilation)->entries);
	fde_spans_free(&(*compilation)->spans);
	row_writer_free(&(*compilation)->writer);
	vec_free(&(*compilation)->ranges);
	buf_free(&(*compilation)->gap_code);
	free(*compilation);
}

int unwind_table_compile(struct elf_source source, struct unwind_table *ret_table, struct err *err)
{
	_cleanup_(compilation_free) struct compilation *compilation =
		calloc(1, sizeof(*compilation));
	uint64_t begin_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
	struct unwind_table table = {0};
	int r;

	if (!compilation)
		return err_errno(err, -ENOMEM, "cannot make the unwind table");
	r = elf_image_open(source, &compilation->image, err);
	if (r == 0)
		r = compile(compilation, &table, err);
	if (r < 0) {
		unwind_table_free(&table);
		return r;
	}
	table.stats.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begin_ns;
	*ret_table = table;
	return 0;
}

void unwind_table_free(struct unwind_table *table)
{
	free(table->bytes);
	vec_free(&table->segments);
	*table = (struct unwind_table){0};
}

static const void *array_at(const struct unwind_table *table, uint32_t offset)
{
	return (const uint8_t *)table->bytes + offset;
}

uint32_t unwind_table_page(const struct unwind_table *table, uint32_t page, uint32_t *ret_first)
{
	const uint32_t *index = array_at(table, table->object.index_off);

	*ret_first = index[page];
	return index[page + 1] - index[page];
}

uint64_t unwind_table_row(const struct unwind_table *table, uint32_t page, uint32_t row,
			  struct unwind_rule *ret_rule)
{
	const struct unwind_rule *rules = array_at(table, table->object.rules_off);
	const uint16_t *keys = array_at(table, table->object.keys_off);
	const uint16_t *rule_ids = array_at(table, table->object.rule_ids_off);

	*ret_rule = rules[rule_ids[row]];
	return (((uint64_t)table->object.page_first + page) << UNWIND_PAGE_SHIFT) + keys[row];
}

struct unwind_rule unwind_table_lookup(const struct unwind_table *table, uint64_t address)
{
	const uint16_t *keys = array_at(table, table->object.keys_off);
	uint64_t page = (address >> UNWIND_PAGE_SHIFT) - table->object.page_first;
	uint32_t low = address & UNWIND_PAGE_MASK, row, left, half;
	struct unwind_rule rule = {.kind = UNWIND_GAP};

	if (page >= table->object.page_cnt)
		return rule;
	left = unwind_table_page(table, (uint32_t)page, &row);
	for (int i = 0; i < UNWIND_SEARCH_STEPS; i++) {
		half = left >> 1;
		row += half & -(uint32_t)(keys[row + half] <= low);
		left -= half;
	}
	unwind_table_row(table, (uint32_t)page, row, &rule);
	return rule;
}

uint64_t unwind_table_rows_lost(const struct unwind_table *table)
{
	uint64_t lost = 0;

	for (int i = 0; i < UNWIND_LOSS_CNT; i++)
		lost += table->stats.rows_of_loss[i];
	return lost;
}
