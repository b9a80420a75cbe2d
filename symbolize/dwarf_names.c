// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_names.h"

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <endian.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>

/*
 * Caps for one object. libdw reads all debug sections into memory as it opens a file, inflated.
 * Chromium's chrome is beyond them and falls back to its symbol table.
 */
#define DEBUG_LEN_MAX ((uint64_t)1024 * 1024 * 1024)
#define UNITS_MAX (256 * 1024)
#define UNIT_RANGES_MAX 65536
#define LINE_BYTES_MAX ((uint64_t)16 * 1024 * 1024) /* of the programs of units that are hit */
#define SCOPES_MAX ((uint64_t)8 * 1024 * 1024)
#define RANGES_MAX ((uint64_t)16 * 1024 * 1024)
/* A DIE without DW_AT_sibling is skipped by reading it, once for each DIE around it. */
#define WALKS_PER_BYTE 16

struct dwarf_names {
	struct dwarf_source source;
	VEC(struct dwarf_unit) units;
	struct intervals unit_ranges; /* value: the unit */
	VEC(char *) copies;           /* of sections, owned */
};

/* .zdebug_*: "ZLIB", the length when inflated (big-endian), the data. */
static uint64_t old_compressed_len(const struct elf_file *file, const GElf_Shdr *header)
{
	Elf_Data *data;
	uint64_t len;

	if (header->sh_size < 12)
		return header->sh_size;
	data = elf_getdata_rawchunk(file->elf, (int64_t)header->sh_offset, 12, ELF_T_BYTE);
	if (!data || memcmp(data->d_buf, "ZLIB", 4) != 0)
		return header->sh_size;
	memcpy(&len, (const char *)data->d_buf + 4, sizeof(len));
	return be64toh(len);
}

/* How much memory libdw would take for this section. */
static uint64_t loaded_len(const struct elf_file *file, struct Elf_Scn *section, const char *name)
{
	GElf_Shdr header;
	GElf_Chdr compressed;

	if (!gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS)
		return 0;
	if (strncmp(name, ".z", 2) == 0)
		return old_compressed_len(file, &header);
	if (!(header.sh_flags & SHF_COMPRESSED))
		return header.sh_size;
	return gelf_getchdr(section, &compressed) ? compressed.ch_size : DEBUG_LEN_MAX;
}

/* What libdw will load: 0, -ENODATA without .debug_info, -ENOTSUP, -EFBIG over the cap. */
static int check_sections(const struct elf_file *file, uint64_t *ret_info_len)
{
	struct Elf_Scn *section = NULL;
	uint64_t info_len = 0, total_len = 0, len;
	size_t names;
	GElf_Shdr header;

	if (elf_getshdrstrndx(file->elf, &names) < 0)
		return -ENODATA;
	while ((section = elf_nextscn(file->elf, section))) {
		const char *name = gelf_getshdr(section, &header) ?
					   elf_strptr(file->elf, names, header.sh_name) :
					   NULL;

		if (!name || !strstr(name, "debug"))
			continue;
		if (strcmp(name, ".gnu_debugaltlink") == 0)
			return -ENOTSUP;
		len = loaded_len(file, section, name);
		if (len > DEBUG_LEN_MAX || total_len + len > DEBUG_LEN_MAX)
			return -EFBIG;
		total_len += len;
		if (strcmp(name, ".debug_info") == 0 || strcmp(name, ".zdebug_info") == 0)
			info_len = len;
	}
	*ret_info_len = info_len;
	return info_len ? 0 : -ENODATA;
}

