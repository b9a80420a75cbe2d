// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_split.h"

#include <dwarf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define BYTES_MAX ((uint64_t)2 * 1024 * 1024 * 1024) /* of all files of an object together */
#define COLUMNS_MAX 16                               /* of an index; eight kinds are defined */

/* What columns of an index are of. The versions agree but for the last ones. */
#define COLUMN_INFO 1
#define COLUMN_ABBREV 3
#define COLUMN_STR_OFFSETS 6
#define COLUMN_RNGLISTS 8 /* .debug_macro in version 2 */

void dwarf_split_init(struct dwarf_split *split, const struct debug_place *place)
{
	*split = (struct dwarf_split){.place = *place, .budget = BYTES_MAX};
}

void dwarf_split_close(struct dwarf_split *split)
{
	dwarf_file_close(split->package);
	elf_section_free(&split->cu_index);
	elf_file_close(split->package_elf);
}

void dwarf_split_unit_close(struct dwarf_split_unit *unit)
{
	dwarf_file_close(unit->file);
	elf_file_close(unit->elf);
	*unit = (struct dwarf_split_unit){0};
}

/* ---- the index of a package ---- */

struct index {
	const struct elf_bytes *bytes;
	uint32_t version, column_cnt, unit_cnt, slot_cnt;
	uint64_t rows_at, offsets_at; /* numbers of rows, by slot; offsets, by row and column */
};

static bool open_index(const struct elf_bytes *bytes, struct index *ret_index)
{
	struct byte_reader reader = elf_section_reader(bytes, 0);
	struct index index = {.bytes = bytes};

	index.version = (uint32_t)read_fixed(&reader, 4) & UINT16_MAX; /* 16 bits and 0 since 5 */
	index.column_cnt = (uint32_t)read_fixed(&reader, 4);
	index.unit_cnt = (uint32_t)read_fixed(&reader, 4);
	index.slot_cnt = (uint32_t)read_fixed(&reader, 4);
	if (reader.failed || (index.version != 2 && index.version != 5) ||
	    index.column_cnt > COLUMNS_MAX || (index.slot_cnt & (index.slot_cnt - 1)))
		return false;
	index.rows_at = 16 + (uint64_t)index.slot_cnt * 8;
	index.offsets_at = index.rows_at + (uint64_t)index.slot_cnt * 4;
	*ret_index = index;
	return index.slot_cnt;
}

/* By open addressing; as many steps as there are slots lead through all of them. */
static uint32_t find_row(const struct index *index, uint64_t id)
{
	uint32_t mask = index->slot_cnt - 1, slot = (uint32_t)id & mask;
	uint32_t step = ((uint32_t)(id >> 32) & mask) | 1;
	const struct dwarf_table ids = {16, 8}, rows = {index->rows_at, 4};
	uint64_t found, row;

	for (uint32_t i = 0; i <= mask; i++) {
		if (!dwarf_table_entry(index->bytes, rows, slot, &row) || row == 0)
			return 0;
		if (dwarf_table_entry(index->bytes, ids, slot, &found) && found == id)
			return row <= index->unit_cnt ? (uint32_t)row : 0;
		slot = (slot + step) & mask;
	}
	return 0;
}

bool dwarf_split_find_row(const struct elf_bytes *cu_index, uint64_t dwo_id,
			  struct dwarf_split_row *ret_row)
{
	struct dwarf_split_row row = {0};
	struct dwarf_table numbers;
	struct index index;
	uint32_t number;

	if (!open_index(cu_index, &index))
		return false;
	number = find_row(&index, dwo_id);
	numbers = (struct dwarf_table){index.offsets_at, 4};
	for (uint32_t i = 0; number && i < index.column_cnt; i++) {
		uint64_t column, offset;

		if (!dwarf_table_entry(cu_index, numbers, i, &column) ||
		    !dwarf_table_entry(cu_index, numbers, (uint64_t)number * index.column_cnt + i,
				       &offset))
			return false;
		if (column == COLUMN_INFO)
			row.info = offset;
		else if (column == COLUMN_ABBREV)
			row.abbrev = offset;
		else if (column == COLUMN_STR_OFFSETS)
			row.str_offsets = offset;
		else if (column == COLUMN_RNGLISTS && index.version == 5)
			row.rnglists = offset;
	}
	*ret_row = row;
	return number;
}

/* ---- files ---- */

static int open_elf(struct dwarf_split *split, const char *path, struct elf_file **ret_elf)
{
	const struct debug_place *place = &split->place;
	int fd = place->open ? place->open(place->ctx, place->owner, path) : -1;
	int r;

	if (fd < 0)
		return -ENOENT;
	r = elf_file_open(fd, ret_elf);
	if (r < 0)
		close(fd);
	return r == 0 || r == -ENOMEM ? r : -ENOENT;
}

static void open_package(struct dwarf_split *split)
{
	char path[PATH_MAX];

	split->has_looked = true;
	if (!split->place.object_path ||
	    (size_t)snprintf(path, sizeof(path), "%s.dwp", split->place.object_path) >=
		    sizeof(path) ||
	    open_elf(split, path, &split->package_elf) < 0)
		return;
	if (elf_section_load(split->package_elf, ".debug_cu_index", &split->budget,
			     &split->cu_index) < 0 ||
	    dwarf_file_open_split(split->package_elf, &split->budget, &split->package) < 0)
		split->package = NULL;
	elf_file_release(split->package_elf);
}

