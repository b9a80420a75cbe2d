// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/elf_file.h"

#include "base/fs.h"
#include "symbolize/elf_relocatable.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PROGRAM_HEADERS_MAX 512
/* All of it is read: all modules but the largest of graphics cards. */
#define RELOCATABLE_LEN_MAX ((uint64_t)128 * 1024 * 1024)
#define NOTES_LEN_MAX (1024 * 1024)             /* bytes of one note segment or section */
#define SECTION_NAMES_LEN_MAX (8 * 1024 * 1024) /* bytes of .shstrtab */

/*
 * More than 65,279 sections (extended numbering: e_shnum is 0) exist in relocatable files only, and
 * libelf would allocate some 300 bytes for each as it opens the file.
 */
union header {
	unsigned char ident[EI_NIDENT];
	Elf32_Ehdr narrow;
	Elf64_Ehdr wide;
};

static int check_header(const union header *header)
{
	if (memcmp(header->ident, ELFMAG, SELFMAG) != 0)
		return -ENOEXEC;
	if (header->ident[EI_CLASS] == ELFCLASS64)
		return header->wide.e_shnum == 0 && header->wide.e_shoff != 0 ? -EFBIG : 0;
	return header->narrow.e_shnum == 0 && header->narrow.e_shoff != 0 ? -EFBIG : 0;
}

static int check_file(int fd, bool *ret_is_relocatable)
{
	struct stat status;
	union header header;

	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) ||
	    pread(fd, &header, sizeof(header), 0) != sizeof(header))
		return -ENOEXEC;
	*ret_is_relocatable = elf_relocatable_is(&header, sizeof(header));
	return check_header(&header);
}

/* A segment whose numbers wrap around or that the file does not hold is no segment. */
static int add_segment(struct elf_file *file, const GElf_Phdr *header, uint64_t file_len)
{
	struct elf_segment segment = {
		.address = header->p_vaddr,
		.file_offset = header->p_offset,
		.file_len = header->p_filesz,
	};

	if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) || header->p_filesz == 0)
		return 0;
	if (segment.file_offset > file_len || segment.file_len > file_len - segment.file_offset ||
	    segment.address > UINT64_MAX - 2 * segment.file_len)
		return 0;
	return vec_push(&file->segments, segment);
}

int elf_identity_read(int fd, struct elf_identity *ret_identity)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	*ret_identity = (struct elf_identity){
		.device = status.st_dev,
		.inode = status.st_ino,
		.len = (uint64_t)status.st_size,
		.changed_ns = status.st_mtim.tv_sec * INT64_C(1000000000) + status.st_mtim.tv_nsec,
		.owner = status.st_uid,
	};
	return 0;
}

/*
 * A debug file has the headers of the code that was left out of it. Offsets into that code do not
 * exist: addresses stand for them, so that what is asked by address is answered.
 */
static int add_absent_segment(struct elf_file *file, const GElf_Phdr *header)
{
	struct elf_segment segment = {
		.address = header->p_vaddr,
		.file_offset = header->p_vaddr,
		.file_len = header->p_memsz,
	};

	if (header->p_type != PT_LOAD || !(header->p_flags & PF_X) || header->p_filesz ||
	    header->p_memsz == 0 || header->p_memsz > INT64_MAX / 4 ||
	    header->p_vaddr > UINT64_MAX - 2 * header->p_memsz)
		return 0;
	return vec_push(&file->segments, segment);
}

static int read_absent_segments(struct elf_file *file, size_t header_cnt)
{
	GElf_Phdr header;

	for (size_t i = 0; i < header_cnt; i++)
		if (gelf_getphdr(file->elf, (int)i, &header) &&
		    add_absent_segment(file, &header) < 0)
			return -ENOMEM;
	return 0;
}

/* Nobody maps a relocatable file: what is asked of it is asked by address. */
static int read_code_sections(struct elf_file *file)
{
	struct Elf_Scn *section = NULL;
	GElf_Shdr header;

	while ((section = elf_nextscn(file->elf, section))) {
		struct elf_segment segment;

		if (!gelf_getshdr(section, &header))
			return -ENOEXEC;
		segment = (struct elf_segment){header.sh_addr, header.sh_addr, header.sh_size};
		if (header.sh_flags & SHF_EXECINSTR && header.sh_size &&
		    header.sh_size < INT64_MAX / 4 && header.sh_addr < INT64_MAX / 4 &&
		    vec_push(&file->segments, segment) < 0)
			return -ENOMEM;
	}
	return 0;
}

