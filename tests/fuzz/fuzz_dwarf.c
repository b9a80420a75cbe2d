// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as the debug sections of a program: nine lengths of 16 bits, then the sections, in the
 * order of enum dwarf_section. What has a common file of dwz's is the odd half of the inputs: it is
 * then its own. All units are built and asked.
 */
#include "symbolize/dwarf_names.h"

#include <string.h>

#define CODE_START 0x1000
#define CODE_LEN 0x100000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take_sections(struct dwarf_file *file, const uint8_t *data, size_t len)
{
	struct byte_reader lengths = byte_reader_of(data, MIN(len, (size_t)18));
	struct byte_reader bytes = byte_reader_of(data, len);

	reader_skip(&bytes, 18);
	for (size_t i = 0; i < DWARF_SECTION_COUNT; i++) {
		struct elf_bytes *section = &file->sections[i];

		section->len = MIN(read_fixed(&lengths, 2), reader_left(&bytes));
		if (section->len == 0)
			continue;
		section->owned = malloc(section->len);
		if (!section->owned)
			abort();
		memcpy(section->owned, reader_skip(&bytes, section->len), section->len);
		section->start = section->owned;
		section->text_len = section->len;
		while (section->text_len && section->start[section->text_len - 1])
			section->text_len--;
	}
}

static struct dwarf_file *make(const uint8_t *data, size_t len)
{
	struct dwarf_file *file = calloc(1, sizeof(*file));

	if (!file)
		abort();
	take_sections(file, data, len);
	if (dwarf_file_find_units(file) < 0)
		return dwarf_file_close(file);
	return file;
}

static void ask(struct unit_names *names)
{
	struct unit_chain chain;
	size_t total = 0;

	for (uint64_t at = 0; at < 0x4000; at += 13) {
		if (!unit_names_find(names, CODE_START + at, &chain))
			continue;
		if (chain.len == 0 || chain.len > UNIT_INDEX_DEPTH_MAX)
			abort();
		for (size_t i = 0; i < chain.len; i++)
			total += chain.frames[i].file ? strlen(chain.frames[i].file) : 0;
	}
	if (total == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct elf_file elf = {.fd = -1};
	struct elf_segment code = {.address = CODE_START, .file_len = CODE_LEN};
	struct dwarf_file *dwarf = make(data, len);
	struct debug_place files = {0};
	struct dwarf_place place = {&elf, &files};
	struct unit_names *names;

	if (!dwarf || vec_push(&elf.segments, code) < 0)
		return 0;
	if (len % 2)
		dwarf->alternate = make(data, len);
	if (dwarf_names_open(&place, dwarf, &names) == 0) {
		ask(names);
		unit_names_close(names);
	}
	vec_free(&elf.segments);
	return 0;
}
