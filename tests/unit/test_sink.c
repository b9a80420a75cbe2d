// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/sink.h"

#include "formats/decompress.h"
#include "tests/unit/formats_support.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_LEN ((size_t)300 << 10)

typedef int (*new_sink)(struct sink *next, struct sink **ret_sink);

/* What the sink makes of the text, given to it in steps of `step` bytes. */
static struct buf through(new_sink make, const struct buf *text, size_t step)
{
	struct buf out = {0};
	struct sink *end = NULL, *sink = NULL;

	assert_int_equal(sink_buf_new(&out, &end), 0);
	assert_int_equal(make(end, &sink), 0);
	for (size_t at = 0; at < text->len; at += step)
		assert_int_equal(sink_write(sink, text->data + at, MIN(step, text->len - at)), 0);
	assert_int_equal(sink_finish(sink), 0);
	sink_free(sink);
	sink_free(end);
	return out;
}

static struct buf long_text(void)
{
	struct buf text = {0};

	for (unsigned int i = 0; text.len < LONG_LEN; i++)
		buf_appendf(&text, "%u;%x ", i * 7919 % 1000, i * 2654435761u);
	return text;
}

static void test_base64(void **state)
{
	/* RFC 4648, section 10. */
	static const char *const vectors[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		struct buf text = {0};

		buf_append_str(&text, vectors[i][0]);
		for (size_t step = 1; step < 5; step++) {
			struct buf out = through(sink_base64_new, &text, step);

			support_assert_text(&out, vectors[i][1]);
			buf_free(&out);
		}
		buf_free(&text);
	}
}

static void test_base64_of_much(void **state)
{
	struct buf text = long_text();
	struct buf a = through(sink_base64_new, &text, text.len);
	struct buf b = through(sink_base64_new, &text, 777);

	(void)state;
	assert_int_equal(a.len, (text.len + 2) / 3 * 4);
	assert_null(memchr(a.data, '\n', a.len));
	support_assert_same(&a, &b);
	buf_free(&a);
	buf_free(&b);
	buf_free(&text);
}

static void test_gzip_there_and_back(void **state)
{
	struct buf text = long_text(), back = {0};
	struct buf packed = through(sink_gzip_new, &text, 5000);
	struct buf again = through(sink_gzip_new, &text, 5000);

	(void)state;
	assert_true(packed.len < text.len);
	support_assert_same(&packed, &again);
	assert_memory_equal(packed.data + 4, "\0\0\0\0", 4); /* RFC 1952: MTIME */
	assert_int_equal(packed.data[3], 0);                 /* FLG: no name */
	assert_int_equal(decompress_sniff(&packed), COMPRESSION_GZIP);
	assert_int_equal(decompress_gzip(&packed, &back, NULL), 0);
	support_assert_same(&back, &text);
	buf_free(&back);
	buf_free(&packed);
	buf_free(&again);
	buf_free(&text);
}

static void test_zstd_there_and_back(void **state)
{
	struct buf text = long_text(), back = {0}, metadata = {0};
	struct buf packed = through(sink_zstd_new, &text, 5000);

	(void)state;
	assert_true(packed.len < text.len);
	assert_true(packed.data[4] & 0x04); /* RFC 8878, 3.1.1.1.1: content checksum */
	assert_int_equal(decompress_sniff(&packed), COMPRESSION_ZSTD);
	assert_int_equal(decompress_zstd(&packed, &back, &metadata, NULL), 0);
	support_assert_same(&back, &text);
	assert_int_equal(metadata.len, 0);
	buf_free(&back);
	buf_free(&packed);
	buf_free(&text);
}

static void test_failure_sticks(void **state)
{
	struct buf out = {.max_len = 10};
	struct sink *end = NULL, *sink = NULL;
	struct buf text = long_text();

	(void)state;
	assert_int_equal(sink_buf_new(&out, &end), 0);
	assert_int_equal(sink_gzip_new(end, &sink), 0);
	(void)!sink_write(sink, text.data, text.len);
	assert_int_equal(sink_finish(sink), -EFBIG);
	assert_int_equal(sink_write(sink, "x", 1), -EFBIG);
	assert_int_equal(sink_error(end), -EFBIG);
	sink_free(sink);
	sink_free(end);
	buf_free(&out);
	buf_free(&text);
}

static void test_full_device(void **state)
{
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct sink *sink = NULL;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(sink_fd_new(fd, &sink), 0);
	assert_int_equal(sink_write(sink, "", 0), 0);
	assert_int_equal(sink_write(sink, "x", 1), -ENOSPC);
	sink_free(sink);
	close(fd);
}

static void test_drain_waits_for_its_threshold(void **state)
{
	struct buf out = {0}, gathered = {0};
	struct sink *sink = NULL;

	(void)state;
	assert_int_equal(sink_buf_new(&out, &sink), 0);
	buf_append_str(&gathered, "abc");
	assert_int_equal(sink_drain(sink, &gathered, 4), 0);
	assert_int_equal(out.len, 0);
	buf_append_str(&gathered, "d");
	assert_int_equal(sink_drain(sink, &gathered, 4), 0);
	support_assert_text(&out, "abcd");
	assert_int_equal(gathered.len, 0);
	gathered.error = -ENOMEM;
	assert_int_equal(sink_drain(sink, &gathered, 0), -ENOMEM);
	sink_free(sink);
	buf_free(&gathered);
	buf_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_base64_of_much),
		cmocka_unit_test(test_gzip_there_and_back),
		cmocka_unit_test(test_zstd_there_and_back),
		cmocka_unit_test(test_failure_sticks),
		cmocka_unit_test(test_full_device),
		cmocka_unit_test(test_drain_waits_for_its_threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
