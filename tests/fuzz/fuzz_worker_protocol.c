// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as what a worker answered: the first says what it was asked. What is taken for an answer must
 * keep the promises that others rely on; what is taken for a table, any address may be looked up in.
 */
#include "profiler/sandbox/worker_answers.h"
#include "profiler/sandbox/worker_table.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct sym_result *result)
{
	size_t total = 0;

	if (result->reason >= SYM_REASON_COUNT ||
	    (result->reason == SYM_OK) != (result->frames_len > 0))
		abort();
	for (size_t i = 0; i < result->frames_len; i++) {
		const struct sym_frame *frame = &result->frames[i];

		total += strlen(frame->name) + strlen(frame->system_name);
		total += frame->file ? strlen(frame->file) : 0;
		if (frame->inlined != (i > 0) || (frame->line && !frame->file))
			abort();
	}
	if (total > 3 * WORKER_ANSWER_FRAMES_MAX * NAMEPOOL_LEN_MAX)
		abort();
}

static void read_answers(struct byte_reader bytes)
{
	struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX];
	struct namepool pool = {0};
	struct sym_result result;

	while (reader_left(&bytes) && worker_answers_next(&bytes, &pool, frames, &result) == 0)
		check(&result);
	namepool_free(&pool);
}

static void read_about(struct byte_reader bytes)
{
	struct worker_about about;

	if (worker_about_read(&bytes, &about) == 0 && strlen(about.build_id) > 128)
		abort();
}

static void look_up_all(const struct unwind_table *table)
{
	uint64_t begin = (uint64_t)table->object.page_first << UNWIND_PAGE_SHIFT;
	uint64_t len = (uint64_t)table->object.page_cnt << UNWIND_PAGE_SHIFT;

	for (uint64_t at = 0; at < MIN(len, UINT64_C(1) << 20); at += 29)
		if (UNWIND_KIND(unwind_table_lookup(table, begin + at)) >= UNWIND_KIND_CNT)
			abort();
	for (uint64_t at = len; at > 0 && at > len - 4096 && at <= len; at -= 17)
		(void)unwind_table_lookup(table, begin + at);
}

/* A length of 16 bits, so many bytes of description, the bytes of the table. */
static void read_table(struct byte_reader input)
{
	size_t len = MIN(read_fixed(&input, 2), reader_left(&input));
	struct byte_reader description = byte_reader_of(reader_skip(&input, len), len);
	struct buf bytes = {0};
	struct unwind_table table;

	buf_append(&bytes, input.at, reader_left(&input));
	if (worker_table_read(&description, &bytes, &table) == 0) {
		look_up_all(&table);
		unwind_table_free(&table);
	}
	buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct byte_reader bytes = byte_reader_of(data, len);

	switch (read_u8(&bytes) % 3) {
	case 0:
		read_answers(bytes);
		break;
	case 1:
		read_about(bytes);
		break;
	default:
		read_table(bytes);
	}
	return 0;
}
