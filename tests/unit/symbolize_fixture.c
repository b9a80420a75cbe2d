// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/unit/symbolize_fixture.h"

#include "base/fs.h"
#include "symbolize/symbolizer.h"

#include <elfutils/libdw.h>
#include <fcntl.h>
#include <gelf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define FIXTURES "build/fixtures/symbolize/"

struct elf {
	int fd;
	Elf *elf;
};

const char *fixture_path(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), FIXTURES "%s", name);
	return path;
}

int fixture_open_optional(const char *name)
{
	return open(fixture_path(name), O_RDONLY | O_CLOEXEC);
}

int fixture_open(const char *name)
{
	int fd = fixture_open_optional(name);

	if (fd < 0)
		fail_msg("%s is missing: run make fixtures", fixture_path(name));
	return fd;
}

int fixture_add(struct symbolizer *symbolizer, const char *name)
{
	_cleanup_close_ int fd = fixture_open(name);
	int object = symbolizer_add_file(symbolizer, fd, fixture_path(name));

	assert_return_code(object, 0);
	return object;
}

void fixture_read(const char *name, struct buf *out)
{
	_cleanup_close_ int fd = fixture_open(name);

	assert_return_code(fs_read_fd(fd, 64 << 20, out), 0);
}

int fixture_memfd(const void *data, size_t len)
{
	int fd = memfd_create("fixture", MFD_CLOEXEC);

	assert_return_code(fd, 0);
	assert_return_code(fs_write_all(fd, data, len), 0);
	return fd;
}

static struct elf elf_open(const char *name)
{
	struct elf elf = {.fd = fixture_open(name)};

	elf_version(EV_CURRENT);
	elf.elf = elf_begin(elf.fd, ELF_C_READ, NULL);
	assert_non_null(elf.elf);
	return elf;
}

static void elf_close(struct elf *elf)
{
	elf_end(elf->elf);
	close(elf->fd);
}

static bool symbol_in(Elf *elf, Elf_Scn *section, const char *symbol, uint64_t *ret_address)
{
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Shdr header;
	GElf_Sym entry;

	gelf_getshdr(section, &header);
	for (int i = 0; data && gelf_getsym(data, i, &entry); i++) {
		const char *name = elf_strptr(elf, header.sh_link, entry.st_name);

		if (name && strcmp(name, symbol) == 0 && entry.st_shndx != SHN_UNDEF) {
			*ret_address = entry.st_value;
			return true;
		}
	}
	return false;
}

uint64_t fixture_symbol(const char *name, const char *symbol)
{
	_cleanup_(elf_close) struct elf elf = elf_open(name);
	Elf_Scn *section = NULL;
	uint64_t address;
	GElf_Shdr header;

	while ((section = elf_nextscn(elf.elf, section))) {
		gelf_getshdr(section, &header);
		if ((header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM) &&
		    symbol_in(elf.elf, section, symbol, &address))
			return address;
	}
	fail_msg("no symbol %s in %s", symbol, name);
	return 0;
}

/* The header of the executable segment that holds the address; false when none does. */
static bool code_segment(Elf *elf, uint64_t address, GElf_Phdr *ret_header)
{
	size_t count = 0;

	elf_getphdrnum(elf, &count);
	for (size_t i = 0; i < count; i++)
		if (gelf_getphdr(elf, (int)i, ret_header) && ret_header->p_type == PT_LOAD &&
		    (ret_header->p_flags & PF_X) && address >= ret_header->p_vaddr &&
		    address - ret_header->p_vaddr < ret_header->p_filesz)
			return true;
	return false;
}

uint64_t fixture_offset(const char *name, uint64_t address)
{
	_cleanup_(elf_close) struct elf elf = elf_open(name);
	GElf_Phdr header;

	assert_true(code_segment(elf.elf, address, &header));
	return address - header.p_vaddr + header.p_offset;
}

/* libdw puts the end of a sequence before the rows of its address: those are often empty ones. */
static bool is_end_at(Dwarf_Line *line, Dwarf_Addr address)
{
	Dwarf_Addr own = 0;
	bool is_end = false;

	dwarf_lineaddr(line, &own);
	dwarf_lineendsequence(line, &is_end);
	return is_end && own == address;
}

static void unit_rows(Elf *elf, Dwarf_Die *unit, struct addresses *rows)
{
	Dwarf_Lines *lines;
	size_t count;
	GElf_Phdr header;

	if (dwarf_getsrclines(unit, &lines, &count) != 0)
		return;
	for (size_t i = 1; i < count; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i);
		Dwarf_Addr address = 0;

		dwarf_lineaddr(line, &address);
		if (address != 0 && !is_end_at(line, address) &&
		    !is_end_at(dwarf_onesrcline(lines, i - 1), address) &&
		    code_segment(elf, address, &header))
			assert_return_code(vec_push(&rows->list, address), 0);
	}
}

void fixture_rows(const char *name, struct addresses *ret_rows)
{
	_cleanup_(elf_close) struct elf elf = elf_open(name);
	Dwarf *dwarf = dwarf_begin_elf(elf.elf, DWARF_C_READ, NULL);
	Dwarf_CU *cursor = NULL;
	Dwarf_Die unit;

	assert_non_null(dwarf);
	while (dwarf_get_units(dwarf, cursor, &cursor, NULL, NULL, &unit, NULL) == 0)
		unit_rows(elf.elf, &unit, ret_rows);
	dwarf_end(dwarf);
}