static int read_segments(struct elf_file *file)
{
	size_t header_cnt;
	GElf_Phdr header;

	if (elf_getphdrnum(file->elf, &header_cnt) < 0)
		return -ENOEXEC;
	if (header_cnt > PROGRAM_HEADERS_MAX)
		return -EFBIG;
	for (size_t i = 0; i < header_cnt; i++) {
		if (!gelf_getphdr(file->elf, (int)i, &header))
			return -ENOEXEC;
		if (add_segment(file, &header, file->identity.len) < 0)
			return -ENOMEM;
	}
	return file->segments.len ? 0 : read_absent_segments(file, header_cnt);
}

/* The build-id among these notes, as hex into the file; false when it is not there. */
static bool take_build_id(struct elf_file *file, Elf_Data *notes)
{
	static const char digits[] = "0123456789abcdef";
	size_t offset = 0, name_at, text_at;
	GElf_Nhdr note;

	while (notes && (offset = gelf_getnote(notes, offset, &note, &name_at, &text_at)) > 0) {
		const unsigned char *bytes = notes->d_buf;

		if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
		    memcmp(bytes + name_at, "GNU", sizeof("GNU")) != 0 || note.n_descsz == 0 ||
		    note.n_descsz > ELF_BUILD_ID_LEN_MAX)
			continue;
		for (size_t i = 0; i < note.n_descsz; i++) {
			file->build_id[2 * i] = digits[bytes[text_at + i] >> 4];
			file->build_id[2 * i + 1] = digits[bytes[text_at + i] & 0xf];
		}
		return true;
	}
	return false;
}

static bool read_build_id_of_segments(struct elf_file *file, size_t header_cnt)
{
	GElf_Phdr header;

	for (size_t i = 0; i < header_cnt; i++) {
		if (!gelf_getphdr(file->elf, (int)i, &header) || header.p_type != PT_NOTE ||
		    header.p_filesz > NOTES_LEN_MAX)
			continue;
		if (take_build_id(file, elf_getdata_rawchunk(file->elf, (int64_t)header.p_offset,
							     header.p_filesz,
							     header.p_align == 8 ? ELF_T_NHDR8 :
										   ELF_T_NHDR)))
			return true;
	}
	return false;
}

/* Program headers first: they survive every kind of stripping. */
static void read_build_id(struct elf_file *file)
{
	struct Elf_Scn *section = NULL;
	size_t header_cnt;
	GElf_Shdr header;

	if (elf_getphdrnum(file->elf, &header_cnt) == 0 &&
	    read_build_id_of_segments(file, header_cnt))
		return;
	while ((section = elf_nextscn(file->elf, section)))
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_NOTE &&
		    header.sh_size <= NOTES_LEN_MAX &&
		    take_build_id(file, elf_getdata(section, NULL)))
			return;
}

/* libelf loads, and would inflate, the section names' section whatever size it claims. */
static int check_section_names(const struct elf_file *file)
{
	struct Elf_Scn *section;
	size_t names;
	GElf_Shdr header;

	if (elf_getshdrstrndx(file->elf, &names) < 0)
		return -ENOEXEC;
	section = names ? elf_getscn(file->elf, names) : NULL;
	if (!section || !gelf_getshdr(section, &header))
		return 0;
	if (header.sh_flags & SHF_COMPRESSED)
		return -ENOEXEC;
	return header.sh_size > SECTION_NAMES_LEN_MAX ? -EFBIG : 0;
}

static int read_headers(struct elf_file *file)
{
	GElf_Ehdr header;
	int r;

	if (!file->elf || elf_kind(file->elf) != ELF_K_ELF || !gelf_getehdr(file->elf, &header))
		return -ENOEXEC;
	file->entry = header.e_entry;
	r = check_section_names(file);
	if (r < 0)
		return r;
	r = header.e_type == ET_REL ? read_code_sections(file) : read_segments(file);
	if (r < 0)
		return r;
	read_build_id(file);
	return 0;
}

static void close_file(struct elf_file **file)
{
	elf_file_close(*file);
}

/* It is changed in memory, as a linker would change it. */
static int link_image(struct elf_file *file)
{
	size_t len = file->identity.len;
	ssize_t got;
	int r;

	if (file->identity.len > RELOCATABLE_LEN_MAX)
		return -EFBIG;
	file->image = malloc(len);
	if (!file->image)
		return -ENOMEM;
	got = fs_read_at(file->fd, file->image, len, 0);
	if (got < 0 || (size_t)got < len || !elf_relocatable_is(file->image, len))
		return -ENOEXEC;
	r = elf_relocatable_link(&file->image, &len, RELOCATABLE_LEN_MAX);
	file->bias = ELF_RELOCATABLE_TEXT;
	if (r == 0)
		file->elf = elf_memory(file->image, len);
	return r;
}

