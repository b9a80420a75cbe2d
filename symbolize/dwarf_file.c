// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/dwarf_file.h"

#include <dwarf.h>
#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>

#define UNITS_MAX (1024 * 1024) /* Chromium has some 40,000 */
#define UNIT_HEADER_LEN_MAX 64
#define ROOT_LEN 1024                          /* of nearly all root entries */
#define READ_LEN_MAX ((size_t)8 * 1024 * 1024) /* of a section, until it is forgotten */

static int load_sections(const struct elf_file *elf, bool is_split, uint64_t *budget,
			 struct dwarf_file *file)
{
	static const char *const names[DWARF_SECTION_COUNT] = {
		[DWARF_INFO] = ".debug_info",
		[DWARF_ABBREV] = ".debug_abbrev",
		[DWARF_LINE] = ".debug_line",
		[DWARF_STR] = ".debug_str",
		[DWARF_LINE_STR] = ".debug_line_str",
		[DWARF_RANGES] = ".debug_ranges",
		[DWARF_RNGLISTS] = ".debug_rnglists",
		[DWARF_ADDR] = ".debug_addr",
		[DWARF_STR_OFFSETS] = ".debug_str_offsets",
	};
	char name[32];

	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++) {
		bool is_in_parts = !is_split && (i == DWARF_INFO || i == DWARF_LINE);
		int r;

		snprintf(name, sizeof(name), "%s%s", names[i], is_split ? ".dwo" : "");
		r = (is_in_parts ? elf_section_open : elf_section_load)(elf, name, budget,
									&file->sections[i]);
		if (r < 0)
			return r;
		if (i == DWARF_INFO && file->sections[i].len == 0)
			return -ENODATA;
	}
	return 0;
}

/* Behind the address size: what DWARF 5 put into the headers of some units. */
static void read_unit_extras(struct byte_reader *reader, struct dwarf_cu *cu)
{
	if (cu->type == DW_UT_skeleton || cu->type == DW_UT_split_compile)
		cu->dwo_id = read_fixed(reader, 8);
	if (cu->type == DW_UT_type || cu->type == DW_UT_split_type)
		reader_skip(reader, 8 + (uint64_t)cu->sizes.offset);
}

static bool read_unit_header(const struct dwarf_file *file, uint64_t offset,
			     struct dwarf_cu *ret_cu)
{
	const struct elf_bytes *info = &file->sections[DWARF_INFO];
	struct byte_reader reader = elf_section_part(
		info, offset, MIN(info->len - offset, (size_t)UNIT_HEADER_LEN_MAX));
	struct dwarf_cu cu = {.offset = offset, .sizes.offset = 4, .type = DW_UT_compile};
	uint64_t len = read_fixed(&reader, 4);

	if (len == UINT32_MAX) {
		len = read_fixed(&reader, 8);
		cu.sizes.offset = 8;
	}
	cu.limit = (uint64_t)(reader.at - info->start);
	if (reader.failed || len > info->len - cu.limit)
		return false;
	cu.limit += len;
	reader.end = reader.at + MIN(len, (uint64_t)reader_left(&reader));
	cu.sizes.version = (uint8_t)read_fixed(&reader, 2);
	if (cu.sizes.version >= 5) {
		cu.type = read_u8(&reader);
		cu.sizes.address = read_u8(&reader);
		cu.abbrev_offset = read_fixed(&reader, cu.sizes.offset);
		read_unit_extras(&reader, &cu);
	} else {
		cu.abbrev_offset = read_fixed(&reader, cu.sizes.offset);
		cu.sizes.address = read_u8(&reader);
	}
	cu.root_offset = (uint64_t)(reader.at - info->start);
	*ret_cu = cu;
	return !reader.failed;
}

/* Units of a version or address size that does not exist stay unknown; those behind them do not. */
int dwarf_file_find_units(struct dwarf_file *file)
{
	struct dwarf_cu cu;
	uint64_t offset = 0;

	while (offset < file->sections[DWARF_INFO].len && read_unit_header(file, offset, &cu)) {
		offset = cu.limit;
		cu.file = file;
		if (cu.sizes.version < 2 || cu.sizes.version > 5 ||
		    (cu.sizes.address != 4 && cu.sizes.address != 8))
			continue;
		if (file->units.len >= UNITS_MAX)
			return -EFBIG;
		if (vec_push(&file->units, cu) < 0)
			return -ENOMEM;
	}
	return 0;
}

static bool is_little_endian(const struct elf_file *elf)
{
	const char *ident = elf_getident(elf->elf, NULL);

	return ident && ident[EI_DATA] == ELFDATA2LSB;
}

static int open_file(const struct elf_file *elf, bool is_split, uint64_t *budget,
		     struct dwarf_file **ret_file)
{
	struct dwarf_file *file;
	int r;

	if (!is_little_endian(elf))
		return -ENOEXEC;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	r = load_sections(elf, is_split, budget, file);
	if (r == 0)
		r = dwarf_file_find_units(file);
	if (r < 0) {
		dwarf_file_close(file);
		return r;
	}
	*ret_file = file;
	return 0;
}

int dwarf_file_open(const struct elf_file *elf, uint64_t budget, struct dwarf_file **ret_file)
{
	return open_file(elf, false, &budget, ret_file);
}

int dwarf_file_open_split(const struct elf_file *elf, uint64_t *budget,
			  struct dwarf_file **ret_file)
{
	return open_file(elf, true, budget, ret_file);
}

struct dwarf_file *dwarf_file_close(struct dwarf_file *file)
{
	if (!file)
		return NULL;
	dwarf_file_close(file->alternate);
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++)
		elf_section_free(&file->sections[i]);
	dwarf_abbrevs_free(&file->abbrevs);
	vec_free(&file->units);
	free(file);
	return NULL;
}

