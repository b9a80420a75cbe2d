// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/object_build_id.h"

#include "profiler/process/elf_headers.h"

#include <string.h>

#define PROGRAM_HEADERS_MAX 256u
#define NOTES_LEN_MAX 4096u /* what the kernel looks through as well: one page */

/* Notes are padded to 4 bytes; only .note.gnu.property's segment to 8, where no build-id is. */
static size_t padded(uint32_t len)
{
	return ((size_t)len + 3) & ~(size_t)3;
}

bool object_build_id_find(const unsigned char *notes, size_t len,
			  struct object_build_id *ret_build_id)
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
			ret_build_id->len = (uint8_t)note.n_descsz;
			memcpy(ret_build_id->bytes, notes + name_len, note.n_descsz);
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
	struct elf_headers headers;
	int r = elf_headers_read(fd, &headers);

	if (r < 0)
		return r;
	for (uint32_t i = 0; i < MIN(headers.count, PROGRAM_HEADERS_MAX); i++) {
		unsigned char notes[NOTES_LEN_MAX];
		Elf64_Phdr segment;
		size_t len;

		if (elf_headers_segment(fd, &headers, i, &segment) < 0)
			break;
		len = MIN(segment.p_filesz, sizeof(notes));
		if (segment.p_type != PT_NOTE ||
		    elf_headers_read_at(fd, notes, len, segment.p_offset) < 0)
			continue;
		if (object_build_id_find(notes, len, &build_id))
			break;
	}
	*ret_build_id = build_id;
	return 0;
}
