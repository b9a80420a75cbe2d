// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/unit/cfi_file.h"

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HDR_ADDRESS UINT64_C(0x300300)
#define HDR_OFFSET 0x300
#define CFI_LEN_ROOM 0x1000

void cfi_file_put(struct buf *buf, uint64_t value, size_t len)
{
	buf_append(buf, &value, len);
}

/* An entry: its length, its id, its body. */
static size_t put_entry(struct cfi_file *file, uint64_t id, const struct buf *body)
{
	size_t id_len = file->wide && file->debug ? 8 : 4, start = file->cfi.len;

	if (file->wide)
		cfi_file_put(&file->cfi, UINT32_MAX, 4);
	cfi_file_put(&file->cfi, body->len + id_len, file->wide ? 8 : 4);
	cfi_file_put(&file->cfi, id, id_len);
	buf_append(&file->cfi, body->data, body->len);
	return start;
}

/* DW_CFA_def_cfa rsp 8; DW_CFA_offset rip 1 */
static const uint8_t cie_program[] = {0x0c, 7, 8, 0x90, 1};

void cfi_file_put_cie_version(struct cfi_file *file, uint8_t version, const char *augmentation,
			      struct cfi_bytes data)
{
	_cleanup_buf_ struct buf body = {0};

	cfi_file_put(&body, version, 1);
	buf_append(&body, augmentation, strlen(augmentation) + 1);
	if (version >= 4)
		cfi_file_put(&body, 8, 2); /* sizes of an address and of a segment selector */
	if (strcmp(augmentation, "eh") == 0)
		cfi_file_put(&body, 0, 8);
	cfi_file_put(&body, 1, 1);    /* code alignment */
	cfi_file_put(&body, 0x78, 1); /* data alignment: -8 */
	cfi_file_put(&body, 16, 1);   /* return address */
	if (augmentation[0] == 'z')
		cfi_file_put(&body, data.len, 1);
	buf_append(&body, data.data, data.len);
	buf_append(&body, cie_program, sizeof(cie_program));
	file->cie = put_entry(file, file->debug ? UINT64_MAX : 0, &body);
}

void cfi_file_put_cie(struct cfi_file *file, const char *augmentation, struct cfi_bytes data)
{
	cfi_file_put_cie_version(file, 1, augmentation, data);
}

/* What .eh_frame of every compiler has: pc-relative, 4 bytes, signed. */
void cfi_file_put_usual_cie(struct cfi_file *file)
{
	cfi_file_put_cie(file, "zR", BYTES(0x1b));
}

/* Where the body of the next entry starts, and what an FDE's id must be to name the last CIE. */
static size_t next_body(const struct cfi_file *file)
{
	return file->cfi.len + (file->wide ? 12 : 4) + (file->wide && file->debug ? 8 : 4);
}

static uint64_t cie_id(const struct cfi_file *file)
{
	return file->debug ? file->cie : file->cfi.len + (file->wide ? 12 : 4) - file->cie;
}

/* An FDE whose addresses are already encoded. */
void cfi_file_put_encoded_fde(struct cfi_file *file, struct cfi_bytes addresses, bool augmented,
			      struct cfi_bytes program)
{
	_cleanup_buf_ struct buf body = {0};

	buf_append(&body, addresses.data, addresses.len);
	if (augmented)
		cfi_file_put(&body, 0, 1);
	buf_append(&body, program.data, program.len);
	put_entry(file, cie_id(file), &body);
}

/* As cfi_file_put_usual_cie() has it. */
void cfi_file_put_fde(struct cfi_file *file, uint64_t start, uint32_t len, struct cfi_bytes program)
{
	uint32_t addresses[2] = {(uint32_t)(start - CFI_ADDRESS - next_body(file)), len};

	cfi_file_put_encoded_fde(file, (struct cfi_bytes){addresses, sizeof(addresses)}, true,
				 program);
}

void cfi_file_put_absolute_fde(struct cfi_file *file, uint64_t start, uint64_t len, bool augmented)
{
	uint64_t addresses[2] = {start, len};

	cfi_file_put_encoded_fde(file, (struct cfi_bytes){addresses, sizeof(addresses)}, augmented,
				 BYTES(0x41, 0x0e, 16));
}

