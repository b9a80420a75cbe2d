// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/namer_files.h"

#include "base/fs.h"
#include "base/hashindex.h"
#include "profiler/process/object_build_id.h"
#include "symbolize/elf_file.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define INDEX_LEN_MAX ((uint64_t)512 * 1024 * 1024)

void namer_files_begin(struct namer_files *files, int fd, const char *path)
{
	files->fd = fd;
	files->path = path;
	files->owner = 0;
	files->given = 0;
	files->fetched_cnt = 0;
	files->name[0] = '\0';
	files->draft = (struct index_draft){.fd = -1};
	files->draft_len = 0;
}

void namer_files_end(struct namer_files *files)
{
	index_draft_drop(&files->draft);
}

/* ---- debug files ---- */

/* Absolute, without ways up, and nothing that a terminal or a log would choke on. */
static bool is_plain_path(const char *path)
{
	if (*path != '/' || strstr(path, "/../") || strstr(path, "/./") || strstr(path, "//"))
		return false;
	for (const unsigned char *at = (const unsigned char *)path; *at; at++)
		if (*at < ' ' || *at == 0x7f)
			return false;
	return true;
}

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return len && strncmp(path, directory, len) == 0 && path[len] == '/' &&
	       !strstr(path + len, "/../") && path[len + 1];
}

/* In the object's directory, or in .debug there. */
static bool is_beside(const char *path, const char *object_path)
{
	const char *slash = strrchr(object_path, '/'), *rest;
	size_t len = slash ? (size_t)(slash - object_path) + 1 : 0;

	if (!len || strncmp(path, object_path, len) != 0)
		return false;
	rest = path + len;
	if (strncmp(rest, ".debug/", 7) == 0)
		rest += 7;
	return *rest && !strchr(rest, '/') && strcmp(rest, ".") != 0 && strcmp(rest, "..") != 0;
}

/* Objects name the files of their split DWARF themselves: anywhere, but of these kinds only. */
static bool is_split(const char *path)
{
	size_t len = strlen(path);

	return len > 4 &&
	       (strcmp(path + len - 4, ".dwo") == 0 || strcmp(path + len - 4, ".dwp") == 0);
}

static void spell_build_id(int fd, char hex[2 * OBJECT_BUILD_ID_MAX + 1])
{
	struct object_build_id id = {.len = 0};

	*hex = '\0';
	if (object_build_id_read(fd, &id) < 0)
		return;
	for (size_t i = 0; i < id.len; i++)
		snprintf(hex + 2 * i, 3, "%02x", id.bytes[i]);
}

/* The build-id in DIRECTORY/.build-id/xx/yyy.debug; false when the path is none of these. */
static bool read_build_id(const char *path, char hex[2 * OBJECT_BUILD_ID_MAX + 1])
{
	const char *at = strstr(path, "/.build-id/");
	size_t len;

	if (!at || strlen(at += strlen("/.build-id/")) < 4 || at[2] != '/')
		return false;
	len = strspn(at + 3, "0123456789abcdef");
	if (strcmp(at + 3 + len, ".debug") != 0 || len + 2 > 2 * OBJECT_BUILD_ID_MAX)
		return false;
	memcpy(hex, at, 2);
	memcpy(hex + 2, at + 3, len);
	hex[len + 2] = '\0';
	return true;
}

/*
 * What is not there may be got from elsewhere, by the object's own build-id; then by that of dwz's
 * common file, which is known from the first only. No more: what a worker asks for is told to servers.
 */
static int fetch_debug(struct namer_files *files, const char *path)
{
	char wanted[2 * OBJECT_BUILD_ID_MAX + 1], own[2 * OBJECT_BUILD_ID_MAX + 1];
	int fd;

	if (!files->options->fetch_debug || !read_build_id(path, wanted))
		return -ENOENT;
	spell_build_id(files->fd, own);
	if (strcmp(wanted, own) != 0 && files->fetched_cnt != 1)
		return -EPERM;
	fd = files->options->fetch_debug(files->options->fetch_ctx, wanted);
	files->fetched_cnt += fd >= 0;
	return fd;
}