static int add_unit_ranges(struct dwarf_names *names, Dwarf_Die *die, uint32_t number)
{
	Dwarf_Addr base, start, limit;
	ptrdiff_t position = 0;

	for (int i = 0; i < UNIT_RANGES_MAX; i++) {
		struct interval range = {.value = number};

		position = dwarf_ranges(die, position, &base, &start, &limit);
		if (position <= 0)
			return 0;
		if (start == 0 || !elf_file_is_code(names->source.file, start))
			continue;
		range.start = start;
		range.limit = limit;
		if (intervals_add(&names->unit_ranges, range) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* A unit that does not say where its code is covers what its functions cover. */
static int add_function_ranges(struct dwarf_names *names, uint32_t number)
{
	struct dwarf_unit *unit = &names->units.items[number];
	int r = dwarf_unit_build(&names->source, unit);

	if (r < 0)
		return r;
	vec_for_each(&unit->ranges.list, function) {
		struct interval range = *function;

		range.value = number;
		range.depth = 0;
		if (intervals_add(&names->unit_ranges, range) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int add_unit(struct dwarf_names *names, Dwarf_Die *die)
{
	struct dwarf_unit unit = {.die_offset = dwarf_dieoffset(die)};
	uint32_t number = (uint32_t)names->units.len;

	if (vec_push(&names->units, unit) < 0)
		return -ENOMEM;
	if (dwarf_hasattr(die, DW_AT_low_pc) || dwarf_hasattr(die, DW_AT_ranges))
		return add_unit_ranges(names, die, number);
	if (dwarf_hasattr(die, DW_AT_stmt_list))
		return add_function_ranges(names, number);
	return 0;
}

static int index_units(struct dwarf_names *names)
{
	Dwarf_CU *cursor = NULL;
	uint8_t type;
	Dwarf_Die die;

	/* with NULL for the split unit, which libdw would have to open */
	while (dwarf_get_units(names->source.dwarf, cursor, &cursor, NULL, &type, &die, NULL) ==
	       0) {
		if (names->units.len >= UNITS_MAX) {
			names->source.cut_cnt++;
			break;
		}
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		if (add_unit(names, &die) < 0)
			return -ENOMEM;
	}
	return intervals_seal(&names->unit_ranges);
}

/*
 * libdw takes strings inside DIEs and line tables for terminated, and would read on behind a section
 * that ends in the middle of one. It gets a copy with a NUL behind it: libdw keeps no other pointer
 * to the bytes than this Elf_Data, as nothing has been parsed yet. .debug_info ends in a NUL anyway.
 */
static int terminate(struct dwarf_names *names, Elf_Data *data)
{
	char *copy;

	if (((const char *)data->d_buf)[data->d_size - 1] == '\0')
		return 0;
	copy = malloc(data->d_size + 1);
	if (!copy || vec_push(&names->copies, copy) < 0) {
		free(copy);
		return -ENOMEM;
	}
	memcpy(copy, data->d_buf, data->d_size);
	copy[data->d_size] = '\0';
	data->d_buf = copy;
	return 0;
}

/* A section that libdw has loaded, and inflated in place; under its old compressed name too. */
static int take_section(struct dwarf_names *names, const char *name, struct dwarf_bytes *ret_bytes)
{
	const struct elf_file *file = names->source.file;
	struct Elf_Scn *section = elf_file_section(file, name, 0);
	char old_name[32];
	Elf_Data *data;

	if (!section) {
		snprintf(old_name, sizeof(old_name), ".z%s", name + 1);
		section = elf_file_section(file, old_name, 0);
	}
	data = section ? elf_getdata(section, NULL) : NULL;
	if (!data || !data->d_buf || data->d_size == 0)
		return 0;
	if (terminate(names, data) < 0)
		return -ENOMEM;
	*ret_bytes = (struct dwarf_bytes){data->d_buf, data->d_size};
	return 0;
}

static int open_dwarf(const struct elf_file *file, uint64_t info_len, struct dwarf_names *names)
{
	static const char *const texts[DWARF_TEXTS_MAX] = {".debug_str", ".debug_line_str",
							   ".debug_info", ".debug_types"};
	struct dwarf_source *source = &names->source;

	source->file = file;
	source->dwarf = dwarf_begin_elf(file->elf, DWARF_C_READ, NULL);
	if (!source->dwarf)
		return -ENOEXEC;
	if (take_section(names, ".debug_line", &source->lines) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < DWARF_TEXTS_MAX; i++)
		if (take_section(names, texts[i], &source->texts[i]) < 0)
			return -ENOMEM;
	source->budget = (struct dwarf_budget){
		.die_bytes = info_len * WALKS_PER_BYTE,
		.line_bytes = LINE_BYTES_MAX,
		.scope_cnt = SCOPES_MAX,
		.range_cnt = RANGES_MAX,
	};
	return index_units(names);
}

int dwarf_names_open(const struct elf_file *file, struct dwarf_names **ret_names)
{
	struct dwarf_names *names;
	uint64_t info_len;
	int r = check_sections(file, &info_len);

	if (r < 0)
		return r;
	names = calloc(1, sizeof(*names));
	if (!names)
		return -ENOMEM;
	r = open_dwarf(file, info_len, names);
	if (r < 0) {
		dwarf_names_close(names);
		return r;
	}
	*ret_names = names;
	return 0;
}

struct dwarf_names *dwarf_names_close(struct dwarf_names *names)
{
	if (!names)
		return NULL;
	vec_for_each(&names->units, unit)
		dwarf_unit_free(unit);
	vec_free(&names->units);
	intervals_free(&names->unit_ranges);
	dwarf_end(names->source.dwarf);
	vec_for_each(&names->copies, copy)
		free(*copy);
	vec_free(&names->copies);
	free(names);
	return NULL;
}

uint64_t dwarf_names_cut_count(const struct dwarf_names *names)
{
	return names->source.cut_cnt;
}

static struct dwarf_unit *find_unit(struct dwarf_names *names, uint64_t address)
{
	const struct interval *range = intervals_find(&names->unit_ranges, address);
	struct dwarf_unit *unit;

	if (!range)
		return NULL;
	unit = &names->units.items[range->value];
	if (!unit->is_built && dwarf_unit_build(&names->source, unit) < 0)
		dwarf_unit_free(unit); /* stays built, and empty */
	return unit;
}

static void name_frame(struct dwarf_names *names, struct dwarf_scope *scope,
		       struct dwarf_frame *frame)
{
	dwarf_scope_resolve(&names->source, scope);
	frame->linkage_name = scope->linkage_name;
	frame->plain_name = scope->plain_name;
	frame->start_line = scope->start_line;
}

/*
 * From the innermost scope outwards: each frame has its own depth for its place, and the line of a
 * frame is where the one inside it is called.
 */
static void fill_chain(struct dwarf_names *names, const struct dwarf_unit *unit, uint32_t innermost,
		       struct dwarf_chain *chain)
{
	struct dwarf_scope *scope = &unit->scopes.items[innermost];
	struct dwarf_frame *frame = &chain->frames[scope->depth];

	chain->len = (size_t)scope->depth + 1;
	*frame = chain->frames[0]; /* the line found for the address */
	name_frame(names, scope, frame);
	while (scope->parent != DWARF_SCOPE_NONE) {
		frame--;
		frame->file = dwarf_unit_file(unit, scope->call_file);
		frame->line = scope->call_line;
		frame->directory = unit->directory;
		scope = &unit->scopes.items[scope->parent];
		name_frame(names, scope, frame);
	}
}

bool dwarf_names_find(struct dwarf_names *names, uint64_t address, struct dwarf_chain *ret_chain)
{
	struct dwarf_unit *unit = find_unit(names, address);
	const struct interval *range = unit ? intervals_find(&unit->ranges, address) : NULL;
	struct dwarf_frame *code = &ret_chain->frames[0];
	bool has_line;

	if (!unit)
		return false;
	*code = (struct dwarf_frame){.directory = unit->directory};
	has_line = dwarf_unit_find_line(unit, address, &code->file, &code->line);
	if (!range && !has_line)
		return false;
	ret_chain->len = 1;
	if (range)
		fill_chain(names, unit, range->value, ret_chain);
	return true;
}
