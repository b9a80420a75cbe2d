// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/unit_index.h"

#include "symbolize/namepool.h"

#include <errno.h>
#include <string.h>

#define ALIGNMENT 8
#define STRINGS_LEN_MAX ((size_t)64 * 1024 * 1024)
/* One more than a name may have, so that who takes it out sees that it was cut. */
#define TEXT_LEN_MAX (NAMEPOOL_LEN_MAX + 1)

int unit_draft_init(struct unit_draft *draft)
{
	*draft = (struct unit_draft){0};
	draft->strings.bytes.max_len = STRINGS_LEN_MAX;
	return strtab_init(&draft->strings);
}

uint32_t unit_draft_text(struct unit_draft *draft, const char *text)
{
	uint32_t id = STRTAB_NONE;

	if (text)
		id = strtab_intern_len(&draft->strings, text, strnlen(text, TEXT_LEN_MAX));
	if (id == STRTAB_NONE)
		return 0;
	return (uint32_t)(draft->strings.ends.items[id] - strtab_len(&draft->strings, id));
}

void unit_draft_free(struct unit_draft *draft)
{
	vec_free(&draft->scopes);
	vec_free(&draft->rows);
	vec_free(&draft->files);
	intervals_free(&draft->pieces);
	strtab_free(&draft->strings);
}

static uint64_t lowest_address(const struct unit_draft *draft)
{
	uint64_t lowest = UINT64_MAX;

	if (draft->pieces.list.len)
		lowest = draft->pieces.list.items[0].start;
	if (draft->rows.len)
		lowest = MIN(lowest, draft->rows.items[0].address);
	return lowest;
}

