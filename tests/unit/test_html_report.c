// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/html_report.h"

#include "formats/wire.h"
#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#define COUNT_MAX 64

/* A block taken apart by its description alone. */
struct block {
	struct wire rest;
	char strings[COUNT_MAX][80];
	uint64_t frames[5][COUNT_MAX]; /* name, module, file, line, kind */
	uint64_t steps[COUNT_MAX], nodes[COUNT_MAX], selves[COUNT_MAX];
	size_t strings_len, frames_len, nodes_len;
	char meta[2000];
};

enum { NAME, MODULE, FILE_NAME, LINE, KIND };

static uint64_t take(struct block *block)
{
	uint64_t value;

	assert_int_equal(wire_next_varint(&block->rest, &value), 1);
	return value;
}

static void take_text(struct block *block, char *text, size_t len)
{
	assert_true((size_t)(block->rest.end - block->rest.at) >= len);
	memcpy(text, block->rest.at, len);
	text[len] = '\0';
	block->rest.at += len;
}

static void take_column(struct block *block, uint64_t *column, size_t len)
{
	for (size_t i = 0; i < len; i++)
		column[i] = take(block);
}

static void parse_block(struct block *block, const struct buf *data)
{
	uint64_t lens[COUNT_MAX];
	char magic[5];

	memset(block, 0, sizeof(*block));
	block->rest = (struct wire){.at = data->data, .end = data->data + data->len};
	take_text(block, magic, 4);
	assert_string_equal(magic, "SMLD");
	assert_int_equal(take(block), 1);
	take_text(block, block->meta, take(block));
	block->strings_len = take(block);
	assert_true(block->strings_len < COUNT_MAX);
	take_column(block, lens, block->strings_len);
	for (size_t i = 0; i < block->strings_len; i++)
		take_text(block, block->strings[i], lens[i]);
	block->frames_len = take(block);
	assert_true(block->frames_len < COUNT_MAX);
	for (size_t i = 0; i < 5; i++)
		take_column(block, block->frames[i], block->frames_len);
	block->nodes_len = take(block);
	assert_true(block->nodes_len < COUNT_MAX);
	take_column(block, block->steps, block->nodes_len);
	take_column(block, block->nodes, block->nodes_len);
	take_column(block, block->selves, block->nodes_len);
	assert_ptr_equal(block->rest.at, block->rest.end);
}

static const char *name_of(const struct block *block, size_t node)
{
	return block->strings[block->frames[NAME][block->nodes[node]]];
}

/* The nodes as an indented list: what the viewer draws. */
static void print_tree(const struct block *block, struct buf *out)
{
	static const char kinds[] = "ukijmpUK";
	size_t depth = 0;

	for (size_t i = 0; i < block->nodes_len; i++) {
		depth = i ? depth + 1 - block->steps[i] : 0;
		for (size_t j = 0; j < depth; j++)
			buf_append_byte(out, ' ');
		buf_appendf(out, "%c %s %d\n", kinds[block->frames[KIND][block->nodes[i]]],
			    name_of(block, i), (int)block->selves[i]);
	}
}

static void test_block(void **state)
{
	static const char tree[] = "p server 5\n"
				   " u main 0\n"
				   "  u handle 0\n"
				   "   i parse 20\n"
				   "    i tiny 7\n"
				   "  u write 0\n"
				   "   k ksys_write 0\n"
				   "    k copy 14\n"
				   "  U libwork.so.1+0x1f00 3\n"
				   "  j jitted 2\n"
				   " m [incomplete: no unwind info] 0\n"
				   "  u spin 1\n"
				   "p swapper 0\n"
				   " k idle 8\n";
	struct profile *profile = support_profile(true);
	struct buf data = support_write(html_report_write_block, profile), text = {0};
	struct block block;

	(void)state;
	parse_block(&block, &data);
	print_tree(&block, &text);
	support_assert_text(&text, tree);
	assert_string_equal(block.strings[0], "");
	assert_non_null(strstr(block.meta, "\"value\":{\"type\":\"samples\",\"unit\":\"count\"}"));
	assert_non_null(strstr(block.meta, "\"title\":\"server --now on host1\""));
	assert_non_null(strstr(block.meta, "\"ledger\":{\"version\":1,"));
	buf_free(&text);
	buf_free(&data);
	profile_free(profile);
}

static void test_frames_by_falling_use(void **state)
{
	struct profile *profile = support_read_folded("a;x;y 1\nb;x;y;y 1\nc;y;x 1\nd;y 1\n");
	struct buf data = support_write(html_report_write_block, profile);
	struct block block;

	(void)state;
	parse_block(&block, &data);
	assert_int_equal(block.frames_len, 6);
	assert_string_equal(block.strings[block.frames[NAME][0]], "y");
	assert_string_equal(block.strings[block.frames[NAME][1]], "x");
	buf_free(&data);
	profile_free(profile);
}

