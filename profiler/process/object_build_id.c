// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/object_build_id.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#define PROGRAM_HEADERS_MAX 256u
#define NOTES_LEN_MAX 4096u /* what the kernel looks through as well: one page */

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OUR_BYTE_ORDER ELFDATA2LSB
#else
#define OUR_BYTE_ORDER ELFDATA2MSB
#endif

struct headers { /* where the program headers are */
	uint64_t offset;
	uint32_t count, size;
	bool wide; /* ELFCLASS64 */
};

/* All of it, or -ENODATA at the end of the file. */
static int read_at(int fd, void *data, size_t len, uint64_t offset)
{
	ssize_t n;

	if (offset > INT64_MAX - len)
		return -ENODATA;
	n = pread(fd, data, len, (off_t)offset);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -ENODATA;
}

static int read_headers(int fd, struct headers *ret)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
	int r = read_at(fd, &narrow, sizeof(narrow), 0);

	if (r < 0)
		return r == -ENODATA ? -ENOEXEC : r;
	if (memcmp(narrow.e_ident, ELFMAG, SELFMAG) != 0 ||
	    narrow.e_ident[EI_DATA] != OUR_BYTE_ORDER)
		return -ENOEXEC;
	if (narrow.e_ident[EI_CLASS] != ELFCLASS64) {
		*ret = (struct headers){narrow.e_phoff, narrow.e_phnum, narrow.e_phentsize, false};
		return ret->size == sizeof(Elf32_Phdr) ? 0 : -ENOEXEC;
	}
	r = read_at(fd, &wide, sizeof(wide), 0);
	if (r < 0)
		return r == -ENODATA ? -ENOEXEC : r;
	*ret = (struct headers){wide.e_phoff, wide.e_phnum, wide.e_phentsize, true};
	return ret->size == sizeof(Elf64_Phdr) ? 0 : -ENOEXEC;
}

static int read_note_segment(int fd, const struct headers *headers, uint32_t i, Elf64_Phdr *ret)
{
	uint64_t at = headers->offset + (uint64_t)i * headers->size;
	Elf32_Phdr narrow;
	int r;

	if (headers->wide)
		return read_at(fd, ret, sizeof(*ret), at);
	r = read_at(fd, &narrow, sizeof(narrow), at);
	if (r < 0)
		return r;
	*ret = (Elf64_Phdr){.p_type = narrow.p_type,
			    .p_offset = narrow.p_offset,
			    .p_filesz = narrow.p_filesz,
			    .p_align = narrow.p_align};
	return 0;
}

/* Notes are padded to 4 bytes; only .note.gnu.property's segment to 8, where no build-id is. */
static size_t padded(uint32_t len)
{
	return ((size_t)len + 3) & ~(size_t)3;
}

static bool find_build_id(const unsigned char *notes, size_t len, struct object_build_id *ret)
{
	while (len >= sizeof(Elf64_Nhdr)) {
		Elf64_Nhdr note; /* Elf32_Nhdr is the same */
		size_t name_len, desc_len;

		memcpy(&note, notes, sizeof(note));
		notes += sizeof(note);
		len -= sizeof(note);
		name_len = padded(note.n_namesz);
		desc_len = padded(note.n_descsz);
		if (name_len > len || desc_len > len - name_len)
			return false;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof(ELF_NOTE_GNU) &&
		    memcmp(notes, ELF_NOTE_GNU, sizeof(ELF_NOTE_GNU)) == 0 && note.n_descsz &&
		    note.n_descsz <= OBJECT_BUILD_ID_MAX) {
			ret->len = (uint8_t)note.n_descsz;
			memcpy(ret->bytes, notes + name_len, ret->len);
			return true;
		}
		notes += name_len + desc_len;
		len -= name_len + desc_len;
	}
	return false;
}

int object_build_id_read(int fd, struct object_build_id *ret_build_id)
{
	struct object_build_id build_id = {.len = 0};
	struct headers headers;
	int r = read_headers(fd, &headers);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < MIN(headers.count, PROGRAM_HEADERS_MAX); i++) {
		unsigned char notes[NOTES_LEN_MAX];
		Elf64_Phdr segment;
		size_t len;

		if (read_note_segment(fd, &headers, i, &segment) < 0)
			break;
		len = MIN(segment.p_filesz, sizeof(notes));
		if (segment.p_type != PT_NOTE || read_at(fd, notes, len, segment.p_offset) < 0)
			continue;
		if (find_build_id(notes, len, &build_id))
			break;
	}
	*ret_build_id = build_id;
	return 0;
}
