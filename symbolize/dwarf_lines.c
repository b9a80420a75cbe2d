// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_lines.h"

#include <dwarf.h>
#include <errno.h>
#include <string.h>

#define ROWS_FIRST ((size_t)64 * 1024) /* room made at once */
#define LENGTH_LEN_MAX 12              /* of a length, with what says that it is a wide one */
#define FORMATS_MAX 16                 /* DWARF 5 defines five kinds of what is known of a file */

struct content_format {
	uint64_t type, form;
};

struct sequence { /* of rows whose addresses only grow */
	size_t first, limit;
	uint64_t end_address;
};

struct machine {
	struct dwarf_line_program *program;
	const struct elf_file *elf;
	struct unit_draft *draft;
	VEC(struct sequence) sequences;
	struct unit_draft_row row;
	size_t first; /* row of the open sequence */
	struct step { /* what a special opcode does */
		uint8_t instructions;
		int16_t lines;
	} steps[256];
};

/* ---- header ---- */

/* Where the unit's program is behind its length, which says how wide its offsets are. */
struct place {
	uint64_t offset, len;
	uint8_t offset_size;
};

/* False when the unit has no program, or the section does not hold it. */
static bool find_program(const struct dwarf_file *file, const struct dwarf_die *root,
			 struct place *ret_place)
{
	const struct elf_bytes *lines = &file->sections[DWARF_LINE];
	uint64_t offset = root->values[DWARF_STMT_LIST].number;
	struct place place = {.offset_size = 4};
	struct byte_reader reader;

	if (!dwarf_has(root, DWARF_STMT_LIST) || offset >= lines->len)
		return false;
	reader =
		elf_section_part(lines, offset, MIN(lines->len - offset, (uint64_t)LENGTH_LEN_MAX));
	place.len = read_fixed(&reader, 4);
	if (place.len == UINT32_MAX) {
		place.len = read_fixed(&reader, 8);
		place.offset_size = 8;
	}
	place.offset = offset + (place.offset_size == 8 ? 12 : 4);
	*ret_place = place;
	return !reader.failed && place.len <= lines->len - place.offset;
}

uint64_t dwarf_lines_len(const struct dwarf_file *file, const struct dwarf_die *root)
{
	struct place place;

	return find_program(file, root, &place) ? place.len : 0;
}

static int read_old_files(struct dwarf_line_program *program, struct byte_reader *reader)
{
	const char *name;
	int r = vec_push(&program->directories, program->directory);

	while (r == 0 && (name = read_string(reader)) && *name)
		r = vec_push(&program->directories, name);
	if (r == 0)
		r = vec_push(&program->files, ((struct dwarf_line_file){0})); /* they begin at 1 */
	while (r == 0 && (name = read_string(reader)) && *name) {
		struct dwarf_line_file file = {name, read_uleb(reader)};

		read_uleb(reader); /* time */
		read_uleb(reader); /* length */
		r = vec_push(&program->files, file);
	}
	return r;
}

static size_t read_formats(struct byte_reader *reader, struct content_format *formats)
{
	size_t cnt = read_u8(reader);

	if (cnt > FORMATS_MAX)
		reader_skip(reader, UINT64_MAX);
	for (size_t i = 0; i < cnt && !reader->failed; i++) {
		formats[i].type = read_uleb(reader);
		formats[i].form = read_uleb(reader);
	}
	return reader->failed ? 0 : cnt;
}

struct entries {
	const struct dwarf_file *file;
	const struct dwarf_cu *cu;
	struct content_format formats[FORMATS_MAX];
	size_t format_cnt;
	uint64_t left;
};

static void open_entries(struct entries *entries, struct byte_reader *reader)
{
	entries->format_cnt = read_formats(reader, entries->formats);
	entries->left = read_uleb(reader);
	if (entries->left > reader_left(reader)) /* none is shorter than a byte */
		reader_skip(reader, UINT64_MAX);
}

