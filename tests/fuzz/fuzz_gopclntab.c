// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as a Go program's table of functions: 16 bits say how many of the first bytes describe
 * inlined calls, the rest is the table. All functions are indexed and asked for.
 */
#include "symbolize/go_names.h"

#include <string.h>

#define CODE_START 0x1000
#define CODE_LEN 0x100000
#define TREE_ADDRESS 0x9000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void take(struct elf_bytes *bytes, const uint8_t *data, size_t len)
{
	*bytes = (struct elf_bytes){.start = data, .len = len, .text_len = len};
	while (bytes->text_len && data[bytes->text_len - 1])
		bytes->text_len--;
}

static struct go_source *make(const struct elf_file *elf, const uint8_t *data, size_t len)
{
	struct byte_reader reader = byte_reader_of(data, len);
	size_t tree_len = read_fixed(&reader, 2);
	struct go_source *source;

	tree_len = MIN(tree_len, reader_left(&reader));
	source = go_names_source_new(elf);
	if (!source)
		abort();
	take(&source->rodata, reader.at, tree_len);
	take(&source->bytes, reader.at + tree_len, reader_left(&reader) - tree_len);
	source->rodata_address = TREE_ADDRESS;
	if (gopclntab_open(&source->bytes, &source->table) < 0) {
		source->base.close(&source->base);
		return NULL;
	}
	source->tree_base = source->table.layout >= GO_1_18 ? TREE_ADDRESS : 0;
	return source;
}

static void ask(struct unit_names *names)
{
	struct unit_chain chain;
	size_t total = 0;

	for (uint64_t at = 0; at < 0x1000; at += 7) {
		if (!unit_names_find(names, CODE_START + at, &chain))
			continue;
		if (chain.len == 0 || chain.len > UNIT_INDEX_DEPTH_MAX)
			abort();
		for (size_t i = 0; i < chain.len; i++) {
			total += chain.frames[i].file ? strlen(chain.frames[i].file) : 0;
			total +=
				chain.frames[i].plain_name ? strlen(chain.frames[i].plain_name) : 0;
		}
	}
	if (total == SIZE_MAX)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct elf_file elf = {.fd = -1};
	struct elf_segment code = {.address = CODE_START, .file_len = CODE_LEN};
	struct go_source *source;
	struct unit_names *names;

	if (len < 2 || vec_push(&elf.segments, code) < 0)
		return 0;
	source = make(&elf, data, len);
	if (source && go_names_index(source, &names) == 0) {
		ask(names);
		unit_names_close(names);
	}
	vec_free(&elf.segments);
	return 0;
}
