// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Sections read in parts. */
#include "symbolize/section_pages.h"
#include "tests/unit/symbolize_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SECTION_LEN 100000u
#define SECTION_OFFSET 1234u

struct file {
	unsigned char bytes[SECTION_OFFSET + SECTION_LEN];
	int fd;
	struct section_pages *pages;
};

static int open_file(void **state)
{
	struct file *file = calloc(1, sizeof(*file));

	assert_non_null(file);
	for (size_t i = 0; i < sizeof(file->bytes); i++)
		file->bytes[i] = (unsigned char)(i * 7 + i / 251);
	file->fd = fixture_memfd(file->bytes, sizeof(file->bytes));
	assert_return_code(section_pages_open(file->fd, SECTION_OFFSET, SECTION_LEN, &file->pages),
			   0);
	*state = file;
	return 0;
}

static int close_file(void **state)
{
	struct file *file = *state;

	section_pages_close(file->pages);
	close(file->fd);
	free(file);
	return 0;
}

static void assert_has(const struct file *file, size_t offset, size_t len)
{
	assert_true(section_pages_need(file->pages, offset, len));
	assert_memory_equal(file->pages->start + offset, file->bytes + SECTION_OFFSET + offset,
			    len);
}

static void parts_are_read_when_needed(void **state)
{
	struct file *file = *state;

	assert_int_equal(file->pages->loaded_len, 0);
	assert_has(file, 50000, 10);
	assert_int_equal(file->pages->loaded_len, 4096);
	assert_has(file, 50001, 9);
	assert_int_equal(file->pages->loaded_len, 4096);
	assert_has(file, SECTION_LEN - 1, 1);
	assert_has(file, SECTION_LEN, 0);
	assert_has(file, 0, SECTION_LEN);
	assert_int_equal(file->pages->loaded_len, SECTION_LEN);
}

static void parts_outside_are_refused(void **state)
{
	struct file *file = *state;

	assert_false(section_pages_need(file->pages, SECTION_LEN, 1));
	assert_false(section_pages_need(file->pages, SECTION_LEN + 1, 0));
	assert_false(section_pages_need(file->pages, 1, SECTION_LEN));
	assert_false(section_pages_need(file->pages, 1, UINT64_MAX));
}

static void dropped_parts_are_read_again(void **state)
{
	struct file *file = *state;

	assert_has(file, 0, SECTION_LEN);
	section_pages_drop(file->pages);
	assert_int_equal(file->pages->loaded_len, 0);
	assert_int_equal(file->pages->start[77], 0);
	assert_has(file, 70, 10);
}

/* Its owner cuts it: what was read stays, the rest is refused. */
static void short_files(void **state)
{
	struct file *file = *state;

	assert_has(file, 0, 5000);
	assert_return_code(ftruncate(file->fd, SECTION_OFFSET + 20000), 0);
	assert_has(file, 0, 5000);
	assert_false(section_pages_need(file->pages, 0, SECTION_LEN));
	assert_has(file, 8192, 1000);
}

static void loaded_files_need_no_descriptor(void **state)
{
	struct file *file = *state;

	section_pages_load(file->pages);
	assert_int_equal(file->pages->fd, -1);
	assert_has(file, 0, SECTION_LEN);
	section_pages_drop(file->pages); /* there is nothing to read it from again */
	assert_has(file, 0, SECTION_LEN);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_file, close_file)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(parts_are_read_when_needed),      TEST(parts_outside_are_refused),
		TEST(dropped_parts_are_read_again),    TEST(short_files),
		TEST(loaded_files_need_no_descriptor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