static bool next_entry(struct entries *entries, struct byte_reader *reader,
		       struct dwarf_line_file *ret_file)
{
	struct dwarf_line_file file = {0};

	if (reader->failed || entries->left == 0)
		return false;
	entries->left--;
	for (size_t i = 0; i < entries->format_cnt; i++) {
		struct dwarf_value value =
			dwarf_read_form(entries->formats[i].form, entries->cu->sizes, reader);

		if (entries->formats[i].type == DW_LNCT_path && !reader->failed)
			file.name = dwarf_text(entries->file, entries->cu, &value);
		if (entries->formats[i].type == DW_LNCT_directory_index)
			file.directory = value.number;
	}
	*ret_file = file;
	return !reader->failed;
}

static int read_new_files(struct dwarf_line_program *program, struct entries *entries,
			  struct byte_reader *reader)
{
	struct dwarf_line_file file;
	int r = 0;

	open_entries(entries, reader);
	while (r == 0 && next_entry(entries, reader, &file))
		r = vec_push(&program->directories, file.name);
	if (r == 0)
		open_entries(entries, reader);
	while (r == 0 && next_entry(entries, reader, &file))
		r = vec_push(&program->files, file);
	return r;
}

/* From the line number information's address size on; leaves the reader at the lists of files. */
static void read_fixed_part(struct dwarf_line_program *program, struct byte_reader *reader)
{
	if (program->sizes.version >= 5) {
		program->sizes.address = read_u8(reader);
		reader_skip(reader, 1); /* segment selectors */
	}
	program->code = *reader;
	read_fixed(&program->code, program->sizes.offset);
	reader_skip(&program->code,
		    read_fixed(reader, program->sizes.offset)); /* where the program begins */
	program->min_instruction_len = read_u8(reader);
	if (program->sizes.version >= 4)
		reader_skip(reader, 1); /* operations an instruction: one, but for VLIW */
	reader_skip(reader, 1);         /* whether rows begin statements */
	program->line_base = (int8_t)read_u8(reader);
	program->line_range = read_u8(reader);
	program->opcode_base = read_u8(reader);
	program->opcode_lengths =
		reader_skip(reader, program->opcode_base ? program->opcode_base - 1u : 0);
}

static int read_header(const struct dwarf_file *file, const struct dwarf_cu *cu,
		       const struct dwarf_die *root, struct dwarf_line_program *program)
{
	struct entries entries = {.file = file};
	struct dwarf_cu sized = *cu; /* strings are the unit's, widths the program's */
	struct byte_reader reader;
	struct place place;

	if (!find_program(file, root, &place))
		return -ENODATA;
	reader = elf_section_part(&file->sections[DWARF_LINE], place.offset, place.len);
	program->sizes.offset = place.offset_size;
	program->sizes.version = (uint8_t)read_fixed(&reader, 2);
	program->sizes.address = cu->sizes.address;
	if (program->sizes.version < 2 || program->sizes.version > 5)
		return -ENOEXEC;
	read_fixed_part(program, &reader);
	sized.sizes = program->sizes;
	entries.cu = &sized;
	if (reader.failed || program->code.failed || program->line_range == 0)
		return -ENOEXEC;
	if (program->sizes.version < 5)
		return read_old_files(program, &reader);
	return read_new_files(program, &entries, &reader);
}

int dwarf_lines_open(const struct dwarf_file *file, const struct dwarf_cu *cu,
		     const struct dwarf_die *root, struct dwarf_line_program *ret_program)
{
	struct dwarf_line_program program = {0};
	int r;

	if (dwarf_has(root, DWARF_COMP_DIR))
		program.directory = dwarf_text(file, cu, &root->values[DWARF_COMP_DIR]);
	r = read_header(file, cu, root, &program);
	if (r < 0) {
		dwarf_lines_close(&program);
		return r;
	}
	*ret_program = program;
	return 0;
}

void dwarf_lines_close(struct dwarf_line_program *program)
{
	vec_free(&program->directories);
	vec_free(&program->files);
}

