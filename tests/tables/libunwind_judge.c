// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/libunwind_view.h"
#include "tests/tables/table_judge.h"

#include <errno.h>
#include <libunwind.h>
#include <sys/mman.h>
#include <sys/param.h>

/*
 * What can be loaded anywhere is loaded this far up: libunwind takes address 0 for none. The machine's
 * memory is around it; that a random address hits the object is unlikely beyond worry.
 */
#define LIBRARY_BIAS (UINT64_C(1) << 40)

/* One row of a function; what it says is libunwind's own affair. */
struct row {
	uint64_t start, end; /* addresses in the file */
	size_t state;        /* where in `states` */
};

struct libunwind_judge {
	struct table_judge judge;
	struct libunwind_view view;
	unw_addr_space_t space;
	struct elf_image elf;
	struct image image;
	uint64_t bias; /* address - bias: as its program headers have it */
	struct search_table table;
	VEC(struct row) rows; /* of the function that was asked for last, ascending */
	struct buf states;
	bool refused; /* that function: it is known, and has rows that cannot be read */
};

static struct libunwind_judge *judge_of_view(struct libunwind_view *view)
{
	return (struct libunwind_judge *)((char *)view - offsetof(struct libunwind_judge, view));
}

/* ---- the view ---- */

static bool find_object_table(struct libunwind_view *view, uint64_t address,
			      struct search_table *ret_table)
{
	const struct libunwind_judge *libunwind = judge_of_view(view);

	*ret_table = libunwind->table;
	return address >= libunwind->table.start && address < libunwind->table.limit;
}

/* Of a segment's memory behind what is in the file, only zeros are known. */
static void read_segment(const struct image *image, const Elf64_Phdr *segment, uint64_t address,
			 uint64_t *ret_word)
{
	uint64_t begin = address - segment->p_vaddr, len = sizeof(*ret_word);

	*ret_word = 0;
	if (begin >= segment->p_filesz || segment->p_offset > image->len ||
	    begin > image->len - segment->p_offset)
		return;
	len = MIN(len, segment->p_filesz - begin);
	len = MIN(len, image->len - segment->p_offset - begin);
	memcpy(ret_word, image->bytes + segment->p_offset + begin, len);
}

static bool read_word(struct libunwind_view *view, uint64_t address, uint64_t *ret_word)
{
	const struct libunwind_judge *libunwind = judge_of_view(view);
	const struct image *image = &libunwind->image;
	uint64_t in_file = address - libunwind->bias;

	for (uint16_t i = 0; i < image->segments_len; i++) {
		const Elf64_Phdr *segment = &image->segments[i];

		if (segment->p_type != PT_LOAD || in_file < segment->p_vaddr ||
		    in_file - segment->p_vaddr >= segment->p_memsz)
			continue;
		read_segment(image, segment, in_file, ret_word);
		return true;
	}
	*ret_word = dwarf_word_at(address);
	return true;
}

/* ---- rows ---- */

static int add_row(void *ctx, void *state, size_t state_len, unw_word_t start, unw_word_t end)
{
	struct libunwind_judge *libunwind = ctx;
	struct row row = {start - libunwind->bias, end - libunwind->bias, libunwind->states.len};

	if (end <= start)
		return 0;
	buf_append(&libunwind->states, state, state_len);
	return vec_push(&libunwind->rows, row) < 0 || buf_error(&libunwind->states) ? -UNW_ENOMEM :
										      0;
}

static bool make_cursor(struct libunwind_judge *libunwind, struct dwarf_machine *machine,
			unw_cursor_t *cursor)
{
	machine->regs[UNWIND_REGISTER_RA] += libunwind->bias;
	libunwind->view.registers = machine->regs;
	return unw_init_remote(cursor, libunwind->space, &libunwind->view) == 0;
}

/* All rows of the function at an address; of a broken one, those before it breaks. */
static void load_rows(struct libunwind_judge *libunwind, struct dwarf_machine machine)
{
	unw_cursor_t cursor;
	int r;

	libunwind->rows.len = 0;
	libunwind->refused = false;
	buf_clear(&libunwind->states);
	if (!make_cursor(libunwind, &machine, &cursor))
		return;
	r = unw_reg_states_iterate(&cursor, add_row, libunwind);
	libunwind->refused = r < 0 && !libunwind->view.no_info;
}

static const struct row *find_row(const struct libunwind_judge *libunwind, uint64_t address)
{
	vec_for_each(&libunwind->rows, row) {
		if (address >= row->start && address < row->end)
			return row;
	}
	return NULL;
}