static uint64_t padded(uint64_t len)
{
	return (len + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

/* Of the parts together, in 64 bits, where no counts of 32 bits overflow. */
static uint64_t block_len(const struct unit_index_header *header)
{
	uint64_t piece_len = sizeof(uint32_t) + sizeof(struct unit_piece);
	uint64_t row_len = sizeof(uint32_t) + sizeof(struct unit_row);

	return sizeof(*header) + header->piece_cnt * piece_len +
	       (uint64_t)header->scope_cnt * sizeof(struct unit_scope) + header->row_cnt * row_len +
	       (uint64_t)header->file_cnt * sizeof(uint32_t) + header->strings_len;
}

static void find_parts(struct unit_index *index)
{
	const struct unit_index_header *header = index->header;

	index->piece_starts = (const void *)(header + 1);
	index->pieces = (const void *)(index->piece_starts + header->piece_cnt);
	index->scopes = (const void *)(index->pieces + header->piece_cnt);
	index->row_starts = (const void *)(index->scopes + header->scope_cnt);
	index->rows = (const void *)(index->row_starts + header->row_cnt);
	index->files = (const void *)(index->rows + header->row_cnt);
	index->strings = (const void *)(index->files + header->file_cnt);
}

static uint64_t checksum_of(const struct unit_index_header *header)
{
	return hash_bytes(&header->base, header->len - offsetof(struct unit_index_header, base));
}

/* How many pieces, sorted, lie within 4 GiB of the base. */
static uint32_t near_pieces(const struct unit_draft *draft, uint64_t base)
{
	size_t cnt = draft->pieces.list.len;

	while (cnt && draft->pieces.list.items[cnt - 1].limit - base > UINT32_MAX)
		cnt--;
	return (uint32_t)cnt;
}

static uint32_t near_rows(const struct unit_draft *draft, uint64_t base)
{
	size_t cnt = draft->rows.len;

	while (cnt && draft->rows.items[cnt - 1].address - base > UINT32_MAX)
		cnt--;
	return (uint32_t)cnt;
}

static void *append(void *at, const void *items, size_t len)
{
	if (len)
		memcpy(at, items, len);
	return (char *)at + len;
}

static void *append_pieces(const struct unit_draft *draft, const struct unit_index_header *header)
{
	uint32_t *starts = (uint32_t *)(uintptr_t)(header + 1);
	struct unit_piece *pieces = (struct unit_piece *)(starts + header->piece_cnt);

	for (uint32_t i = 0; i < header->piece_cnt; i++) {
		const struct interval *from = &draft->pieces.list.items[i];

		starts[i] = (uint32_t)(from->start - header->base);
		pieces[i] =
			(struct unit_piece){(uint32_t)(from->limit - header->base), from->value};
	}
	return pieces + header->piece_cnt;
}

static void *append_rows(const struct unit_draft *draft, const struct unit_index_header *header,
			 uint32_t *starts)
{
	struct unit_row *rows = (struct unit_row *)(starts + header->row_cnt);

	for (uint32_t i = 0; i < header->row_cnt; i++) {
		const struct unit_draft_row *from = &draft->rows.items[i];

		starts[i] = (uint32_t)(from->address - header->base);
		rows[i] = (struct unit_row){from->file, from->line};
	}
	return rows + header->row_cnt;
}

static void fill_block(const struct unit_draft *draft, struct unit_index_header *block, size_t len)
{
	void *at = append_pieces(draft, block);

	at = append(at, draft->scopes.items, block->scope_cnt * sizeof(struct unit_scope));
	at = append_rows(draft, block, at);
	at = append(at, draft->files.items, block->file_cnt * sizeof(uint32_t));
	at = append(at, draft->strings.bytes.data, block->strings_len);
	memset(at, 0, (size_t)((char *)block + len - (char *)at));
}

int unit_index_pack(struct unit_draft *draft, struct unit_index_header **ret_block)
{
	struct unit_index_header header = {
		.base = lowest_address(draft),
		.scope_cnt = (uint32_t)draft->scopes.len,
		.file_cnt = (uint32_t)draft->files.len,
		.strings_len = (uint32_t)draft->strings.bytes.len,
	};
	struct unit_index_header *block;
	uint64_t len;

	header.piece_cnt = near_pieces(draft, header.base);
	header.row_cnt = near_rows(draft, header.base);
	len = padded(block_len(&header));
	if (len > UINT32_MAX - ALIGNMENT || draft->strings.bytes.len > UINT32_MAX)
		return -ENOMEM;
	block = malloc(len);
	if (!block)
		return -ENOMEM;
	*block = header;
	fill_block(draft, block, len);
	unit_index_seal(block, len);
	*ret_block = block;
	return 0;
}

void unit_index_seal(struct unit_index_header *block, size_t len)
{
	uint64_t wanted = padded(block_len(block));

	if (wanted > len || wanted > UINT32_MAX)
		return;
	block->len = (uint32_t)wanted;
	block->checksum = checksum_of(block);
}

/* Parents stand before their children: so chains of them end, where the depth says. */
static bool scopes_are_sound(const struct unit_index *index)
{
	const struct unit_index_header *header = index->header;

	for (uint32_t i = 0; i < header->scope_cnt; i++) {
		const struct unit_scope *scope = &index->scopes[i];

		if (scope->linkage_name >= header->strings_len ||
		    scope->plain_name >= header->strings_len)
			return false;
		if (scope->parent == UNIT_INDEX_NONE ? scope->depth != 0 : scope->parent >= i)
			return false;
		if (scope->parent != UNIT_INDEX_NONE &&
		    scope->depth != index->scopes[scope->parent].depth + 1)
			return false;
		if (scope->depth >= UNIT_INDEX_DEPTH_MAX)
			return false;
	}
	return true;
}

static bool parts_are_sound(const struct unit_index *index)
{
	const struct unit_index_header *header = index->header;

	for (uint32_t i = 0; i < header->piece_cnt; i++)
		if (index->pieces[i].scope >= header->scope_cnt)
			return false;
	for (uint32_t i = 0; i < header->row_cnt; i++)
		if (index->rows[i].file >= header->file_cnt &&
		    index->rows[i].file != UNIT_INDEX_NONE)
			return false;
	for (uint32_t i = 0; i < header->file_cnt; i++)
		if (index->files[i] >= header->strings_len)
			return false;
	return header->strings_len && index->strings[0] == '\0' &&
	       index->strings[header->strings_len - 1] == '\0';
}

int unit_index_open(const void *bytes, size_t len, struct unit_index *ret_index)
{
	struct unit_index index = {.header = bytes};

	if (len < sizeof(*index.header) || (uintptr_t)bytes % ALIGNMENT)
		return -EBADMSG;
	if (index.header->len > len || padded(block_len(index.header)) != index.header->len)
		return -EBADMSG;
	if (index.header->checksum != checksum_of(index.header))
		return -EBADMSG;
	find_parts(&index);
	if (!scopes_are_sound(&index) || !parts_are_sound(&index))
		return -EBADMSG;
	*ret_index = index;
	return 0;
}

/*
 * How many of `cnt` sorted starts are at or below `at`. Which half goes on is chosen without a branch,
 * of which every other one would be foretold wrongly.
 */
static uint32_t cnt_below(const uint32_t *starts, uint32_t cnt, uint32_t at)
{
	const uint32_t *last = starts;

	if (cnt == 0 || at < *starts)
		return 0;
	while (cnt > 1) {
		uint32_t half = cnt / 2;

		last = last[half] <= at ? last + half : last;
		cnt -= half;
	}
	return (uint32_t)(last - starts) + 1;
}

/* NULL: no row, or one that ends what the rows before it say. */
static const struct unit_row *find_row(const struct unit_index *index, uint32_t at)
{
	uint32_t below = cnt_below(index->row_starts, index->header->row_cnt, at);

	return below && index->rows[below - 1].file != UNIT_INDEX_NONE ? &index->rows[below - 1] :
									 NULL;
}

static const struct unit_piece *find_piece(const struct unit_index *index, uint32_t at)
{
	uint32_t below = cnt_below(index->piece_starts, index->header->piece_cnt, at);

	return below && at < index->pieces[below - 1].limit ? &index->pieces[below - 1] : NULL;
}

static const char *text_at(const struct unit_index *index, uint32_t offset)
{
	return index->strings[offset] ? index->strings + offset : NULL;
}

static const char *file_at(const struct unit_index *index, uint32_t file)
{
	return file < index->header->file_cnt ? text_at(index, index->files[file]) : NULL;
}

static void name_frame(const struct unit_index *index, const struct unit_scope *scope,
		       struct unit_frame *frame)
{
	frame->linkage_name = text_at(index, scope->linkage_name);
	frame->plain_name = text_at(index, scope->plain_name);
	frame->start_line = scope->start_line;
}

/*
 * From the innermost scope outwards: each frame has its own depth for its place, and the line of a
 * frame is where the one inside it is called.
 */
static void fill_chain(const struct unit_index *index, const struct unit_scope *scope,
		       struct unit_chain *chain)
{
	struct unit_frame *frame = &chain->frames[scope->depth];

	chain->len = (size_t)scope->depth + 1;
	*frame = chain->frames[0]; /* the line found for the address */
	name_frame(index, scope, frame);
	while (scope->parent != UNIT_INDEX_NONE) {
		frame--;
		frame->file = file_at(index, scope->call_file);
		frame->line = scope->call_line;
		scope = &index->scopes[scope->parent];
		name_frame(index, scope, frame);
	}
}

bool unit_index_find(const struct unit_index *index, uint64_t address, struct unit_chain *ret_chain)
{
	const struct unit_index_header *header = index->header;
	struct unit_frame *code = &ret_chain->frames[0];
	const struct unit_piece *piece;
	const struct unit_row *row;
	uint32_t at = (uint32_t)(address - header->base);

	if (address < header->base || address - header->base > UINT32_MAX)
		return false;
	*code = (struct unit_frame){0};
	row = find_row(index, at);
	if (row) {
		code->file = file_at(index, row->file);
		code->line = row->line;
	}
	piece = find_piece(index, at);
	if (!piece && !row)
		return false;
	ret_chain->len = 1;
	if (piece)
		fill_chain(index, &index->scopes[piece->scope], ret_chain);
	return true;
}