static void append_part(struct buf *path, const char *part)
{
	if (!part)
		return;
	if (path->len)
		buf_append_byte(path, '/');
	buf_append_str(path, part);
}

const char *dwarf_lines_path(const struct dwarf_line_program *program, uint32_t number,
			     struct buf *path)
{
	const struct dwarf_line_file *file;
	const char *directory = NULL;

	if (number >= program->files.len || !program->files.items[number].name)
		return NULL;
	file = &program->files.items[number];
	if (file->directory < program->directories.len)
		directory = program->directories.items[file->directory];
	buf_clear(path);
	if (file->name[0] != '/') {
		if ((!directory || directory[0] != '/') && directory != program->directory)
			append_part(path, program->directory);
		append_part(path, directory);
	}
	append_part(path, file->name);
	buf_append_byte(path, '\0');
	return buf_error(path) ? NULL : (const char *)path->data;
}

/* ---- program ---- */

static int end_sequence(struct machine *machine, uint64_t end_address)
{
	struct sequence sequence = {machine->first, machine->draft->rows.len, end_address};
	const struct unit_draft_row *first = &machine->draft->rows.items[sequence.first];

	if (sequence.first == sequence.limit)
		return 0;
	machine->first = sequence.limit;
	if (first->address == 0 || !elf_file_is_code(machine->elf, first->address)) {
		machine->draft->rows.len = machine->first = sequence.first;
		return 0;
	}
	return vec_push(&machine->sequences, sequence);
}

/* Of rows with one address the last counts; a row that says what the one before does is none. */
static int add_row(struct machine *machine)
{
	struct unit_draft *draft = machine->draft;
	struct unit_draft_row *last =
		draft->rows.len > machine->first ? vec_last(&draft->rows) : NULL;
	int r;

	if (last && machine->row.address < last->address) {
		r = end_sequence(machine, last->address);
		if (r < 0)
			return r;
		last = NULL;
	}
	if (last && last->address == machine->row.address) {
		*last = machine->row;
		return 0;
	}
	if (last && last->file == machine->row.file && last->line == machine->row.line)
		return 0;
	return vec_push(&draft->rows, machine->row);
}

static void reset(struct machine *machine)
{
	machine->row = (struct unit_draft_row){.file = 1, .line = 1};
}

static int run_extended(struct machine *machine, struct byte_reader *code)
{
	struct byte_reader operand = *code;
	uint64_t len = read_uleb(&operand);
	uint64_t end_address = machine->row.address;

	*code = operand;
	if (!reader_skip(code, len) || len == 0)
		return 0;
	operand.end = code->at;
	switch (read_u8(&operand)) {
	case DW_LNE_end_sequence:
		reset(machine);
		return end_sequence(machine, end_address);
	case DW_LNE_set_address:
		machine->row.address =
			read_fixed(&operand, MIN(reader_left(&operand), sizeof(uint64_t)));
		return 0;
	default:
		return 0;
	}
}

static void advance(struct machine *machine, uint64_t instructions)
{
	machine->row.address += instructions * machine->program->min_instruction_len;
}

static int run_standard(struct machine *machine, uint8_t opcode, struct byte_reader *code)
{
	switch (opcode) {
	case DW_LNS_copy:
		return add_row(machine);
	case DW_LNS_advance_pc:
		advance(machine, read_uleb(code));
		return 0;
	case DW_LNS_advance_line:
		machine->row.line += (uint32_t)read_sleb(code);
		return 0;
	case DW_LNS_set_file:
		machine->row.file = (uint32_t)read_uleb(code);
		return 0;
	case DW_LNS_const_add_pc:
		advance(machine, machine->steps[255].instructions);
		return 0;
	case DW_LNS_fixed_advance_pc:
		machine->row.address += read_fixed(code, 2);
		return 0;
	default:
		for (uint8_t i = 0; i < machine->program->opcode_lengths[opcode - 1]; i++)
			read_uleb(code);
		return 0;
	}
}