/* Takes what only the skeleton has: addresses, and where the unit's ranges and addresses begin. */
static void take_from_skeleton(struct dwarf_cu *cu, const struct dwarf_cu *skeleton)
{
	static const enum dwarf_section shared[] = {DWARF_ADDR, DWARF_RANGES};

	for (size_t i = 0; i < ARRAY_SIZE(shared); i++) {
		struct elf_bytes *bytes = &cu->file->sections[shared[i]];

		elf_section_free(bytes);
		*bytes = skeleton->file->sections[shared[i]];
		bytes->owned = NULL;
		bytes->pages = NULL;
	}
	cu->is_split = true;
	cu->addr_base = skeleton->addr_base;
	cu->ranges_base = skeleton->ranges_base;
	cu->base_address = skeleton->base_address;
}

static uint64_t id_of(const struct dwarf_cu *cu, const struct dwarf_die *root)
{
	return dwarf_has(root, DWARF_DWO_ID) ? root->values[DWARF_DWO_ID].number : cu->dwo_id;
}

static int find_in_package(struct dwarf_split *split, const struct dwarf_cu *skeleton, uint64_t id,
			   struct dwarf_split_unit *ret_unit)
{
	struct dwarf_split_row row;
	struct dwarf_die root;

	if (!split->has_looked)
		open_package(split);
	if (!split->package || !dwarf_split_find_row(&split->cu_index, id, &row))
		return -ENOENT;
	vec_for_each(&split->package->units, cu) {
		if (cu->offset != row.info)
			continue;
		if (!cu->is_split)
			cu->abbrev_offset += row.abbrev;
		cu->split = (struct dwarf_split_bases){row.str_offsets, row.rnglists};
		take_from_skeleton(cu, skeleton);
		*ret_unit = (struct dwarf_split_unit){.cu = cu};
		return dwarf_cu_prepare(split->package, cu, &root) ? 0 : -ENOENT;
	}
	return -ENOENT;
}

/* The compile unit of a .dwo file with this identity; it may have type units, too. */
static struct dwarf_cu *find_in_file(struct dwarf_file *file, const struct dwarf_cu *skeleton,
				     uint64_t id)
{
	struct dwarf_die root;

	vec_for_each(&file->units, cu) {
		if (cu->type != DW_UT_compile && cu->type != DW_UT_split_compile)
			continue;
		take_from_skeleton(cu, skeleton);
		if (dwarf_cu_prepare(file, cu, &root) && id_of(cu, &root) == id)
			return cu;
	}
	return NULL;
}

struct wanted {
	const struct dwarf_cu *skeleton;
	uint64_t id;
};

static int try_file(struct dwarf_split *split, const char *path, const struct wanted *wanted,
		    struct dwarf_split_unit *ret_unit)
{
	_cleanup_(dwarf_split_unit_close) struct dwarf_split_unit unit = {0};
	int r = open_elf(split, path, &unit.elf);

	if (r == 0)
		r = dwarf_file_open_split(unit.elf, &split->budget, &unit.file);
	if (r < 0)
		return r == -ENODATA || r == -ENOEXEC ? -ENOENT : r;
	elf_file_release(unit.elf);
	unit.cu = find_in_file(unit.file, wanted->skeleton, wanted->id);
	if (!unit.cu)
		return -ENOENT;
	*ret_unit = TAKE(unit, (struct dwarf_split_unit){0});
	return 0;
}

/* Who opens files for us opens no others that objects name. */
static bool has_suffix(const char *name, const char *suffix)
{
	size_t len = strlen(name), suffix_len = strlen(suffix);

	return len > suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

/* Where the compiler put it, else beside the object: programs are moved together with these. */
static int find_file(struct dwarf_split *split, const struct dwarf_die *root,
		     const struct wanted *wanted, struct dwarf_split_unit *ret_unit)
{
	const struct dwarf_cu *cu = wanted->skeleton;
	const char *name = dwarf_text(cu->file, cu, &root->values[DWARF_DWO_NAME]);
	const char *directory = NULL, *object = split->place.object_path;
	const char *slash = object ? strrchr(object, '/') : NULL, *base;
	char path[PATH_MAX];
	int r = -ENOENT;

	if (!name || !has_suffix(name, ".dwo"))
		return -ENOENT;
	if (dwarf_has(root, DWARF_COMP_DIR))
		directory = dwarf_text(cu->file, cu, &root->values[DWARF_COMP_DIR]);
	if (*name == '/')
		directory = NULL;
	if ((size_t)snprintf(path, sizeof(path), "%s%s%s", directory ? directory : "",
			     directory ? "/" : "", name) < sizeof(path))
		r = try_file(split, path, wanted, ret_unit);
	base = strrchr(name, '/');
	if (r == 0 || r == -ENOMEM || !slash ||
	    (size_t)snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - object), object,
			     base ? base + 1 : name) >= sizeof(path))
		return r;
	return try_file(split, path, wanted, ret_unit);
}

int dwarf_split_open(struct dwarf_split *split, const struct dwarf_cu *skeleton,
		     const struct dwarf_die *root, struct dwarf_split_unit *ret_unit)
{
	struct wanted wanted = {skeleton, id_of(skeleton, root)};
	int r;

	if (!dwarf_has(root, DWARF_DWO_NAME))
		return -ENODATA;
	r = find_in_package(split, skeleton, wanted.id, ret_unit);
	return r == -ENOENT ? find_file(split, root, &wanted, ret_unit) : r;
}
