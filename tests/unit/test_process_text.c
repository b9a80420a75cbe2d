// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Code copied to memory at its file's addresses, in our own process. */
#include "profiler/process/processes.h"
#include "tests/unit/walk_self.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define PAGE 4096u
#define PAGES 16u
#define FIRST 4u /* of the pages that become memory */
#define LEN ((PAGES - 2 * FIRST) * PAGE)

/* Pages of a library's code, mapped once more; the middle ones then hold the same in memory. */
static unsigned char *map_copied(const struct mapping *code)
{
	const void *from = (const void *)(uintptr_t)code->start;
	unsigned char *pages =
		mmap(NULL, PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	Dl_info library;
	int fd;

	assert_true(pages != MAP_FAILED && code->limit - code->start >= PAGES * PAGE);
	assert_true(dladdr(from, &library));
	fd = open(library.dli_fname, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_ptr_equal(mmap(pages, PAGES * PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED,
			      fd, (off_t)code->file_offset),
			 pages);
	close(fd);
	assert_ptr_equal(mmap(pages + FIRST * PAGE, LEN, PROT_READ | PROT_WRITE | PROT_EXEC,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 pages + FIRST * PAGE);
	memcpy(pages + FIRST * PAGE, (const char *)from + FIRST * PAGE, LEN);
	return pages;
}

static struct mapping seen_at(const void *address)
{
	struct mapping mapping;
	struct self self;

	assert_int_equal(self_set_up(&self), 0);
	mapping = *self_mapping_of(&self, address);
	self_tear_down(&self);
	return mapping;
}

static void copied_text_is_the_files(void **state)
{
	const struct mapping code = seen_at((const void *)(uintptr_t)memcpy);
	unsigned char *pages = map_copied(&code);
	struct mapping head = seen_at(pages), middle = seen_at(pages + FIRST * PAGE);

	(void)state;
	assert_int_equal(middle.object, head.object);
	assert_int_equal(middle.file_offset, code.file_offset + FIRST * PAGE);
	munmap(pages, PAGES * PAGE);
}

static void other_code_is_not(void **state)
{
	const struct mapping code = seen_at((const void *)(uintptr_t)memcpy);
	unsigned char *pages = map_copied(&code);

	(void)state;
	memset(pages + FIRST * PAGE + LEN / 2, 0xcc, PAGE);
	assert_int_equal(seen_at(pages + FIRST * PAGE).object, OBJECT_ID_ANON);
	memset(pages + FIRST * PAGE, 0, LEN);
	assert_int_equal(seen_at(pages + FIRST * PAGE).object, OBJECT_ID_ANON);
	munmap(pages, PAGES * PAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copied_text_is_the_files),
		cmocka_unit_test(other_code_is_not),
	};

	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); /* where only ancestors may read memory */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
