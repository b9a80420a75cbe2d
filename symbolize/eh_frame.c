// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/eh_frame.h"

#include <dwarf.h>
#include <elf.h>
#include <elfutils/libdw.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>

#define EH_FRAME_LEN_MAX ((size_t)256 * 1024 * 1024)
#define FUNCTIONS_MAX (4 * 1024 * 1024)

struct section {
	Elf_Data data;
	const unsigned char *ident;
	uint64_t address;
};

struct cursor { /* over one FDE */
	const unsigned char *at, *end;
};

/* An entry's DW_EH_PE_* encoding of addresses; -1 when its augmentation is not understood. */
static int address_encoding(const Dwarf_CIE *cie)
{
	const unsigned char *data = cie->augmentation_data;
	const unsigned char *end = data ? data + cie->augmentation_data_size : data;
	const char *letter = cie->augmentation;

	if (*letter != 'z')
		return *letter ? -1 : DW_EH_PE_absptr;
	for (letter++; *letter; letter++) {
		if (*letter == 'S' || *letter == 'B')
			continue; /* signal frame, signed return addresses: no data */
		if (data >= end || *letter == 'P')
			return -1; /* a personality's length is not worth knowing, as R is before it */
		if (*letter == 'R')
			return *data;
		data++;
	}
	return DW_EH_PE_absptr;
}

/* Reads a little-endian number in one of the forms compilers use. */
static bool read_encoded(struct cursor *cursor, int encoding, uint64_t *ret_value)
{
	size_t len = (encoding & 0x07) == DW_EH_PE_udata4 ? 4 : 8;
	int form = encoding & 0x07;
	uint64_t value = 0;

	if (form != DW_EH_PE_absptr && form != DW_EH_PE_udata4 && form != DW_EH_PE_udata8)
		return false;
	if ((size_t)(cursor->end - cursor->at) < len)
		return false;
	memcpy(&value, cursor->at, len);
	if (len == 4 && (encoding & 0x08)) /* sdata4 */
		value = (uint64_t)(int64_t)(int32_t)value;
	cursor->at += len;
	*ret_value = value;
	return true;
}

static bool read_uleb(struct cursor *cursor, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned int shift = 0; cursor->at < cursor->end && shift < 63; shift += 7) {
		unsigned char byte = *cursor->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* Do the instructions, or those all functions of this CIE begin with, start with "undefined RA"? */
static bool begins_undefined(struct cursor code, uint64_t return_register)
{
	uint64_t number;

	while (code.at < code.end && *code.at == DW_CFA_nop)
		code.at++;
	if (code.at == code.end || *code.at++ != DW_CFA_undefined)
		return false;
	return read_uleb(&code, &number) && number == return_register;
}

static bool read_function(const struct section *section, const Dwarf_CFI_Entry *entry,
			  const Dwarf_CIE *cie, struct eh_function *ret_function)
{
	struct cursor cursor = {entry->fde.start, entry->fde.end};
	int encoding = address_encoding(cie);
	uint64_t field = section->address +
			 (uint64_t)(cursor.at - (const unsigned char *)section->data.d_buf);
	uint64_t start, len, augmentation_len;

	if (encoding < 0 || !read_encoded(&cursor, encoding, &start) ||
	    !read_encoded(&cursor, encoding & 0x07, &len) || len == 0)
		return false;
	if ((encoding & 0x70) == DW_EH_PE_pcrel)
		start += field;
	else if (encoding & 0x70)
		return false;
	*ret_function = (struct eh_function){.start = start, .limit = start + len};
	if (start + len < start)
		return false;
	if (cie->augmentation[0] == 'z') {
		if (!read_uleb(&cursor, &augmentation_len) ||
		    augmentation_len > (uint64_t)(cursor.end - cursor.at))
			return false;
		cursor.at += augmentation_len;
	}
	ret_function->has_no_caller = begins_undefined(cursor, cie->return_address_register);
	return true;
}

/* The CIE of an FDE; consecutive FDEs mostly share theirs. */
static bool find_cie(struct section *section, Dwarf_Off offset, Dwarf_CFI_Entry *cie,
		     Dwarf_Off *cached_offset)
{
	Dwarf_Off next;

	if (offset == *cached_offset)
		return true;
	*cached_offset = (Dwarf_Off)-1;
	if (dwarf_next_cfi(section->ident, &section->data, true, offset, &next, cie) != 0 ||
	    !dwarf_cfi_cie_p(cie))
		return false;
	*cached_offset = offset;
	return true;
}

static int read_functions(struct section *section, struct eh_functions *functions)
{
	Dwarf_CFI_Entry entry, cie;
	Dwarf_Off offset = 0, next, cie_offset = (Dwarf_Off)-1;
	struct eh_function function;
	int r;

	for (; functions->list.len < FUNCTIONS_MAX; offset = next) {
		r = dwarf_next_cfi(section->ident, &section->data, true, offset, &next, &entry);
		if (r > 0 || next <= offset)
			return 0;
		if (r < 0 || dwarf_cfi_cie_p(&entry))
			continue;
		if (!find_cie(section, entry.fde.CIE_pointer, &cie, &cie_offset) ||
		    !read_function(section, &entry, &cie.cie, &function))
			continue;
		if (vec_push(&functions->list, function) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int compare_starts(const void *left, const void *right)
{
	const struct eh_function *a = left, *b = right;

	return (a->start > b->start) - (a->start < b->start);
}

int eh_frame_read(const struct elf_file *file, struct eh_functions *ret_functions)
{
	struct Elf_Scn *scn = elf_file_section(file, ".eh_frame", 0);
	struct eh_functions functions = {0};
	struct section section = {.data = {.d_type = ELF_T_BYTE}};
	const void *bytes;
	size_t len;
	GElf_Shdr header;

	*ret_functions = functions;
	bytes = elf_file_bytes(scn, EH_FRAME_LEN_MAX, &len);
	section.ident = (const unsigned char *)elf_getident(file->elf, NULL);
	if (!bytes || !section.ident || !gelf_getshdr(scn, &header) ||
	    section.ident[EI_CLASS] != ELFCLASS64 || section.ident[EI_DATA] != ELFDATA2LSB)
		return 0;
	section.data.d_buf = (void *)(uintptr_t)bytes;
	section.data.d_size = len;
	section.address = header.sh_addr;
	if (read_functions(&section, &functions) < 0) {
		eh_frame_free(&functions);
		return -ENOMEM;
	}
	if (functions.list.len)
		qsort(functions.list.items, functions.list.len, sizeof(struct eh_function),
		      compare_starts);
	*ret_functions = functions;
	return 0;
}

void eh_frame_free(struct eh_functions *functions)
{
	vec_free(&functions->list);
}