static void put_segments(struct buf *elf, const struct cfi_file *file)
{
	Elf64_Phdr segments[3] = {
		{.p_type = PT_LOAD,
		 .p_flags = PF_R,
		 .p_vaddr = CFI_ADDRESS - CFI_OFFSET,
		 .p_filesz = CFI_OFFSET + file->cfi.len},
		{.p_type = PT_LOAD,
		 .p_flags = PF_R | PF_X,
		 .p_vaddr = CODE,
		 .p_offset = 0x1000,
		 .p_filesz = CODE_LEN},
		{.p_type = PT_GNU_EH_FRAME,
		 .p_vaddr = HDR_ADDRESS,
		 .p_offset = HDR_OFFSET,
		 .p_filesz = 12},
	};

	buf_append(elf, segments, sizeof(segments));
}

static void pad(struct buf *elf, size_t len)
{
	while (elf->len < len)
		buf_append_byte(elf, 0);
}

static Elf64_Shdr section_of(const struct cfi_file *file, size_t name, size_t offset)
{
	return (Elf64_Shdr){
		.sh_name = (Elf64_Word)name,
		.sh_type = SHT_PROGBITS,
		.sh_flags = file->section_flags,
		.sh_addr = file->debug ? 0 : CFI_ADDRESS,
		.sh_offset = offset,
		.sh_size = file->cfi.len,
	};
}

/* Appends a name; where among the names it is. */
static size_t put_name(struct buf *elf, size_t names, const char *name)
{
	size_t at = elf->len - names;

	buf_append(elf, name, strlen(name) + 1);
	return at;
}

/* Names, text, the unwind information, and the other, which may be nothing. */
static void put_sections(struct buf *elf, const struct cfi_file *file)
{
	size_t names = elf->len;
	Elf64_Shdr sections[4] = {
		{.sh_name = (Elf64_Word)put_name(elf, names, ""),
		 .sh_type = SHT_STRTAB,
		 .sh_offset = names},
		{.sh_type = SHT_PROGBITS,
		 .sh_flags = SHF_ALLOC | SHF_EXECINSTR,
		 .sh_addr = CODE,
		 .sh_size = 0x800},
	};
	Elf64_Ehdr *header;

	sections[1].sh_name = (Elf64_Word)put_name(elf, names, ".text");
	sections[2] = section_of(file, put_name(elf, names, file->section), CFI_OFFSET);
	if (file->also)
		sections[3] = section_of(file->also, put_name(elf, names, file->also->section),
					 CFI_OFFSET + CFI_LEN_ROOM);
	sections[0].sh_size = elf->len - names;
	pad(elf, (elf->len + 7) & ~(size_t)7);
	header = (Elf64_Ehdr *)(void *)elf->data;
	header->e_shoff = elf->len;
	header->e_shnum = ARRAY_SIZE(sections);
	header->e_shentsize = sizeof(Elf64_Shdr);
	header->e_shstrndx = 0;
	buf_append(elf, sections, sizeof(sections));
}

void cfi_file_make_elf(const struct cfi_file *file, struct buf *ret_elf)
{
	/* version 1; eh_frame_ptr as pcrel sdata4, no table */
	uint8_t hdr[] = {1, 0x1b, 0xff, 0xff, 0, 0, 0, 0};
	uint32_t to_cfi = (uint32_t)(CFI_ADDRESS - (HDR_ADDRESS + 4));
	Elf64_Ehdr header = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = EM_X86_64,
		.e_phoff = sizeof(header),
		.e_phnum = 3,
		.e_phentsize = sizeof(Elf64_Phdr),
	};

	memcpy(hdr + 4, &to_cfi, sizeof(to_cfi));
	buf_append(ret_elf, &header, sizeof(header));
	put_segments(ret_elf, file);
	pad(ret_elf, HDR_OFFSET);
	if (!file->debug)
		buf_append(ret_elf, hdr, sizeof(hdr));
	pad(ret_elf, CFI_OFFSET);
	buf_append(ret_elf, file->cfi.data, file->cfi.len);
	pad(ret_elf, CFI_OFFSET + CFI_LEN_ROOM);
	if (file->also)
		buf_append(ret_elf, file->also->cfi.data, file->also->cfi.len);
	if (file->section)
		put_sections(ret_elf, file);
	assert_int_equal(buf_error(ret_elf), 0);
}