static int run_special(struct machine *machine, uint8_t opcode)
{
	advance(machine, machine->steps[opcode].instructions);
	machine->row.line += (uint32_t)machine->steps[opcode].lines;
	return add_row(machine);
}

static void prepare_steps(struct machine *machine)
{
	const struct dwarf_line_program *program = machine->program;

	for (unsigned int opcode = program->opcode_base; opcode < 256; opcode++) {
		unsigned int adjusted = opcode - program->opcode_base;

		machine->steps[opcode] = (struct step){
			(uint8_t)(adjusted / program->line_range),
			(int16_t)(program->line_base + (int)(adjusted % program->line_range))};
	}
}

static int run_code(struct machine *machine)
{
	struct byte_reader code = machine->program->code;
	int r = 0;

	prepare_steps(machine);
	reset(machine);
	while (r == 0 && !code.failed && reader_left(&code)) {
		uint8_t opcode = read_u8(&code);

		if (opcode == 0)
			r = run_extended(machine, &code);
		else if (opcode >= machine->program->opcode_base)
			r = run_special(machine, opcode);
		else
			r = run_standard(machine, opcode, &code);
	}
	machine->draft->rows.len = machine->first; /* a sequence that never ended */
	return r;
}

/* ---- sorting ---- */

static int compare_sequences(const void *left, const void *right, void *rows)
{
	const struct sequence *a = left, *b = right;
	uint64_t a_start = ((const struct unit_draft_row *)rows)[a->first].address;
	uint64_t b_start = ((const struct unit_draft_row *)rows)[b->first].address;

	if (a_start != b_start)
		return a_start < b_start ? -1 : 1;
	return (a->first > b->first) - (a->first < b->first);
}

/* Where two sequences overlap, which compilers do not write, the first in the order of starts wins. */
static int append_sequence(const struct machine *machine, const struct sequence *sequence,
			   struct unit_draft *sorted)
{
	const struct unit_draft_row gap = {sequence->end_address, UNIT_INDEX_NONE, 0};
	struct unit_draft_row *last = sorted->rows.len ? vec_last(&sorted->rows) : NULL;

	if (last && machine->draft->rows.items[sequence->first].address == last->address)
		sorted->rows.len--; /* no gap */
	for (size_t i = sequence->first; i < sequence->limit; i++) {
		const struct unit_draft_row *row = &machine->draft->rows.items[i];

		if (last && row->address < last->address)
			continue;
		if (vec_push(&sorted->rows, *row) < 0)
			return -ENOMEM;
		last = NULL;
	}
	return last ? 0 : vec_push(&sorted->rows, gap);
}

static int sort_sequences(struct machine *machine)
{
	struct unit_draft sorted = {0};
	int r = vec_reserve(&sorted.rows, machine->draft->rows.len + machine->sequences.len);

	if (machine->sequences.len == 0)
		return r;
	qsort_r(machine->sequences.items, machine->sequences.len, sizeof(struct sequence),
		compare_sequences, machine->draft->rows.items);
	for (size_t i = 0; i < machine->sequences.len && r == 0; i++)
		r = append_sequence(machine, &machine->sequences.items[i], &sorted);
	vec_free(&machine->draft->rows);
	machine->draft->rows.items = sorted.rows.items;
	machine->draft->rows.len = sorted.rows.len;
	machine->draft->rows.cap = sorted.rows.cap;
	return r;
}

int dwarf_lines_run(struct dwarf_line_program *program, const struct elf_file *elf,
		    struct unit_draft *draft)
{
	struct machine machine = {.program = program, .elf = elf, .draft = draft};
	int r = vec_reserve(&draft->rows, MIN(reader_left(&program->code) / 4, ROWS_FIRST));

	if (r == 0)
		r = run_code(&machine);
	if (r == 0)
		r = sort_sequences(&machine);
	vec_free(&machine.sequences);
	return r;
}
