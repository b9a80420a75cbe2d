// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/table_builder.h"

#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG_NS (60 * NS_PER_SEC)

static int set_up(void **state)
{
	struct table_builder *builder = NULL;

	if (table_builder_new(NULL, &builder) < 0)
		return -1;
	*state = builder;
	return 0;
}

static int tear_down(void **state)
{
	table_builder_free(*state);
	return 0;
}

static int open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static void a_table_is_built(void **state)
{
	struct table_builder *builder = *state;
	int fd = open_file("/proc/self/exe");
	struct table_build build;

	assert_false(table_builder_take(builder, &build));
	assert_int_equal(table_builder_ask(builder, 7, (struct elf_source){.fd = fd}), 0);
	close(fd); /* it has its own */
	assert_true(table_builder_settle(builder, LONG_NS));
	assert_true(table_builder_take(builder, &build));
	assert_int_equal(build.object, 7);
	assert_int_equal(build.error, 0);
	assert_true(build.table.object.row_cnt > 100);
	assert_true(build.table.segments.len > 0);
	unwind_table_free(&build.table);
	assert_false(table_builder_take(builder, &build));
}

static void what_is_no_object_has_an_error(void **state)
{
	_cleanup_close_ int fd = open_file("/proc/self/maps");
	struct table_builder *builder = *state;
	struct table_build build;

	assert_int_equal(table_builder_ask(builder, 3, (struct elf_source){.fd = fd}), 0);
	assert_true(table_builder_settle(builder, LONG_NS));
	assert_true(table_builder_take(builder, &build));
	assert_int_equal(build.object, 3);
	assert_true(build.error < 0);
	unwind_table_free(&build.table);
	assert_int_equal(table_builder_ask(builder, 3, (struct elf_source){.fd = -1}), -EBADF);
}

/* However often it is asked for, while queued, being built, or finished but not taken. */
static void one_object_is_built_once(void **state)
{
	_cleanup_close_ int fd = open_file("/proc/self/exe");
	struct table_builder *builder = *state;
	struct table_build build;

	do
		for (int i = 0; i < 100; i++)
			assert_int_equal(
				table_builder_ask(builder, 1, (struct elf_source){.fd = fd}), 0);
	while (!table_builder_settle(builder, 0));
	assert_int_equal(table_builder_ask(builder, 1, (struct elf_source){.fd = fd}), 0);
	assert_true(table_builder_settle(builder, LONG_NS));
	assert_true(table_builder_take(builder, &build));
	unwind_table_free(&build.table);
	assert_false(table_builder_take(builder, &build));
	/* Once taken, it may be asked for anew. */
	assert_int_equal(table_builder_ask(builder, 1, (struct elf_source){.fd = fd}), 0);
	assert_true(table_builder_settle(builder, LONG_NS));
	assert_true(table_builder_take(builder, &build));
	unwind_table_free(&build.table);
}

static void all_that_are_asked_for_come(void **state)
{
	_cleanup_close_ int fd = open_file("/proc/self/exe");
	struct table_builder *builder = *state;
	uint32_t seen = 0;
	struct table_build build;

	for (uint32_t object = 0; object < 20; object++)
		assert_int_equal(table_builder_ask(builder, object, (struct elf_source){.fd = fd}),
				 0);
	assert_true(table_builder_settle(builder, LONG_NS));
	while (table_builder_take(builder, &build)) {
		assert_int_equal(seen & 1u << build.object, 0);
		seen |= 1u << build.object;
		unwind_table_free(&build.table);
	}
	assert_int_equal(seen, (1u << 20) - 1);
}

/* With work queued, under way and finished; leaks are the sanitizer's to find. */
static void it_can_be_freed_at_any_time(void **state)
{
	_cleanup_close_ int fd = open_file("/proc/self/exe");

	(void)state;
	for (int round = 0; round < 10; round++) {
		struct table_builder *builder;

		assert_int_equal(table_builder_new(NULL, &builder), 0);
		for (uint32_t object = 0; object < 5; object++)
			assert_int_equal(
				table_builder_ask(builder, object, (struct elf_source){.fd = fd}),
				0);
		table_builder_settle(builder, (uint64_t)round * NS_PER_MS);
		assert_null(table_builder_free(builder));
	}
	assert_null(table_builder_free(NULL));
}

#define BUILDER_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		BUILDER_TEST(a_table_is_built),
		BUILDER_TEST(what_is_no_object_has_an_error),
		BUILDER_TEST(one_object_is_built_once),
		BUILDER_TEST(all_that_are_asked_for_come),
		cmocka_unit_test(it_can_be_freed_at_any_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
