// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/kernel_image.h"

#include "base/fs.h"
#include "base/parse.h"
#include "profiler/process/elf_headers.h"
#include "profiler/process/object_build_id.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>

#define NOTES_LEN_MAX ((size_t)64 * 1024)
#define SEGMENTS_MAX 64u /* x86's has 5 */

/* Where distributions and builders put it; the release stands between the two. */
static const struct {
	bool is_debug; /* below the debug directory */
	const char *before, *behind;
} places[] = {
	{true, "/boot/vmlinux-", ""},         {true, "/lib/modules/", "/vmlinux"},
	{true, "/boot/vmlinux-", ".debug"},   {false, "/boot/vmlinux-", ""},
	{false, "/lib/modules/", "/vmlinux"}, {false, "/lib/modules/", "/build/vmlinux"},
};

static int read_running(const char *path, struct object_build_id *ret_build_id)
{
	_cleanup_buf_ struct buf notes = {0};

	if (fs_read_file(path, NOTES_LEN_MAX, &notes) < 0 ||
	    !object_build_id_find(notes.data, notes.len, ret_build_id))
		return -ENODATA;
	return 0;
}

/* The lowest code is what begins with _text; other segments are code of the start, and no code. */
static int find_text(int fd, uint64_t *ret_text)
{
	struct elf_headers headers;
	uint64_t text = UINT64_MAX;
	int r = elf_headers_read(fd, &headers);

	for (uint32_t i = 0; r == 0 && i < MIN(headers.count, SEGMENTS_MAX); i++) {
		Elf64_Phdr segment;

		r = elf_headers_segment(fd, &headers, i, &segment);
		if (r == 0 && segment.p_type == PT_LOAD && segment.p_flags & PF_X)
			text = MIN(text, segment.p_vaddr);
	}
	if (r < 0 || text == UINT64_MAX)
		return -ENOEXEC;
	*ret_text = text;
	return 0;
}

static int open_path(const char *path)
{
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int try_path(const struct object_build_id *wanted, struct kernel_image *image)
{
	_cleanup_close_ int fd = open_path(image->path);
	struct object_build_id own = {.len = 0};

	if (fd < 0 || object_build_id_read(fd, &own) < 0 || own.len != wanted->len ||
	    memcmp(own.bytes, wanted->bytes, own.len) != 0 || find_text(fd, &image->text) < 0)
		return -ENOENT;
	image->fd = TAKE_FD(fd);
	return 0;
}

static void spell_build_id(const struct object_build_id *id, struct kernel_image *image)
{
	for (size_t i = 0; i < id->len; i++)
		snprintf(image->build_id + 2 * i, 3, "%02x", id->bytes[i]);
}

/* Where all distributions put debug files. */
static void write_build_id_path(const char *debug, struct kernel_image *image)
{
	snprintf(image->path, sizeof(image->path), "%s/.build-id/%.2s/%s.debug", debug,
		 image->build_id, image->build_id + 2);
}

int kernel_image_open(const struct kernel_image_options *options, struct kernel_image *ret_image)
{
	const char *root = options->root ? options->root : "";
	struct kernel_image image = {.fd = -1};
	char debug[PATH_MAX / 2], notes[PATH_MAX];
	struct object_build_id running;
	struct utsname kernel;
	int r;

	snprintf(notes, sizeof(notes), "%s/sys/kernel/notes", root);
	r = read_running(notes, &running);
	if (r < 0)
		return r;
	uname(&kernel);
	snprintf(debug, sizeof(debug), "%s%s", root, options->debug_directory);
	spell_build_id(&running, &image);
	write_build_id_path(debug, &image);
	r = try_path(&running, &image);
	for (size_t i = 0; i < ARRAY_SIZE(places) && r < 0; i++) {
		snprintf(image.path, sizeof(image.path), "%s%s%s%s",
			 places[i].is_debug ? debug : root, places[i].before, kernel.release,
			 places[i].behind);
		r = try_path(&running, &image);
	}
	if (r == 0)
		*ret_image = image;
	return r;
}

/* "0xffffffffc0000000", for those who may know it. */
static uint64_t read_address(const char *path)
{
	char line[32];
	uint64_t address = 0;

	if (fs_read_line(path, line, sizeof(line)) < 0 || strncmp(line, "0x", 2) != 0 ||
	    parse_u64_len(line + 2, strlen(line + 2), 16, &address) < 0)
		return 0;
	return address;
}

int kernel_image_open_module(const struct kernel_image_options *options, const char *module,
			     struct kernel_image *ret_image)
{
	const char *root = options->root ? options->root : "";
	struct kernel_image image = {.fd = -1};
	char debug[PATH_MAX / 2], path[PATH_MAX];
	struct object_build_id running;

	if (strchr(module, '/') || *module == '.')
		return -ENOENT;
	snprintf(path, sizeof(path), "%s/sys/module/%s/notes/.note.gnu.build-id", root, module);
	if (read_running(path, &running) < 0)
		return -ENODATA;
	snprintf(path, sizeof(path), "%s/sys/module/%s/sections/.text", root, module);
	image.runs_at = read_address(path);
	snprintf(debug, sizeof(debug), "%s%s", root, options->debug_directory);
	spell_build_id(&running, &image);
	write_build_id_path(debug, &image);
	image.fd = open_path(image.path);
	if (image.fd < 0)
		return -ENOENT;
	*ret_image = image;
	return 0;
}

void kernel_image_close(struct kernel_image *image)
{
	cleanup_close_(&image->fd);
	image->fd = -1;
}