static struct unwind_step step_of_row(struct libunwind_judge *libunwind, const struct row *row,
				      struct dwarf_machine machine)
{
	struct unwind_step step = {.outcome = STEP_CALLER};
	unw_cursor_t cursor;
	int r = -UNW_EINVAL;

	if (make_cursor(libunwind, &machine, &cursor))
		r = unw_apply_reg_state(&cursor, libunwind->states.data + row->state);
	if (r < 0 || unw_get_reg(&cursor, UNW_X86_64_RSP, &step.cfa) < 0 ||
	    unw_get_reg(&cursor, UNW_REG_IP, &step.ra) < 0)
		return (struct unwind_step){.outcome = STEP_REFUSED};
	if (!step.ra)
		return (struct unwind_step){.outcome = STEP_STOP};
	step.fp_lost = unw_get_reg(&cursor, UNW_X86_64_RBP, &step.fp) < 0;
	step.bx_lost = unw_get_reg(&cursor, UNW_X86_64_RBX, &step.bx) < 0;
	return step;
}

static struct unwind_step step_by_libunwind(struct table_judge *judge,
					    const struct dwarf_machine *machine,
					    uint64_t *ret_row_end)
{
	struct libunwind_judge *libunwind = (struct libunwind_judge *)judge;
	uint64_t pc = machine->regs[UNWIND_REGISTER_RA];
	const struct row *row = find_row(libunwind, pc);
	struct unwind_step step;

	if (!row) {
		load_rows(libunwind, *machine);
		row = find_row(libunwind, pc);
	}
	if (!row)
		return (struct unwind_step){.outcome =
						    libunwind->refused ? STEP_REFUSED : STEP_NONE};
	step = step_of_row(libunwind, row, *machine);
	if (step.outcome != STEP_REFUSED)
		*ret_row_end = row->end;
	return step;
}

/* ---- opening ---- */

static void libunwind_judge_free(struct table_judge *judge)
{
	struct libunwind_judge *libunwind = (struct libunwind_judge *)judge;

	if (libunwind->space)
		unw_destroy_addr_space(libunwind->space);
	if (libunwind->image.bytes && !libunwind->elf.source.memory)
		munmap((void *)(uintptr_t)libunwind->image.bytes, libunwind->image.len);
	elf_image_close(&libunwind->elf);
	vec_free(&libunwind->rows);
	buf_free(&libunwind->states);
	free(libunwind);
}

static int open_object(struct libunwind_judge *libunwind, struct elf_source source)
{
	struct image *image = &libunwind->image;
	int r = elf_image_open(source, &libunwind->elf, NULL);
	void *bytes;

	if (r < 0)
		return r;
	image->len = libunwind->elf.len;
	image->segments = elf_image_segment(&libunwind->elf, 0);
	image->segments_len = (uint16_t)elf_image_segment_cnt(&libunwind->elf);
	if (source.memory) {
		image->bytes = source.memory;
		return 0;
	}
	bytes = mmap(NULL, image->len, PROT_READ, MAP_PRIVATE, source.fd, 0);
	if (bytes == MAP_FAILED)
		return -errno;
	image->bytes = bytes;
	return 0;
}

static bool is_anywhere(const struct image *image)
{
	return ((const Elf64_Ehdr *)(const void *)image->bytes)->e_type == ET_DYN;
}

static int open_judge(struct libunwind_judge *libunwind, struct elf_source source)
{
	int r = open_object(libunwind, source);

	if (r < 0)
		return r;
	libunwind->bias = is_anywhere(&libunwind->image) ? LIBRARY_BIAS : 0;
	libunwind->table.start = libunwind->bias;
	libunwind->table.limit = UINT64_MAX;
	if (!search_table_find(&libunwind->image, libunwind->bias, &libunwind->table))
		return -ENOEXEC;
	libunwind->space = libunwind_view_space();
	return libunwind->space ? 0 : -ENOMEM;
}

int libunwind_judge_new(struct elf_source source, struct table_judge **ret_judge)
{
	struct libunwind_judge *libunwind = calloc(1, sizeof(*libunwind));
	int r;

	if (!libunwind)
		return -ENOMEM;
	libunwind->judge = (struct table_judge){
		.name = "libunwind", .step = step_by_libunwind, .free = libunwind_judge_free};
	libunwind->view.find_table = find_object_table;
	libunwind->view.read_word = read_word;
	r = open_judge(libunwind, source);
	if (r < 0)
		libunwind_judge_free(&libunwind->judge);
	else
		*ret_judge = &libunwind->judge;
	return r;
}
