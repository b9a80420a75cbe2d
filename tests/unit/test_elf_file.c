// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Identity and segments, and files that are not what they claim. */
#include "symbolize/elf_file.h"

#include "symbolize/symtab.h"
#include "tests/unit/symbolize_fixture.h"

#include <elf.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void close_file(struct elf_file **file)
{
	elf_file_close(*file);
}

#define _cleanup_elf_ _cleanup_(close_file)

static struct elf_file *open_fixture(const char *name)
{
	struct elf_file *file = NULL;

	assert_return_code(elf_file_open(fixture_open(name), &file), 0);
	return file;
}

/* The build-id in the words of readelf. */
static void read_build_id(const char *path, char *ret_id, size_t size)
{
	char command[512], line[256] = "";
	FILE *pipe;

	snprintf(command, sizeof(command),
		 "readelf -n '%s' 2>/dev/null | sed -n 's/.*Build ID: //p'", path);
	pipe = popen(command, "re");
	assert_non_null(pipe);
	(void)!fgets(line, sizeof(line), pipe);
	pclose(pipe);
	line[strcspn(line, "\n")] = '\0';
	snprintf(ret_id, size, "%s", line);
}

static void build_ids(void **state)
{
	static const char *const names[] = {"chain_pie", "chain_static", "chain_dynsym",
					    "chain_stripped", "labels"};
	char expected[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		_cleanup_elf_ struct elf_file *file = open_fixture(names[i]);

		read_build_id(fixture_path(names[i]), expected, sizeof(expected));
		assert_string_equal(file->build_id, expected);
	}
}

/* Each byte of each executable segment has its address, also where that is far from the offset. */
static void offsets_become_addresses(void **state)
{
	_cleanup_elf_ struct elf_file *file = open_fixture("chain_high");
	uint64_t far = fixture_symbol("chain_high", "chain_far");
	uint64_t outer = fixture_symbol("chain_high", "chain_outer");
	const struct elf_segment *segment;
	uint64_t address;

	(void)state;
	assert_int_equal(file->segments.len, 2);
	segment = elf_file_find_offset(file, fixture_offset("chain_high", far), &address);
	assert_ptr_equal(segment, &file->segments.items[1]);
	assert_int_equal(address, far);
	segment = elf_file_find_offset(file, fixture_offset("chain_high", outer), &address);
	assert_ptr_equal(segment, &file->segments.items[0]);
	assert_int_equal(address, outer);
	assert_true(elf_file_is_code(file, far));
	assert_false(elf_file_is_code(file, 0x70000000)); /* the file's headers */
	assert_null(elf_file_find_offset(file, 0, &address));
	assert_null(elf_file_find_offset(file, UINT64_MAX, &address));
}

/* The kernel maps whole pages, so the rest of the last page of a segment is code too. */
static void pages_are_mapped_whole(void **state)
{
	_cleanup_elf_ struct elf_file *file = open_fixture("chain_pie");
	const struct elf_segment *segment = &file->segments.items[0];
	uint64_t end = segment->file_offset + segment->file_len, address;

	(void)state;
	assert_int_not_equal(end & 0xfff, 0);
	assert_ptr_equal(elf_file_find_offset(file, end | 0xfff, &address), segment);
	assert_int_equal(address, segment->address + ((end | 0xfff) - segment->file_offset));
	assert_null(elf_file_find_offset(file, (end | 0xfff) + 1, &address));
}

static void what_is_not_elf(void **state)
{
	struct elf_file *file = NULL;
	int pipes[2], fd;

	(void)state;
	assert_return_code(pipe(pipes), 0);
	assert_int_equal(elf_file_open(pipes[0], &file), -ENOEXEC); /* and does not block */
	close(pipes[0]);
	close(pipes[1]);
	fd = fixture_memfd("#!/bin/sh\n", 10);
	assert_int_equal(elf_file_open(fd, &file), -ENOEXEC);
	assert_null(file);
	close(fd);
}

/* All prefixes of the header and every 512 bytes from there: an error or a file, never more. */
static void truncated_files(void **state)
{
	_cleanup_buf_ struct buf whole = {0};

	(void)state;
	fixture_read("labels", &whole);
	for (size_t len = 0; len < whole.len; len += len < 128 ? 1 : 512) {
		int fd = fixture_memfd(whole.data, len);
		struct elf_file *file = NULL;
		struct symtab symtab = {0};
		int r = elf_file_open(fd, &file);

		if (r < 0) {
			assert_true(r == -ENOEXEC || r == -EFBIG);
			close(fd);
			continue;
		}
		if (symtab_read(file, NULL, &symtab) == 0)
			symtab_free(&symtab);
		elf_file_close(file);
	}
}

/* A section that claims half a terabyte of a sparse file: refused, not allocated. */
static void claims_beyond_the_caps(void **state)
{
	_cleanup_buf_ struct buf whole = {0};
	struct elf_file *file = NULL;
	struct symtab symtab = {0};
	Elf64_Ehdr *header;
	Elf64_Shdr *sections;
	int fd;

	(void)state;
	fixture_read("chain_pie", &whole);
	header = (Elf64_Ehdr *)whole.data;
	sections = (Elf64_Shdr *)(whole.data + header->e_shoff);
	for (unsigned int i = 0; i < header->e_shnum; i++)
		if (sections[i].sh_type == SHT_SYMTAB || sections[i].sh_type == SHT_STRTAB)
			sections[i].sh_size = UINT64_C(1) << 39;
	fd = fixture_memfd(whole.data, whole.len);
	assert_return_code(ftruncate(fd, (off_t)1 << 40), 0);
	assert_int_equal(elf_file_open(fd, &file),
			 -EFBIG); /* the section names are a string table */
	close(fd);

	sections[header->e_shstrndx].sh_size = 64;
	fd = fixture_memfd(whole.data, whole.len);
	assert_return_code(ftruncate(fd, (off_t)1 << 40), 0);
	assert_return_code(elf_file_open(fd, &file), 0);
	assert_int_equal(symtab_read(file, NULL, &symtab), -EFBIG);
	elf_file_close(file);

	header->e_shnum = 0; /* section 0 would say how many */
	fd = fixture_memfd(whole.data, whole.len);
	assert_int_equal(elf_file_open(fd, &file), -EFBIG);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_ids),
		cmocka_unit_test(offsets_become_addresses),
		cmocka_unit_test(pages_are_mapped_whole),
		cmocka_unit_test(what_is_not_elf),
		cmocka_unit_test(truncated_files),
		cmocka_unit_test(claims_beyond_the_caps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
