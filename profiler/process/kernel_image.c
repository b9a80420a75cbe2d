// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/kernel_image.h"

#include "base/fs.h"
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

static int read_running(const char *root, struct object_build_id *ret_build_id)
{
	_cleanup_buf_ struct buf notes = {0};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/sys/kernel/notes", root);
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

static int try_path(const struct object_build_id *wanted, struct kernel_image *image)
{
	_cleanup_close_ int fd = open(image->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct object_build_id own = {.len = 0};

	if (fd < 0 || object_build_id_read(fd, &own) < 0 || own.len != wanted->len ||
	    memcmp(own.bytes, wanted->bytes, own.len) != 0 || find_text(fd, &image->text) < 0)
		return -ENOENT;
	image->fd = TAKE_FD(fd);
	return 0;
}

static int try_build_id(const char *debug, const struct object_build_id *wanted,
			struct kernel_image *image)
{
	char hex[2 * OBJECT_BUILD_ID_MAX + 1];

	for (size_t i = 0; i < wanted->len; i++)
		snprintf(hex + 2 * i, 3, "%02x", wanted->bytes[i]);
	snprintf(image->path, sizeof(image->path), "%s/.build-id/%.2s/%s.debug", debug, hex,
		 hex + 2);
	return try_path(wanted, image);
}

int kernel_image_open(const struct kernel_image_options *options, struct kernel_image *ret_image)
{
	const char *root = options->root ? options->root : "";
	struct kernel_image image = {.fd = -1};
	struct object_build_id running;
	struct utsname kernel;
	char debug[PATH_MAX / 2];
	int r = read_running(root, &running);

	if (r < 0)
		return r;
	uname(&kernel);
	snprintf(debug, sizeof(debug), "%s%s", root, options->debug_directory);
	r = try_build_id(debug, &running, &image);
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

void kernel_image_close(struct kernel_image *image)
{
	cleanup_close_(&image->fd);
	image->fd = -1;
}
