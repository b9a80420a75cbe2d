// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What workers answer comes through as it is, or not at all. */
#include "profiler/sandbox/worker_answers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct sym_frame chain[] = {
	{.name = "outer(int)", .system_name = "_Z5outeri", .file = "/src/a.cc", .line = 70000},
	{.name = "inner", .system_name = "inner", .start_line = 3, .inlined = true},
};

static struct sym_result example(void)
{
	return (struct sym_result){
		.frames = chain,
		.frames_len = ARRAY_SIZE(chain),
		.address = UINT64_MAX,
		.exact_address = 0x1234,
		.segment = {.start = 0x1000, .limit = 0x9000, .file_offset = 0x2000},
		.stack_base = true,
	};
}

static int read_one(const struct buf *bytes, struct namepool *pool, struct sym_frame *frames,
		    struct sym_result *ret_result)
{
	struct byte_reader reader = byte_reader_of(bytes->data, bytes->len);
	int r = worker_answers_next(&reader, pool, frames, ret_result);

	return r == 0 && reader_left(&reader) ? -E2BIG : r;
}

static void what_is_said_is_heard(void **state)
{
	struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX];
	struct sym_result said = example(), heard;
	_cleanup_(namepool_free) struct namepool pool = {0};
	_cleanup_buf_ struct buf bytes = {0};

	(void)state;
	worker_answers_add(&bytes, &said);
	assert_int_equal(read_one(&bytes, &pool, frames, &heard), 0);
	assert_int_equal(heard.reason, SYM_OK);
	assert_int_equal(heard.address, said.address);
	assert_int_equal(heard.exact_address, said.exact_address);
	assert_memory_equal(&heard.segment, &said.segment, sizeof(said.segment));
	assert_true(heard.stack_base);
	assert_int_equal(heard.frames_len, 2);
	assert_string_equal(heard.frames[0].name, "outer(int)");
	assert_string_equal(heard.frames[0].system_name, "_Z5outeri");
	assert_string_equal(heard.frames[0].file, "/src/a.cc");
	assert_int_equal(heard.frames[0].line, 70000);
	assert_false(heard.frames[0].inlined);
	assert_ptr_equal(heard.frames[1].name, heard.frames[1].system_name);
	assert_null(heard.frames[1].file);
	assert_int_equal(heard.frames[1].start_line, 3);
	assert_true(heard.frames[1].inlined);
}

static void what_is_cut_is_refused(void **state)
{
	struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX];
	struct sym_result said = example(), heard;
	_cleanup_(namepool_free) struct namepool pool = {0};
	_cleanup_buf_ struct buf bytes = {0};

	(void)state;
	worker_answers_add(&bytes, &said);
	while (bytes.len--)
		assert_int_equal(read_one(&bytes, &pool, frames, &heard), -EBADMSG);
	bytes.len = 0;
}

/* One thing about the answer is changed before it is said. */
static void assert_refused(void (*spoil)(struct sym_result *result, struct sym_frame *frames))
{
	struct sym_frame said_frames[WORKER_ANSWER_FRAMES_MAX + 1], frames[ARRAY_SIZE(said_frames)];
	struct sym_result said = example(), heard;
	_cleanup_(namepool_free) struct namepool pool = {0};
	_cleanup_buf_ struct buf bytes = {0};

	for (size_t i = 0; i < ARRAY_SIZE(said_frames); i++)
		said_frames[i] = chain[i > 0];
	said.frames = said_frames;
	spoil(&said, said_frames);
	worker_answers_add(&bytes, &said);
	assert_int_equal(read_one(&bytes, &pool, frames, &heard), -EBADMSG);
}

static void reason_unknown(struct sym_result *result, struct sym_frame *frames)
{
	(void)frames;
	result->reason = SYM_REASON_COUNT;
}

static void named_for_no_reason(struct sym_result *result, struct sym_frame *frames)
{
	(void)frames;
	result->reason = SYM_STRIPPED;
}

static void no_frames(struct sym_result *result, struct sym_frame *frames)
{
	(void)frames;
	result->frames_len = 0;
}

static void too_many_frames(struct sym_result *result, struct sym_frame *frames)
{
	(void)frames;
	result->frames_len = WORKER_ANSWER_FRAMES_MAX + 1;
}

static void segment_ends_before_it_begins(struct sym_result *result, struct sym_frame *frames)
{
	(void)frames;
	result->segment.limit = 1;
}

static void first_is_inlined(struct sym_result *result, struct sym_frame *frames)
{
	(void)result;
	frames[0].inlined = true;
}

static void line_without_a_file(struct sym_result *result, struct sym_frame *frames)
{
	(void)result;
	frames[1].line = 7;
}

static void name_without_end(struct sym_result *result, struct sym_frame *frames)
{
	static char name[NAMEPOOL_LEN_MAX + 2];

	(void)result;
	memset(name, 'x', sizeof(name) - 1);
	frames[1].name = frames[1].system_name = name;
}

static void what_makes_no_sense_is_refused(void **state)
{
	(void)state;
	assert_refused(reason_unknown);
	assert_refused(named_for_no_reason);
	assert_refused(no_frames);
	assert_refused(too_many_frames);
	assert_refused(segment_ends_before_it_begins);
	assert_refused(first_is_inlined);
	assert_refused(line_without_a_file);
	assert_refused(name_without_end);
}

static void what_is_said_of_the_object_is_checked(void **state)
{
	struct worker_about said = {.build_id = "0123456789abcdef",
				    .sources = {.table = SYM_TABLE_EXPORTED, .has_dwarf = true},
				    .losses.dwarf_units = 300,
				    .losses.jit_functions = 7,
				    .has_news = true};
	struct worker_about heard;
	_cleanup_buf_ struct buf bytes = {0};
	struct byte_reader reader;

	(void)state;
	worker_about_add(&bytes, &said);
	reader = byte_reader_of(bytes.data, bytes.len);
	assert_int_equal(worker_about_read(&reader, &heard), 0);
	assert_string_equal(heard.build_id, said.build_id);
	assert_int_equal(heard.sources.reason, SYM_OK);
	assert_int_equal(heard.sources.table, SYM_TABLE_EXPORTED);
	assert_true(heard.sources.has_dwarf);
	assert_int_equal(heard.losses.dwarf_units, 300);
	assert_int_equal(heard.losses.jit_functions, 7);
	assert_true(heard.has_news);
	reader = byte_reader_of(bytes.data, bytes.len - 1);
	assert_int_equal(worker_about_read(&reader, &heard), -EBADMSG);
	bytes.data[3] = '/';
	reader = byte_reader_of(bytes.data, bytes.len);
	assert_int_equal(worker_about_read(&reader, &heard), -EBADMSG);
	said.sources.table = SYM_TABLE_COUNT;
	buf_clear(&bytes);
	worker_about_add(&bytes, &said);
	reader = byte_reader_of(bytes.data, bytes.len);
	assert_int_equal(worker_about_read(&reader, &heard), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_said_is_heard),
		cmocka_unit_test(what_is_cut_is_refused),
		cmocka_unit_test(what_makes_no_sense_is_refused),
		cmocka_unit_test(what_is_said_of_the_object_is_checked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
