// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/answer_text.h"

#include "formats/short_names.h"
#include "formats/utf8.h"

#include <inttypes.h>
#include <string.h>

/* ---- addr2line's lines ---- */

/* Not by format: of all it takes to answer from the cache, formats would be the most. */
static void append_decimal(struct buf *out, uint32_t number)
{
	char digits[10];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	buf_append(out, digits + at, sizeof(digits) - at);
}

static void append_address(struct buf *out, uint64_t address)
{
	char text[] = "0x0000000000000000\n";

	for (size_t i = 0; i < 16; i++)
		text[2 + i] = "0123456789abcdef"[address >> (60 - 4 * i) & 0xf];
	buf_append(out, text, sizeof(text) - 1);
}

/* What is not mangled is as it is. */
static bool is_shortened(const struct answer_style *style, const struct sym_frame *frame)
{
	return style->short_names && frame->name != frame->system_name;
}

static void append_name(struct buf *out, const struct answer_style *style,
			const struct sym_frame *frame)
{
	if (is_shortened(style, frame))
		short_names_append(out, frame->name);
	else
		buf_append_str(out, style->demangle ? frame->name : frame->system_name);
}

static void append_lines_frame(struct buf *out, const struct answer_style *style,
			       const struct sym_frame *frame)
{
	if (style->functions) {
		append_name(out, style, frame);
		buf_append_byte(out, '\n');
	}
	buf_append_str(out, frame->file ? frame->file : "??");
	buf_append_byte(out, ':');
	if (frame->line)
		append_decimal(out, frame->line);
	else
		buf_append_byte(out, '?');
	buf_append_byte(out, '\n');
}

static void append_lines(struct buf *out, const struct answer_style *style,
			 const struct address_answer *answer)
{
	const struct sym_result *result = &answer->result;
	size_t shown = style->inlines ? result->frames_len : MIN(result->frames_len, (size_t)1);

	if (style->addresses)
		append_address(out, answer->address);
	if (shown == 0)
		buf_append_str(out, style->functions ? "??\n??:0\n" : "??:0\n");
	for (size_t i = 0; i < shown; i++)
		append_lines_frame(out, style, &result->frames[result->frames_len - 1 - i]);
}

/* ---- JSON ---- */

static void append_text(struct buf *out, const char *key, const char *text)
{
	buf_appendf(out, "\"%s\":", key);
	if (text)
		utf8_append_json(out, text, strlen(text));
	else
		buf_append_str(out, "null");
	buf_append_byte(out, ',');
}

static void append_short(struct buf *out, const struct sym_frame *frame)
{
	_cleanup_buf_ struct buf name = {0};

	short_names_append(&name, frame->name);
	buf_append_byte(&name, 0);
	append_text(out, "name", buf_error(&name) ? frame->name : (const char *)name.data);
}

static void append_frame(struct buf *out, const struct answer_style *style,
			 const struct sym_frame *frame)
{
	buf_append_byte(out, '{');
	if (is_shortened(style, frame))
		append_short(out, frame);
	else
		append_text(out, "name", frame->name);
	append_text(out, "system_name", frame->system_name);
	append_text(out, "file", frame->file);
	buf_appendf(out, "\"line\":%" PRIu32 ",\"start_line\":%" PRIu32 ",\"inlined\":%s}",
		    frame->line, frame->start_line, frame->inlined ? "true" : "false");
}

static void append_object(struct buf *out, const struct address_answer *answer)
{
	append_text(out, "object", answer->object);
	buf_appendf(out, "\"object_address\":\"0x%" PRIx64 "\",", answer->result.exact_address);
}

/* All that is known, whatever was asked. */
static void append_json(struct buf *out, const struct answer_style *style,
			const struct address_answer *answer)
{
	const struct sym_result *result = &answer->result;

	buf_appendf(out, "{\"address\":\"0x%" PRIx64 "\",", answer->address);
	if (answer->object)
		append_object(out, answer);
	append_text(out, "reason", sym_reason_name(result->reason));
	if (result->frames_len == 0)
		buf_appendf(out, "\"function_start\":\"0x%" PRIx64 "\",", result->address);
	buf_append_str(out, "\"frames\":[");
	for (size_t i = result->frames_len; i > 0; i--) {
		append_frame(out, style, &result->frames[i - 1]);
		if (i > 1)
			buf_append_byte(out, ',');
	}
	buf_append_str(out, "]}\n");
}

void answer_text_append(struct buf *out, const struct answer_style *style,
			const struct address_answer *answer)
{
	if (style->json)
		append_json(out, style, answer);
	else
		append_lines(out, style, answer);
}