bool dwarf_file_holds_files(const struct dwarf_file *file)
{
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++)
		if (file->sections[i].pages && file->sections[i].pages->fd >= 0)
			return true;
	return file->alternate && dwarf_file_holds_files(file->alternate);
}

void dwarf_file_load(struct dwarf_file *file)
{
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++)
		if (file->sections[i].pages)
			section_pages_load(file->sections[i].pages);
	if (file->alternate)
		dwarf_file_load(file->alternate);
}

void dwarf_file_trim(struct dwarf_file *file)
{
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++) {
		struct section_pages *pages = file->sections[i].pages;

		if (pages && pages->loaded_len > READ_LEN_MAX)
			section_pages_drop(pages);
	}
	if (file->alternate)
		dwarf_file_trim(file->alternate);
}

struct byte_reader dwarf_cu_reader(const struct dwarf_file *file, const struct dwarf_cu *cu,
				   uint64_t offset)
{
	if (offset < cu->root_offset || offset >= cu->limit)
		return (struct byte_reader){.failed = true};
	return elf_section_part(&file->sections[DWARF_INFO], offset, cu->limit - offset);
}

const struct dwarf_abbrev *dwarf_next_abbrev(const struct dwarf_cu *cu, struct byte_reader *reader)
{
	uint64_t code = read_uleb(reader);
	const struct dwarf_abbrev *abbrev;

	if (code == 0)
		return NULL;
	abbrev = dwarf_abbrev_find(cu->abbrevs, code);
	if (!abbrev)
		reader_skip(reader, UINT64_MAX);
	return abbrev;
}

/* The first string offset stands behind a header, which a unit without the attribute means. */
static void take_bases(struct dwarf_cu *cu, const struct dwarf_die *root)
{
	uint64_t header_len = cu->sizes.offset == 8 ? 16 : 8;

	cu->str_offsets_base = cu->split.str_offsets + (cu->sizes.version >= 5 ? header_len : 0);
	if (cu->is_split)
		cu->rnglists_base = cu->split.rnglists + header_len + 4;
	if (dwarf_has(root, DWARF_STR_OFFSETS_BASE))
		cu->str_offsets_base = root->values[DWARF_STR_OFFSETS_BASE].number;
	if (dwarf_has(root, DWARF_ADDR_BASE))
		cu->addr_base = root->values[DWARF_ADDR_BASE].number;
	if (dwarf_has(root, DWARF_RNGLISTS_BASE))
		cu->rnglists_base = root->values[DWARF_RNGLISTS_BASE].number;
	if (dwarf_has(root, DWARF_RANGES_BASE))
		cu->ranges_base = root->values[DWARF_RANGES_BASE].number;
}

static struct dwarf_abbrev_place abbrev_place(const struct dwarf_file *file,
					      const struct dwarf_cu *cu)
{
	return (struct dwarf_abbrev_place){
		cu->abbrev_offset, cu->sizes,
		elf_section_reader(&file->sections[DWARF_ABBREV], cu->abbrev_offset)};
}

static bool read_root(struct dwarf_file *file, struct dwarf_cu *cu, uint64_t len,
		      struct dwarf_die *ret_root)
{
	struct byte_reader reader =
		elf_section_part(&file->sections[DWARF_INFO], cu->root_offset, len);
	uint64_t code = read_uleb(&reader);
	const struct dwarf_abbrev_table *own = cu->abbrevs;
	const struct dwarf_abbrev *abbrev;

	if (!own)
		cu->abbrevs = dwarf_abbrevs_get_for(&file->abbrevs, abbrev_place(file, cu), code);
	abbrev = cu->abbrevs && code ? dwarf_abbrev_find(cu->abbrevs, code) : NULL;
	if (abbrev)
		dwarf_read_die(cu, abbrev, &reader, ret_root);
	cu->abbrevs = own;
	return abbrev && !reader.failed;
}

/* Of units that are not needed yet no more is read than their root entry, as long as that is short. */
bool dwarf_cu_read_root(struct dwarf_file *file, struct dwarf_cu *cu, struct dwarf_die *ret_root)
{
	uint64_t len = cu->limit - cu->root_offset;

	ret_root->present = 0;
	if (!read_root(file, cu, MIN(len, (uint64_t)ROOT_LEN), ret_root) &&
	    !read_root(file, cu, len, ret_root))
		return false;
	take_bases(cu, ret_root);
	if (dwarf_has(ret_root, DWARF_LOW_PC))
		dwarf_address(file, cu, &ret_root->values[DWARF_LOW_PC], &cu->base_address);
	return true;
}

bool dwarf_cu_prepare(struct dwarf_file *file, struct dwarf_cu *cu, struct dwarf_die *ret_root)
{
	ret_root->present = 0;
	if (!cu->is_ready)
		cu->abbrevs = dwarf_abbrevs_get(&file->abbrevs, abbrev_place(file, cu));
	cu->is_ready = true;
	return cu->abbrevs && dwarf_cu_read_root(file, cu, ret_root);
}

struct dwarf_cu *dwarf_file_unit(struct dwarf_file *file, uint64_t offset)
{
	size_t low = 0, high = file->units.len;
	struct dwarf_die root;
	struct dwarf_cu *cu;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (file->units.items[middle].offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	cu = low ? &file->units.items[low - 1] : NULL;
	if (!cu || offset < cu->root_offset || offset >= cu->limit)
		return NULL;
	if (!cu->is_ready && !dwarf_cu_prepare(file, cu, &root))
		return NULL;
	return cu->abbrevs ? cu : NULL;
}
