// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as the index of a unit, with the checksum that makes them worth reading: what is taken
 * for sound must answer every address with frames that hold together.
 */
#include "symbolize/unit_index.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct unit_chain *chain)
{
	if (chain->len == 0 || chain->len > UNIT_INDEX_DEPTH_MAX)
		abort();
	for (size_t i = 0; i < chain->len; i++) {
		const struct unit_frame *frame = &chain->frames[i];
		const char *texts[] = {frame->linkage_name, frame->plain_name, frame->file};

		for (size_t t = 0; t < ARRAY_SIZE(texts); t++)
			if (texts[t] && strlen(texts[t]) == 0)
				abort();
	}
}

static void ask(const struct unit_index *index)
{
	const struct unit_index_header *header = index->header;
	struct unit_chain chain;

	for (uint32_t i = 0; i < header->piece_cnt; i++)
		if (unit_index_find(index, header->base + index->piece_starts[i], &chain))
			check(&chain);
	for (uint32_t i = 0; i < header->row_cnt; i++)
		if (unit_index_find(index, header->base + index->row_starts[i], &chain))
			check(&chain);
	for (uint64_t i = 0; i < 64; i++)
		if (unit_index_find(index, header->base + i * i * i, &chain))
			check(&chain);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct unit_index_header *block;
	struct unit_index index;

	if (len < sizeof(*block) || len > UINT32_MAX)
		return 0;
	block = malloc(len);
	if (!block)
		return 0;
	memcpy(block, data, len);
	unit_index_seal(block, len);
	if (unit_index_open(block, len, &index) == 0)
		ask(&index);
	free(block);
	return 0;
}
