// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/debug_files.h"

#include "base/byte_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define LINK_LEN_MAX 4096 /* bytes of a section that names a file */
#define CRC_STEP ((size_t)128 * 1024)

struct link { /* .gnu_debuglink or .gnu_debugaltlink */
	const char *name;
	struct byte_reader rest;
};

/* What a candidate must be; crc counts where it or the object has no build-id. */
struct proof {
	const char *build_id; /* "": none */
	uint32_t crc;
	bool has_crc;
};

static bool read_link(const struct elf_file *file, const char *section, struct link *ret_link)
{
	size_t len;
	const void *bytes = elf_file_bytes(elf_file_section(file, section, 0), LINK_LEN_MAX, &len);

	if (!bytes)
		return false;
	ret_link->rest = byte_reader_of(bytes, len);
	ret_link->name = read_string(&ret_link->rest);
	return ret_link->name && *ret_link->name;
}

static bool has_crc(int fd, uint32_t wanted)
{
	_cleanup_free_ unsigned char *block = malloc(CRC_STEP);
	unsigned long crc = crc32(0, NULL, 0);
	off_t offset = 0;
	ssize_t len = 0;

	while (block && (len = pread(fd, block, CRC_STEP, offset)) > 0) {
		crc = crc32(crc, block, (unsigned int)len);
		offset += len;
	}
	return block && len == 0 && crc == wanted;
}

static bool proves(const struct elf_file *candidate, const struct proof *proof)
{
	if (*proof->build_id && *candidate->build_id)
		return strcmp(proof->build_id, candidate->build_id) == 0;
	return proof->has_crc && has_crc(candidate->fd, proof->crc);
}

static int take_candidate(int fd, const struct proof *proof, struct elf_file **ret_file)
{
	struct elf_file *file;
	int r;

	if (fd < 0)
		return -ENOENT;
	r = elf_file_open(fd, &file);
	if (r < 0) {
		close(fd);
		return r == -ENOMEM ? r : -ENOENT;
	}
	if (!proves(file, proof)) {
		elf_file_close(file);
		return -ENOENT;
	}
	*ret_file = file;
	return 0;
}

static int open_host(const struct debug_place *place, const char *path)
{
	if (place->open_host)
		return place->open_host(place->ctx, path);
	return open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
}

static int find_by_build_id(const char *build_id, const struct debug_place *place,
			    struct elf_file **ret_file)
{
	struct proof proof = {.build_id = build_id};
	char path[PATH_MAX];
	int len, r;

	if (strlen(build_id) < 4)
		return -ENOENT;
	len = snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", place->directory, build_id,
		       build_id + 2);
	if (len < 0 || (size_t)len >= sizeof(path))
		return -ENOENT;
	r = take_candidate(open_host(place, path), &proof, ret_file);
	if (r == -ENOENT && place->fetch)
		r = take_candidate(place->fetch(place->fetch_ctx, build_id), &proof, ret_file);
	return r;
}

/* May this name, out of a file of somebody's, become the end of a path? */
static bool is_plain_name(const char *name)
{
	return !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static bool has_dots(const char *path)
{
	return strstr(path, "../") || strstr(path, "/..");
}

/* Beside the object, in .debug beside it, and in the debug directory, in that order. */
static int find_by_link(const struct link *link, const struct debug_place *place,
			const struct proof *proof, struct elf_file **ret_file)
{
	const char *slash = place->object_path ? strrchr(place->object_path, '/') : NULL;
	int directory_len = slash ? (int)(slash - place->object_path) : 0;
	static const char *const between[] = {"/", "/.debug/"};
	char path[PATH_MAX];
	int r = -ENOENT;

	if (!slash || directory_len >= PATH_MAX)
		return -ENOENT;
	for (size_t i = 0; place->open && i < ARRAY_SIZE(between) && r == -ENOENT; i++) {
		if ((size_t)snprintf(path, sizeof(path), "%.*s%s%s", directory_len,
				     place->object_path, between[i], link->name) < sizeof(path))
			r = take_candidate(place->open(place->ctx, place->owner, path), proof,
					   ret_file);
	}
	if (r != -ENOENT || place->object_path[0] != '/' || has_dots(place->object_path))
		return r;
	if ((size_t)snprintf(path, sizeof(path), "%s%.*s/%s", place->directory, directory_len,
			     place->object_path, link->name) >= sizeof(path))
		return -ENOENT;
	return take_candidate(open_host(place, path), proof, ret_file);
}

int debug_files_find(const struct elf_file *object, const struct debug_place *place,
		     struct elf_file **ret_debug)
{
	struct proof proof = {.build_id = object->build_id, .has_crc = true};
	int r = find_by_build_id(object->build_id, place, ret_debug);
	struct link link;
	size_t name_len;

	if (r != -ENOENT || !read_link(object, ".gnu_debuglink", &link) ||
	    !is_plain_name(link.name))
		return r;
	name_len = strlen(link.name) + 1; /* padded to four bytes */
	reader_skip(&link.rest, (4 - name_len % 4) % 4);
	proof.crc = (uint32_t)read_fixed(&link.rest, sizeof(proof.crc));
	if (link.rest.failed)
		return -ENOENT;
	return find_by_link(&link, place, &proof, ret_debug);
}

/* Its path is relative to where it was installed; only its end, from .dwz on, is believed. */
static int find_dwz(const struct link *link, const struct debug_place *place,
		    const struct proof *proof, struct elf_file **ret_file)
{
	const char *tail = strstr(link->name, ".dwz/");
	char path[PATH_MAX];

	if (!tail || has_dots(tail) ||
	    (size_t)snprintf(path, sizeof(path), "%s/%s", place->directory, tail) >= sizeof(path))
		return -ENOENT;
	return take_candidate(open_host(place, path), proof, ret_file);
}

int debug_files_find_alternate(const struct elf_file *dwarf, const struct debug_place *place,
			       struct elf_file **ret_alternate)
{
	char build_id[2 * ELF_BUILD_ID_LEN_MAX + 1] = "";
	struct proof proof = {.build_id = build_id};
	struct link link;
	size_t len;
	int r;

	if (!read_link(dwarf, ".gnu_debugaltlink", &link))
		return -ENODATA;
	len = reader_left(&link.rest);
	if (len == 0 || len > ELF_BUILD_ID_LEN_MAX)
		return -ENOENT;
	for (size_t i = 0; i < len; i++)
		snprintf(build_id + 2 * i, 3, "%02x", link.rest.at[i]);
	r = find_by_build_id(build_id, place, ret_alternate);
	return r == -ENOENT ? find_dwz(&link, place, &proof, ret_alternate) : r;
}
