// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/space.h"

#include "bpf/walk_abi.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

/* ---- images ---- */

/* libdwfl wants a descriptor, and the vDSO has none. */
static int vdso_file(void)
{
	const Elf64_Ehdr *header = (const Elf64_Ehdr *)getauxval(AT_SYSINFO_EHDR);
	int fd = memfd_create("vdso", MFD_CLOEXEC);
	size_t len;

	if (!header || fd < 0)
		return fd;
	len = header->e_shoff + (size_t)header->e_shnum * header->e_shentsize;
	if (write(fd, header, len) == (ssize_t)len)
		return fd;
	close(fd);
	return -1;
}

static bool parse_image(struct image *image)
{
	const Elf64_Ehdr *header = (const void *)image->bytes;

	if (image->len < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 ||
	    header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_phoff > image->len ||
	    (image->len - header->e_phoff) / sizeof(Elf64_Phdr) < header->e_phnum)
		return false;
	image->segments = (const void *)(image->bytes + header->e_phoff);
	image->segments_len = header->e_phnum;
	return true;
}

static void open_image(struct image *image, const struct object *object)
{
	struct stat stat;
	void *bytes;

	*image = (struct image){.state = IMAGE_NONE, .fd = -1};
	if (object->kind == OBJECT_VDSO)
		image->fd = vdso_file();
	else if (object->fd >= 0)
		image->fd = fcntl(object->fd, F_DUPFD_CLOEXEC, 3);
	if (image->fd < 0 || fstat(image->fd, &stat) < 0)
		return;
	bytes = mmap(NULL, (size_t)stat.st_size, PROT_READ, MAP_PRIVATE, image->fd, 0);
	if (bytes == MAP_FAILED)
		return;
	image->bytes = bytes;
	image->len = (size_t)stat.st_size;
	if (parse_image(image))
		image->state = IMAGE_READY;
}

const struct image *images_get(struct images *images, const struct objects *objects,
			       uint32_t object)
{
	struct image **image;

	if (vec_reserve(&images->items, (size_t)object + 1) < 0)
		return NULL;
	while (images->items.len <= object)
		images->items.items[images->items.len++] = NULL;
	image = &images->items.items[object];
	if (!*image)
		*image = calloc(1, sizeof(**image));
	if (!*image)
		return NULL;
	if ((*image)->state == IMAGE_UNKNOWN)
		open_image(*image, objects_get(objects, object));
	return (*image)->state == IMAGE_READY ? *image : NULL;
}

void images_free(struct images *images)
{
	vec_for_each(&images->items, image) {
		if (!*image)
			continue;
		if ((*image)->bytes)
			munmap((void *)(uintptr_t)(*image)->bytes, (*image)->len);
		if ((*image)->fd >= 0)
			close((*image)->fd);
		free(*image);
	}
	vec_free(&images->items);
}

/* ---- modules ---- */

static const Elf64_Phdr *segment_of_offset(const struct image *image, uint64_t file_offset)
{
	for (uint16_t i = 0; i < image->segments_len; i++) {
		const Elf64_Phdr *segment = &image->segments[i];
		uint64_t begin = segment->p_offset & ~UINT64_C(0xfff);

		if (segment->p_type == PT_LOAD && segment->p_flags & PF_X && file_offset >= begin &&
		    file_offset < segment->p_offset + segment->p_filesz)
			return segment;
	}
	return NULL;
}

static void span_module(struct module *module)
{
	module->start = UINT64_MAX;
	module->limit = 0;
	for (uint16_t i = 0; i < module->image->segments_len; i++) {
		const Elf64_Phdr *segment = &module->image->segments[i];

		if (segment->p_type != PT_LOAD)
			continue;
		module->start = MIN(module->start, module->bias + segment->p_vaddr);
		module->limit =
			MAX(module->limit, module->bias + segment->p_vaddr + segment->p_memsz);
	}
}

static int add_module(struct space *space, struct images *images, const struct mapping *mapping)
{
	struct module module = {.object = mapping->object};
	const Elf64_Phdr *segment = NULL;

	if (mapping->object == OBJECT_NONE)
		return 0;
	module.image = images_get(images, space->objects, mapping->object);
	if (module.image)
		segment = segment_of_offset(module.image, mapping->file_offset);
	if (!segment)
		return 0;
	module.bias =
		mapping->start - (segment->p_vaddr + mapping->file_offset - segment->p_offset);
	vec_for_each(&space->modules, known)
		if (known->object == module.object && known->bias == module.bias)
			return 0;
	span_module(&module);
	return vec_push(&space->modules, module);
}

int space_init(struct space *space, struct images *images, const struct objects *objects,
	       const struct mappings *mappings)
{
	int r = 0;

	*space = (struct space){.objects = objects, .mappings = mappings};
	for (size_t i = 0; i < mappings_count(mappings) && r == 0; i++)
		r = add_module(space, images, mappings_get(mappings, i));
	return r;
}

void space_free(struct space *space)
{
	vec_free(&space->modules);
}

const struct module *space_module(const struct space *space, uint64_t address)
{
	const struct mapping *mapping = mappings_find(space->mappings, address);

	if (!mapping)
		return NULL;
	vec_for_each(&space->modules, module)
		if (module->object == mapping->object && address >= module->start &&
		    address < module->limit)
			return module;
	return NULL;
}

/* ---- memory ---- */

static bool read_module(const struct module *module, uint64_t address, uint64_t *ret_word)
{
	uint64_t vaddr = address - module->bias;

	for (uint16_t i = 0; i < module->image->segments_len; i++) {
		const Elf64_Phdr *segment = &module->image->segments[i];
		uint64_t off = vaddr - segment->p_vaddr, left;

		if (segment->p_type != PT_LOAD || off >= segment->p_filesz ||
		    segment->p_offset + off >= module->image->len)
			continue;
		left = module->image->len - (segment->p_offset + off);
		*ret_word = 0; /* at the very end of a file: what a page has there */
		memcpy(ret_word, module->image->bytes + segment->p_offset + off,
		       MIN(left, (uint64_t)sizeof(*ret_word)));
		return true;
	}
	return false;
}

bool space_read(struct space *space, uint64_t address, uint64_t *ret_word)
{
	uint64_t sp = space->sample->registers[UNWIND_REGISTER_SP];
	uint64_t off = address - sp;

	if (off < space->sample->stack_len && space->sample->stack_len - off >= sizeof(*ret_word)) {
		memcpy(ret_word, space->sample->stack + off, sizeof(*ret_word));
		return true;
	}
	vec_for_each(&space->modules, module)
		if (address >= module->start && address < module->limit)
			return read_module(module, address, ret_word);
	space->unread = true;
	return false;
}

uint64_t space_frame_word(const struct space *space, uint64_t address)
{
	const struct mapping *mapping = mappings_find(space->mappings, address);
	uint64_t file_bias = 0;

	if (!mapping)
		return WALK_UNPLACED | (address & WALK_OFFSET_MASK);
	if (mapping->object != OBJECT_ID_ANON && mapping->object != OBJECT_ID_HEAP &&
	    mapping->object != OBJECT_ID_STACK)
		file_bias = mapping->start - mapping->file_offset;
	return (uint64_t)MIN(mapping->object, WALK_OBJECT_ID_MAX) << WALK_OFFSET_BITS |
	       ((address - file_bias) & WALK_OFFSET_MASK);
}
