// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any file as the .dwo or .dwp file of a skeleton unit: the input is the version of the skeleton (a byte,
 * odd: 5, else 4), its identity (8 bytes), and the file. The unit is built and asked.
 */
#include "base/fs.h"
#include "symbolize/dwarf_names.h"

#include <dwarf.h>
#include <string.h>
#include <sys/mman.h>

#define CODE_START 0x1000
#define CODE_LEN 0x100000
#define ADDRESS_CNT 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct given {
	const uint8_t *data;
	size_t len;
};

static int open_given(void *ctx, uint32_t owner, const char *path)
{
	const struct given *given = ctx;
	int fd = memfd_create("split", MFD_CLOEXEC);

	(void)path;
	(void)owner;
	if (fd < 0 || fs_write_all(fd, given->data, given->len) < 0)
		abort();
	return fd;
}

static void put(struct buf *out, uint64_t number, size_t len)
{
	buf_append(out, &number, len);
}

static void take(struct buf *from, struct elf_bytes *bytes)
{
	if (buf_error(from))
		abort();
	bytes->len = bytes->text_len = from->len;
	bytes->start = bytes->owned = TAKE_PTR(from->data);
	while (bytes->text_len && bytes->start[bytes->text_len - 1])
		bytes->text_len--;
	buf_free(from);
}

static void put_abbrev(struct buf *out, bool is_old)
{
	uint64_t attributes[][2] = {
		{is_old ? DW_AT_GNU_dwo_name : DW_AT_dwo_name, DW_FORM_string},
		{is_old ? DW_AT_GNU_addr_base : DW_AT_addr_base, DW_FORM_sec_offset},
		{is_old ? DW_AT_GNU_dwo_id : DW_AT_decl_line, DW_FORM_data8},
		{DW_AT_low_pc, DW_FORM_addr},
		{DW_AT_high_pc, DW_FORM_data8},
		{0, 0},
	};

	buf_append_varint(out, 1);
	buf_append_varint(out, is_old ? DW_TAG_compile_unit : DW_TAG_skeleton_unit);
	buf_append_byte(out, DW_CHILDREN_no);
	for (size_t i = 0; i < ARRAY_SIZE(attributes); i++) {
		buf_append_varint(out, attributes[i][0]);
		buf_append_varint(out, attributes[i][1]);
	}
	buf_append_byte(out, 0);
}

static void put_unit(struct buf *out, bool is_old, uint64_t id)
{
	put(out, is_old ? 4 : 5, 2);
	if (!is_old) {
		put(out, DW_UT_skeleton, 1);
		put(out, 8, 1);
	}
	put(out, 0, 4);
	if (is_old)
		put(out, 8, 1);
	else
		put(out, id, 8);
	buf_append_varint(out, 1);
	buf_append(out, "x.dwo", sizeof("x.dwo"));
	put(out, 0, 4);
	put(out, id, 8);
	put(out, CODE_START, 8);
	put(out, CODE_LEN, 8);
}

static struct dwarf_file *make_skeleton(bool is_old, uint64_t id)
{
	struct buf unit = {0}, info = {0}, abbrev = {0}, addresses = {0};
	struct dwarf_file *file = calloc(1, sizeof(*file));

	if (!file)
		abort();
	put_unit(&unit, is_old, id);
	put(&info, unit.len, 4);
	buf_append(&info, unit.data, unit.len);
	buf_free(&unit);
	put_abbrev(&abbrev, is_old);
	for (uint64_t i = 0; i < ADDRESS_CNT; i++)
		put(&addresses, CODE_START + i * 0x20, 8);
	take(&info, &file->sections[DWARF_INFO]);
	take(&abbrev, &file->sections[DWARF_ABBREV]);
	take(&addresses, &file->sections[DWARF_ADDR]);
	if (dwarf_file_find_units(file) < 0 || file->units.len != 1)
		abort();
	return file;
}

static void ask(struct unit_names *names)
{
	struct unit_chain chain;
	size_t total = 0;

	for (uint64_t at = 0; at < 0x2000; at += 5) {
		if (!unit_names_find(names, CODE_START + at, &chain))
			continue;
		if (chain.len == 0 || chain.len > UNIT_INDEX_DEPTH_MAX)
			abort();
		for (size_t i = 0; i < chain.len; i++)
			total +=
				chain.frames[i].plain_name ? strlen(chain.frames[i].plain_name) : 0;
	}
	if (total == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct elf_segment code = {.address = CODE_START, .file_len = CODE_LEN};
	struct byte_reader reader = byte_reader_of(data, len);
	uint8_t version = read_u8(&reader);
	uint64_t id = read_fixed(&reader, 8);
	struct given given = {reader.at, reader_left(&reader)};
	struct debug_place files = {.object_path = "/object", .open = open_given, .ctx = &given};
	struct elf_file elf = {.fd = -1};
	struct dwarf_place place = {&elf, &files};
	struct unit_names *names;

	if (reader.failed || vec_push(&elf.segments, code) < 0)
		return 0;
	if (dwarf_names_open(&place, make_skeleton(version % 2 == 0, id), &names) == 0) {
		ask(names);
		unit_names_close(names);
	}
	vec_free(&elf.segments);
	return 0;
}