static int open_host(struct namer_files *files, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	return fd < 0 ? fetch_debug(files, path) : fd;
}

static int open_debug(struct namer_files *files, enum worker_kind kind, const char *path)
{
	const struct symbolizer_options *options = files->options;
	const char *directory =
		options->debug_directory ? options->debug_directory : SYMBOLIZER_DEBUG_DIRECTORY;

	if (!is_plain_path(path))
		return -EPERM;
	if (kind == WORKER_WANT_HOST)
		return is_below(path, directory) ? open_host(files, path) : -EPERM;
	if (!options->open_debug || (!is_beside(path, files->path) && !is_split(path)))
		return -EPERM;
	return options->open_debug(options->open_ctx, files->owner, path);
}

/* A path in a hostile file may lead to anything that we can read: only ELF files are given. */
static bool is_elf_file(int fd)
{
	char magic[SELFMAG];
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	       pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
	       memcmp(magic, ELFMAG, SELFMAG) == 0;
}

static int give_debug(struct namer_files *files, enum worker_kind kind, const char *path)
{
	_cleanup_close_ int fd = open_debug(files, kind, path);
	struct {
		uint64_t before;
		struct elf_identity identity;
	} chain;

	memset(&chain, 0, sizeof(chain)); /* padding, too: it is hashed */
	if (fd < 0 || !is_elf_file(fd) || elf_identity_read(fd, &chain.identity) < 0)
		return -ENOENT;
	chain.before = files->given;
	files->given = hash_bytes(&chain, sizeof(chain));
	return TAKE_FD(fd);
}

/* ---- the cache ---- */

/* As object_names.c has it: by build-id among files of one owner and length, else by the very file. */
static int name_index(struct namer_files *files)
{
	char build_id[2 * OBJECT_BUILD_ID_MAX + 1];
	struct {
		struct elf_identity own;
		uint64_t given, no_dwarf;
	} key;

	memset(&key, 0, sizeof(key)); /* padding, too: it is hashed */
	if (files->cache < 0 || elf_identity_read(files->fd, &key.own) < 0)
		return -ENOENT;
	spell_build_id(files->fd, build_id);
	if (*build_id) {
		key.own.device = 0;
		key.own.inode = 0;
		key.own.changed_ns = 0;
	}
	key.given = files->given;
	key.no_dwarf = files->options->no_dwarf;
	index_store_name(build_id, &key, sizeof(key), files->name);
	return 0;
}

static int find_index(struct namer_files *files)
{
	int r = name_index(files);

	return r < 0 ? r : index_file_find(files->cache, files->name);
}

int namer_files_open(void *ctx, enum worker_kind kind, const char *path)
{
	struct namer_files *files = ctx;

	if (kind == WORKER_WANT_INDEX)
		return find_index(files);
	return give_debug(files, kind, path);
}

static int write_index(struct namer_files *files, const void *bytes, size_t len)
{
	int r = 0;

	if (files->draft.fd < 0)
		r = index_draft_begin(files->cache, &files->draft);
	files->draft_len += len;
	if (r == 0 && files->draft_len > INDEX_LEN_MAX)
		r = -EFBIG;
	return r < 0 ? r : fs_write_all(files->draft.fd, bytes, len);
}

/* What cannot be kept is found out again the next time. */
void namer_files_index(void *ctx, const void *bytes, size_t len)
{
	struct namer_files *files = ctx;

	if (!files->name[0] || files->draft_len > INDEX_LEN_MAX)
		return;
	if (len && write_index(files, bytes, len) < 0)
		files->draft_len = INDEX_LEN_MAX + 1; /* and no more of it */
	else if (!len && files->draft.fd >= 0)
		files->has_grown |= index_draft_keep(&files->draft, files->name) == 0;
	if (!len || files->draft_len > INDEX_LEN_MAX)
		index_draft_drop(&files->draft);
}
