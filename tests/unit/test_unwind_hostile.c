// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Files that are broken: unwind tables of what is there, or an error. */
#include "profiler/unwind/unwind_table.h"
#include "tests/unit/cfi_file.h"

#include <errno.h>
#include <sys/mman.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct elf_source in_memory(const struct buf *elf)
{
	return (struct elf_source){.fd = -1, .memory = elf->data, .memory_len = elf->len};
}

/* Whatever a file lacks or has wrong: an error or a table, never a read outside it. */
static void every_prefix_is_survived(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16));
	cfi_file_make_elf(&file, &elf);
	buf_free(&file.cfi);
	for (size_t len = 0; len < elf.len; len += len < CFI_OFFSET + 64 ? 1 : 17) {
		_cleanup_free_ uint8_t *exact = malloc(len ? len : 1);
		struct elf_source source = {.fd = -1, .memory = exact, .memory_len = len};
		struct unwind_table table;

		memcpy(exact, elf.data, len);
		if (unwind_table_compile(source, &table, NULL) == 0)
			unwind_table_free(&table);
	}
}

static void every_wrong_byte_is_survived(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};

	(void)state;
	cfi_file_put_usual_cie(&file);
	cfi_file_put_fde(&file, CODE + 0x10, 0x40, BYTES(0x41, 0x0e, 16, 0x0f, 3, 0x77, 8, 0x06));
	cfi_file_make_elf(&file, &elf);
	buf_free(&file.cfi);
	for (size_t at = 0; at < elf.len; at++) {
		static const uint8_t wrongs[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
		uint8_t right = elf.data[at];

		for (size_t i = 0; i < sizeof(wrongs); i++) {
			struct unwind_table table;

			elf.data[at] = wrongs[i];
			if (unwind_table_compile(in_memory(&elf), &table, NULL) == 0)
				unwind_table_free(&table);
		}
		elf.data[at] = right;
	}
}

static void assert_refused(const void *bytes, size_t len, int code)
{
	_cleanup_close_ int fd = memfd_create("elf", MFD_CLOEXEC);
	struct unwind_table table;
	struct err err = {0};

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, len), len);
	assert_int_equal(unwind_table_compile((struct elf_source){.fd = fd}, &table, &err), code);
	assert_true(err.text[0]);
}

static void what_is_no_program_is_refused(void **state)
{
	struct cfi_file file = {.section = ".eh_frame"};
	_cleanup_buf_ struct buf elf = {0};
	Elf64_Ehdr *header;
	int pipes[2];
	struct unwind_table table;

	(void)state;
	cfi_file_make_elf(&file, &elf);
	header = (Elf64_Ehdr *)(void *)elf.data;
	assert_refused("#!/bin/sh\n", 10, -ENOEXEC);
	assert_refused("", 0, -ENOEXEC);
	assert_refused(elf.data, 100, -ENODATA);
	header->e_machine = EM_AARCH64;
	assert_refused(elf.data, elf.len, -ENOTSUP);
	header->e_machine = EM_X86_64;
	header->e_type = ET_REL;
	assert_refused(elf.data, elf.len, -ENOEXEC);
	header->e_type = ET_EXEC;
	header->e_phnum = 0;
	assert_refused(elf.data, elf.len, -ENOEXEC);
	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(unwind_table_compile((struct elf_source){.fd = pipes[0]}, &table, NULL),
			 -ENOEXEC);
	close(pipes[0]);
	close(pipes[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_prefix_is_survived),
		cmocka_unit_test(every_wrong_byte_is_survived),
		cmocka_unit_test(what_is_no_program_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
