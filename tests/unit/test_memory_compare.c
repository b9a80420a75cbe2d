// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A file, and memory of our own that holds the same, something else, or waits for us. */
#include "profiler/process/memory_compare.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fs.h"

#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cmocka.h>

#define LEN (16u * 4096)
#define OFFSET 100u /* in the file */

struct pair {
	unsigned char *memory;
	struct memory_span span;
	struct memory_compare compare;
};

static int set_up(void **state)
{
	struct pair *pair = calloc(1, sizeof(*pair));
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_non_null(pair);
	pair->memory = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(fd >= 0 && pair->memory != MAP_FAILED);
	for (uint32_t i = 0; i < LEN; i++)
		pair->memory[i] = (unsigned char)(i * 7 + i / 256 + 1);
	assert_int_equal(ftruncate(fd, OFFSET), 0);
	assert_int_equal(lseek(fd, OFFSET, SEEK_SET), OFFSET);
	assert_int_equal(fs_write_all(fd, pair->memory, LEN), 0);
	pair->span = (struct memory_span){
		.tgid = (uint32_t)getpid(),
		.address = (uint64_t)(uintptr_t)pair->memory,
		.len = LEN,
		.fd = fd,
		.offset = OFFSET,
	};
	*state = pair;
	return 0;
}

static int tear_down(void **state)
{
	struct pair *pair = *state;

	close(pair->span.fd);
	munmap(pair->memory, LEN);
	free(pair);
	return 0;
}

static bool is_same(struct pair *pair)
{
	return memory_compare_is_same(&pair->compare, &pair->span);
}

static void what_is_the_same_is_told(void **state)
{
	struct pair *pair = *state;

	assert_true(is_same(pair));
	pair->span.len = 256;
	assert_true(is_same(pair));
	pair->span.len = 255;
	assert_false(is_same(pair));
}

static void what_is_not_is_told(void **state)
{
	static const unsigned char zeros[LEN];
	struct pair *pair = *state;

	pair->memory[LEN - 1] ^= 1;
	assert_false(is_same(pair));
	pair->memory[LEN - 1] ^= 1;
	pair->span.offset++;
	assert_false(is_same(pair));
	pair->span.offset = OFFSET + LEN; /* where the file ends */
	assert_false(is_same(pair));
	pair->span.offset = OFFSET;
	assert_true(is_same(pair));
	memset(pair->memory, 0, LEN);
	assert_int_equal(pwrite(pair->span.fd, zeros, LEN, OFFSET), LEN);
	assert_false(is_same(pair)); /* nobody wrote anything */
	munmap(pair->memory, LEN / 2);
	assert_false(is_same(pair));
}

/* Each costs something, so that nobody can have us do nothing else. */
static void there_are_so_many_a_minute(void **state)
{
	struct pair *pair = *state;

	assert_true(is_same(pair));
	pair->compare.asked = MEMORY_COMPARE_MAX - 1;
	assert_true(is_same(pair));
	assert_false(is_same(pair));
	assert_true(pair->compare.since_ns > 61 * NS_PER_SEC);
	pair->compare.since_ns -= 61 * NS_PER_SEC;
	assert_true(is_same(pair));
}

/* Who reads the memory waits for us to say what it holds. */
static int withhold(const struct pair *pair)
{
	struct uffdio_api api = {.api = UFFD_API};
	struct uffdio_register range = {
		.range = {.start = pair->span.address, .len = LEN},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		return -1;
	assert_int_equal(madvise(pair->memory, LEN, MADV_DONTNEED), 0);
	assert_int_equal(ioctl(fd, UFFDIO_API, &api), 0);
	assert_int_equal(ioctl(fd, UFFDIO_REGISTER, &range), 0);
	return fd;
}

static void who_never_answers_costs_a_moment(void **state)
{
	struct pair *pair = *state;
	uint64_t begin_ns = clock_ns(CLOCK_MONOTONIC);
	int fd = withhold(pair);

	if (fd < 0)
		skip(); /* others than root may not */
	alarm(60);
	assert_false(is_same(pair));
	for (int i = 0; i < 100; i++)
		assert_false(is_same(pair));
	assert_true(clock_ns(CLOCK_MONOTONIC) - begin_ns < 10 * NS_PER_SEC);
	assert_true(pair->compare.stuck > 0);
	close(fd);
	alarm(0);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_the_same_is_told),
		TEST(what_is_not_is_told),
		TEST(there_are_so_many_a_minute),
		TEST(who_never_answers_costs_a_moment),
	};

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* where only ancestors may read memory */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
