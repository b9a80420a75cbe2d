// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/decompress.h"

#include "formats/sink.h"
#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void pack(int (*make)(struct sink *, struct sink **), const char *text, struct buf *out)
{
	struct sink *end = NULL, *sink = NULL;

	assert_int_equal(sink_buf_new(out, &end), 0);
	assert_int_equal(make(end, &sink), 0);
	assert_int_equal(sink_write(sink, text, strlen(text)), 0);
	assert_int_equal(sink_finish(sink), 0);
	sink_free(sink);
	sink_free(end);
}

static void append_skippable(struct buf *out, unsigned char magic, const char *content)
{
	unsigned char header[8] = {magic, 0x2a, 0x4d, 0x18, (unsigned char)strlen(content)};

	buf_append(out, header, sizeof(header));
	buf_append_str(out, content);
}

static void test_members_follow_each_other(void **state)
{
	struct buf data = {0}, out = {0};

	(void)state;
	pack(sink_gzip_new, "one ", &data);
	pack(sink_gzip_new, "two", &data);
	buf_append(&data, "\0\0\0", 3);
	assert_int_equal(decompress_gzip(&data, &out, NULL), 0);
	support_assert_text(&out, "one two");
	buf_free(&data);
	buf_free(&out);
}

static void test_frames_and_metadata(void **state)
{
	struct buf data = {0}, out = {0}, metadata = {0};

	(void)state;
	append_skippable(&data, 0x5e, "theirs");
	append_skippable(&data, 0x50, "ours");
	pack(sink_zstd_new, "one ", &data);
	append_skippable(&data, 0x50, "later");
	pack(sink_zstd_new, "two", &data);
	assert_int_equal(decompress_sniff(&data), COMPRESSION_ZSTD);
	assert_int_equal(decompress_zstd(&data, &out, &metadata, NULL), 0);
	support_assert_text(&out, "one two");
	support_assert_text(&metadata, "ours");
	buf_free(&data);
	buf_free(&out);
	buf_free(&metadata);
}

/* Every cut of a file is found, but for a cut between frames. */
static void test_cuts_are_found(void **state)
{
	struct buf gzip = {0}, zstd = {0};

	(void)state;
	pack(sink_gzip_new, "a text of some length, a text of some length", &gzip);
	pack(sink_zstd_new, "a text of some length, a text of some length", &zstd);
	for (size_t len = 2; len < gzip.len; len++) {
		struct buf cut = {.data = gzip.data, .len = len}, out = {0};
		struct err err = {""};

		assert_int_equal(decompress_gzip(&cut, &out, &err), -EINVAL);
		assert_non_null(strstr(err.text, "gzip: cut off at byte"));
		buf_free(&out);
	}
	for (size_t len = 1; len < zstd.len; len++) {
		struct buf cut = {.data = zstd.data, .len = len}, out = {0}, metadata = {0};
		struct err err = {""};

		assert_int_equal(decompress_zstd(&cut, &out, &metadata, &err), -EINVAL);
		assert_non_null(strstr(err.text, "zstd: "));
		buf_free(&out);
	}
	buf_free(&gzip);
	buf_free(&zstd);
}

static void test_damage_is_found(void **state)
{
	struct buf data = {0}, out = {0}, metadata = {0};
	struct err err = {""};

	(void)state;
	pack(sink_gzip_new, "text", &data);
	data.data[data.len - 6] ^= 1; /* the checksum */
	assert_int_equal(decompress_gzip(&data, &out, &err), -EINVAL);
	assert_non_null(strstr(err.text, "gzip: broken"));
	buf_clear(&data);
	buf_clear(&out);
	pack(sink_zstd_new, "text", &data);
	data.data[data.len - 1] ^= 1;
	assert_int_equal(decompress_zstd(&data, &out, &metadata, &err), -EINVAL);
	assert_non_null(strstr(err.text, "checksum"));
	buf_clear(&data);
	buf_clear(&out);
	pack(sink_gzip_new, "text", &data);
	buf_append_str(&data, "more");
	assert_int_equal(decompress_gzip(&data, &out, &err), -EINVAL);
	assert_string_equal(err.text, "gzip: bytes behind its end");
	buf_free(&data);
	buf_free(&out);
}

static void test_skippable_frame_longer_than_the_file(void **state)
{
	static unsigned char bytes[] = {0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff, 'x'};
	struct buf data = {.data = bytes, .len = sizeof(bytes)}, out = {0}, metadata = {0};
	struct err err;

	(void)state;
	assert_int_equal(decompress_zstd(&data, &out, &metadata, &err), -EINVAL);
	assert_string_equal(err.text, "zstd: cut off at byte 9");
}

static void test_caps_hold(void **state)
{
	struct buf text = {0}, data = {0}, out = {.max_len = 1 << 20}, metadata = {0};
	struct err err;

	(void)state;
	for (size_t i = 0; i < (1 << 20) + 1; i++)
		buf_append_byte(&text, 'a');
	buf_append_byte(&text, 0);
	pack(sink_gzip_new, (const char *)text.data, &data);
	assert_int_equal(decompress_gzip(&data, &out, &err), -EFBIG);
	assert_string_equal(err.text, "decompresses to more than 1 MiB");
	buf_clear(&data);
	buf_clear(&out);
	pack(sink_zstd_new, (const char *)text.data, &data);
	assert_int_equal(decompress_zstd(&data, &out, &metadata, &err), -EFBIG);
	assert_string_equal(err.text, "decompresses to more than 1 MiB");
	buf_clear(&out);
	out.max_len++;
	assert_int_equal(decompress_zstd(&data, &out, &metadata, &err), 0);
	assert_int_equal(out.len, (1 << 20) + 1);
	buf_free(&text);
	buf_free(&data);
	buf_free(&out);
}

static void test_sniff(void **state)
{
	static unsigned char text[] = "main 1";
	struct buf data = {.data = text, .len = 6}, nothing = {0};

	(void)state;
	assert_int_equal(decompress_sniff(&data), COMPRESSION_NONE);
	assert_int_equal(decompress_sniff(&nothing), COMPRESSION_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members_follow_each_other),
		cmocka_unit_test(test_frames_and_metadata),
		cmocka_unit_test(test_cuts_are_found),
		cmocka_unit_test(test_damage_is_found),
		cmocka_unit_test(test_skippable_frame_longer_than_the_file),
		cmocka_unit_test(test_caps_hold),
		cmocka_unit_test(test_sniff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