static int open_relocatable(struct elf_file *file)
{
	int r = link_image(file);

	if (r == 0)
		r = read_headers(file);
	if (r < 0)
		return r;
	cleanup_close_(&file->fd);
	file->fd = -1;
	return 0;
}

static int open_linked(struct elf_file *file)
{
	file->elf = elf_begin(file->fd, ELF_C_READ, NULL);
	return read_headers(file);
}

int elf_file_open(int fd, struct elf_file **ret_file)
{
	_cleanup_(close_file) struct elf_file *file = NULL;
	bool is_relocatable;
	int r = check_file(fd, &is_relocatable);

	if (r < 0)
		return r;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->fd = fd;
	if (elf_identity_read(fd, &file->identity) < 0)
		r = -ENOEXEC;
	elf_version(EV_CURRENT);
	if (r == 0)
		r = is_relocatable ? open_relocatable(file) : open_linked(file);
	if (r < 0) {
		file->fd = -1; /* still the caller's */
		return r;
	}
	*ret_file = TAKE_PTR(file);
	return 0;
}

int elf_file_open_image(void *image, size_t len, struct elf_file **ret_file)
{
	_cleanup_(close_file) struct elf_file *file = NULL;
	union header header;
	int r;

	if (len < sizeof(header))
		return -ENOEXEC;
	memcpy(&header, image, sizeof(header));
	r = check_header(&header);
	if (r < 0)
		return r;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->fd = -1;
	file->identity.len = len;
	elf_version(EV_CURRENT);
	file->elf = elf_memory(image, len);
	r = read_headers(file);
	if (r < 0)
		return r;
	file->image = image;
	*ret_file = TAKE_PTR(file);
	return 0;
}

struct elf_file *elf_file_close(struct elf_file *file)
{
	if (!file)
		return NULL;
	elf_end(file->elf);
	cleanup_close_(&file->fd);
	vec_free(&file->segments);
	free(file->image);
	free(file);
	return NULL;
}

void elf_file_release(struct elf_file *file)
{
	elf_cntl(file->elf, ELF_C_FDDONE);
	cleanup_close_(&file->fd);
	file->fd = -1;
}

static bool holds_offset(const struct elf_segment *segment, uint64_t offset, uint64_t page_mask)
{
	uint64_t start = segment->file_offset & ~page_mask;
	uint64_t limit = (segment->file_offset + segment->file_len + page_mask) & ~page_mask;

	return offset >= start && offset < limit;
}

const struct elf_segment *elf_file_find_offset(const struct elf_file *file, uint64_t offset,
					       uint64_t *ret_address)
{
	uint64_t masks[] = {0, (uint64_t)sysconf(_SC_PAGESIZE) - 1};

	for (size_t i = 0; i < ARRAY_SIZE(masks); i++) {
		vec_for_each(&file->segments, segment) {
			if (!holds_offset(segment, offset, masks[i]))
				continue;
			*ret_address = segment->address + (offset - segment->file_offset);
			return segment;
		}
	}
	return NULL;
}

bool elf_file_find_address(const struct elf_file *file, uint64_t address, uint64_t *ret_offset)
{
	vec_for_each(&file->segments, segment) {
		if (address < segment->address || address - segment->address >= segment->file_len)
			continue;
		*ret_offset = segment->file_offset + (address - segment->address);
		return true;
	}
	return false;
}

bool elf_file_is_code(const struct elf_file *file, uint64_t address)
{
	uint64_t offset;

	return elf_file_find_address(file, address, &offset);
}

struct Elf_Scn *elf_file_section(const struct elf_file *file, const char *name, uint32_t type)
{
	struct Elf_Scn *section = NULL;
	size_t names;
	GElf_Shdr header;

	if (elf_getshdrstrndx(file->elf, &names) < 0)
		return NULL;
	while ((section = elf_nextscn(file->elf, section))) {
		const char *own_name;

		if (!gelf_getshdr(section, &header))
			return NULL;
		if (!name && header.sh_type == type)
			return section;
		own_name = name ? elf_strptr(file->elf, names, header.sh_name) : NULL;
		if (own_name && strcmp(own_name, name) == 0)
			return section;
	}
	return NULL;
}

const void *elf_file_bytes(struct Elf_Scn *section, size_t max_len, size_t *ret_len)
{
	GElf_Shdr header;
	Elf_Data *data;

	if (!section || !gelf_getshdr(section, &header) || header.sh_type == SHT_NOBITS ||
	    (header.sh_flags & SHF_COMPRESSED) || header.sh_size > max_len)
		return NULL;
	data = elf_rawdata(section, NULL);
	if (!data || !data->d_buf || data->d_size == 0)
		return NULL;
	*ret_len = data->d_size;
	return data->d_buf;
}