static void test_modules_and_places(void **state)
{
	struct profile *profile = NULL;
	struct profile_function function;
	struct profile_frame frame;
	struct buf data;
	struct block block;

	(void)state;
	assert_int_equal(profile_new(&profile), 0);
	support_frame(profile, FRAME_USER, "/usr/lib/libx.so", "f");
	frame = profile->frames.items[0];
	function = profile->functions.items[0];
	function.file = profile_string(profile, "/src/f.c");
	function.start_line = 12;
	frame.function = profile_function(profile, &function);
	profile_sample(profile, profile_stack(profile, 0, profile_frame(profile, &frame)), 0,
		       (int64_t[]){1, 1});
	data = support_write(html_report_write_block, profile);
	parse_block(&block, &data);
	assert_int_equal(block.frames_len, 1);
	assert_string_equal(block.strings[block.frames[MODULE][0]], "libx.so");
	assert_string_equal(block.strings[block.frames[FILE_NAME][0]], "/src/f.c");
	assert_int_equal(block.frames[LINE][0], 12);
	buf_free(&data);
	profile_free(profile);
}

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = strchr(digits, c);

	assert_non_null(at);
	return (int)(at - digits);
}

static void decode_base64(const char *text, size_t len, struct buf *out)
{
	assert_int_equal(len % 4, 0);
	for (size_t i = 0; i < len; i += 4) {
		uint32_t bits = 0;

		for (size_t j = 0; j < 4; j++)
			bits = bits << 6 |
			       (text[i + j] == '=' ? 0 : (uint32_t)digit_of(text[i + j]));
		for (int shift = 16; shift >= 0; shift -= 8)
			buf_append_byte(out, (unsigned char)(bits >> shift));
	}
	for (size_t i = len; i > 0 && text[i - 1] == '='; i--)
		out->len--;
}

static void inflate_all(const struct buf *packed, struct buf *out)
{
	z_stream stream = {.next_in = packed->data, .avail_in = (uInt)packed->len};

	assert_int_equal(inflateInit2(&stream, -MAX_WBITS), Z_OK);
	stream.next_out = buf_room(out, 1 << 20);
	stream.avail_out = 1 << 20;
	assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
	out->len += (1 << 20) - stream.avail_out;
	inflateEnd(&stream);
}

static int write_page(const struct profile *profile, struct sink *sink, struct err *err)
{
	const struct viewer_page page = {.html = smolder_viewer_html,
					 .len = smolder_viewer_html_len};

	return html_report_write(profile, &page, sink, err);
}

static void test_page_is_filled_in(void **state)
{
	static const char start[] = SUPPORT_PAGE_START VIEWER_PAGE_ELEMENT_START;
	static const char end[] = "</script>" SUPPORT_PAGE_END;
	struct profile *profile = support_read_folded("</script><b>;x 1\n");
	struct buf html = support_write(write_page, profile), packed = {0}, block = {0};
	struct buf wanted = support_write(html_report_write_block, profile);

	(void)state;
	assert_true(html.len > strlen(start) + strlen(end));
	assert_memory_equal(html.data, start, strlen(start));
	assert_memory_equal(html.data + html.len - strlen(end), end, strlen(end));
	decode_base64((char *)html.data + strlen(start), html.len - strlen(start) - strlen(end),
		      &packed);
	inflate_all(&packed, &block);
	support_assert_same(&block, &wanted);
	buf_free(&html);
	buf_free(&packed);
	buf_free(&block);
	buf_free(&wanted);
	profile_free(profile);
}

static void test_page_without_a_place(void **state)
{
	const struct viewer_page page = {.html = (const unsigned char *)"<html>", .len = 6};
	struct profile *profile = support_profile(false);
	struct buf out = {0};
	struct sink *sink = NULL;
	struct err err;

	(void)state;
	assert_int_equal(sink_buf_new(&out, &sink), 0);
	assert_int_equal(html_report_write(profile, &page, sink, &err), -EINVAL);
	assert_string_equal(err.text, "the viewer's page has no place for data");
	assert_int_equal(out.len, 0);
	sink_free(sink);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_block),
		cmocka_unit_test(test_frames_by_falling_use),
		cmocka_unit_test(test_modules_and_places),
		cmocka_unit_test(test_page_is_filled_in),
		cmocka_unit_test(test_page_without_a_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
