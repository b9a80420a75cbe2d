// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_answers.h"

#include <errno.h>
#include <string.h>

enum answer_flag { ANSWER_STACK_BASE = 1, ANSWER_ALL = 1 };
enum frame_flag { FRAME_INLINED = 1, FRAME_HAS_FILE = 2, FRAME_IS_MANGLED = 4, FRAME_ALL = 7 };

/* ---- writing ---- */

static void add_text(struct buf *bytes, const char *text)
{
	buf_append(bytes, text, strlen(text) + 1);
}

static void add_frame(struct buf *bytes, const struct sym_frame *frame)
{
	bool mangled = frame->name != frame->system_name;

	buf_append_byte(bytes, (frame->inlined ? FRAME_INLINED : 0) |
				       (frame->file ? FRAME_HAS_FILE : 0) |
				       (mangled ? FRAME_IS_MANGLED : 0));
	buf_append_varint(bytes, frame->line);
	buf_append_varint(bytes, frame->start_line);
	add_text(bytes, frame->name);
	if (mangled)
		add_text(bytes, frame->system_name);
	if (frame->file)
		add_text(bytes, frame->file);
}

void worker_answers_add(struct buf *bytes, const struct sym_result *result)
{
	buf_append_byte(bytes, (unsigned char)result->reason);
	buf_append_byte(bytes, result->stack_base ? ANSWER_STACK_BASE : 0);
	buf_append_varint(bytes, result->address);
	buf_append_varint(bytes, result->exact_address);
	buf_append_varint(bytes, result->segment.start);
	buf_append_varint(bytes, result->segment.limit);
	buf_append_varint(bytes, result->segment.file_offset);
	buf_append_varint(bytes, result->frames_len);
	for (size_t i = 0; i < result->frames_len; i++)
		add_frame(bytes, &result->frames[i]);
}

void worker_about_add(struct buf *bytes, const struct worker_about *about)
{
	add_text(bytes, about->build_id);
	buf_append_byte(bytes, (unsigned char)about->sources.reason);
	buf_append_byte(bytes, (unsigned char)about->sources.table);
	buf_append_byte(bytes, about->sources.has_dwarf);
	buf_append_varint(bytes, about->losses.dwarf_objects);
	buf_append_varint(bytes, about->losses.dwarf_units);
	buf_append_varint(bytes, about->losses.names_cut);
	buf_append_varint(bytes, about->losses.jit_functions);
	buf_append_varint(bytes, about->has_news);
}

/* ---- reading ---- */

/* NULL when it is not there, or too long; *error says which of the two, or that memory ran out. */
static const char *take_text(struct byte_reader *bytes, struct namepool *pool, int *error)
{
	const char *text = read_string(bytes), *kept = NULL;

	if (*error == 0 && (!text || bytes->at - (const uint8_t *)text > NAMEPOOL_LEN_MAX + 1))
		*error = -EBADMSG;
	if (*error == 0)
		kept = namepool_intern(pool, text);
	if (*error == 0 && !kept)
		*error = -ENOMEM;
	return kept;
}

static uint32_t take_line(struct byte_reader *bytes)
{
	uint64_t line = read_uleb(bytes);

	bytes->failed |= line > UINT32_MAX;
	return (uint32_t)line;
}

static int take_frame(struct byte_reader *bytes, struct namepool *pool, struct sym_frame *frame)
{
	uint8_t flags = read_u8(bytes);
	int error = flags & ~FRAME_ALL ? -EBADMSG : 0;

	frame->inlined = flags & FRAME_INLINED;
	frame->line = take_line(bytes);
	frame->start_line = take_line(bytes);
	frame->name = take_text(bytes, pool, &error);
	frame->system_name =
		flags & FRAME_IS_MANGLED ? take_text(bytes, pool, &error) : frame->name;
	frame->file = flags & FRAME_HAS_FILE ? take_text(bytes, pool, &error) : NULL;
	if (frame->line && !frame->file)
		error = error ? error : -EBADMSG;
	return bytes->failed && error != -ENOMEM ? -EBADMSG : error;
}

static int take_frames(struct byte_reader *bytes, struct namepool *pool,
		       struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX], size_t len)
{
	int r = 0;

	for (size_t i = 0; i < len && r == 0; i++) {
		r = take_frame(bytes, pool, &frames[i]);
		if (r == 0 && frames[i].inlined != (i > 0))
			r = -EBADMSG;
	}
	return r;
}

static bool is_sound(const struct sym_result *result)
{
	return result->reason < SYM_REASON_COUNT &&
	       (result->reason == SYM_OK) == (result->frames_len > 0) &&
	       result->frames_len <= WORKER_ANSWER_FRAMES_MAX &&
	       result->segment.start <= result->segment.limit;
}

int worker_answers_next(struct byte_reader *bytes, struct namepool *pool,
			struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX],
			struct sym_result *ret_result)
{
	struct sym_result result = {.reason = read_u8(bytes)};
	uint8_t flags = read_u8(bytes);
	int r;

	result.stack_base = flags & ANSWER_STACK_BASE;
	result.address = read_uleb(bytes);
	result.exact_address = read_uleb(bytes);
	result.segment.start = read_uleb(bytes);
	result.segment.limit = read_uleb(bytes);
	result.segment.file_offset = read_uleb(bytes);
	result.frames_len = read_uleb(bytes);
	if (bytes->failed || flags & ~ANSWER_ALL || !is_sound(&result))
		return -EBADMSG;
	r = take_frames(bytes, pool, frames, result.frames_len);
	if (r < 0)
		return r;
	result.frames = result.frames_len ? frames : NULL;
	*ret_result = result;
	return 0;
}

int worker_about_read(struct byte_reader *bytes, struct worker_about *ret_about)
{
	const char *build_id = read_string(bytes);
	struct worker_about about = {
		.sources.reason = read_u8(bytes),
		.sources.table = read_u8(bytes),
		.sources.has_dwarf = read_u8(bytes) != 0,
		.losses.dwarf_objects = read_uleb(bytes),
		.losses.dwarf_units = read_uleb(bytes),
		.losses.names_cut = read_uleb(bytes),
		.losses.jit_functions = read_uleb(bytes),
		.has_news = read_uleb(bytes) != 0,
	};

	if (bytes->failed || reader_left(bytes) || strlen(build_id) >= sizeof(about.build_id) ||
	    build_id[strspn(build_id, "0123456789abcdef")] ||
	    about.sources.reason >= SYM_REASON_COUNT || about.sources.table >= SYM_TABLE_COUNT)
		return -EBADMSG;
	strcpy(about.build_id, build_id);
	*ret_about = about;
	return 0;
}
