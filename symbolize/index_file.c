// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/index_file.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#define FILE_LEN_MAX ((uint64_t)2 * 1024 * 1024 * 1024)
#define ALIGNMENT 8
#define TOUCH_AFTER_S                                                                              \
	3600 /* how stale the time of last use may be: reading should not mean writing */

static const char magic[8] = "smolder"; /* with its NUL */
#define VERSION 5                       /* of the layout, and of what is put into it */

struct header {
	char magic[8];
	uint64_t checksum; /* of all behind it up to the indexes of units (XXH3) */
	uint64_t len;      /* of the whole file */
	uint64_t cut_cnt;
	uint32_t version, flags, unit_cnt, names_len;
	uint64_t interval_cnts[INDEX_TABLE_COUNT];
};

static bool is_ours_alone(const struct stat *status)
{
	return status->st_uid == geteuid() && !(status->st_mode & (S_IWGRP | S_IWOTH));
}

int index_directory_open(const char *path)
{
	_cleanup_close_ int fd = -1;
	struct stat status;

	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	return is_ours_alone(&status) ? TAKE_FD(fd) : -EPERM;
}

/* ---- reading ---- */

static uint64_t padded(uint64_t len)
{
	return (len + ALIGNMENT - 1) & ~(uint64_t)(ALIGNMENT - 1);
}

/* Where the indexes begin; no count can make this overflow unless it is beyond the file anyway. */
static uint64_t tables_len(const struct header *header)
{
	uint64_t len = sizeof(*header) + (uint64_t)header->unit_cnt * sizeof(struct index_unit) +
		       padded(header->names_len);

	for (size_t i = 0; i < INDEX_TABLE_COUNT; i++) {
		if (header->interval_cnts[i] > FILE_LEN_MAX)
			return UINT64_MAX;
		len += header->interval_cnts[i] * sizeof(struct interval);
	}
	return len;
}

static uint64_t checksum_of(const struct header *header, uint64_t len)
{
	return hash_bytes(&header->len, len - offsetof(struct header, len));
}

static int check_header(const struct header *header, size_t len)
{
	uint64_t before;

	if (len < sizeof(*header) || memcmp(header->magic, magic, sizeof(magic)) != 0 ||
	    header->version != VERSION || header->len != len)
		return -EBADMSG;
	before = tables_len(header);
	if (before > len || header->checksum != checksum_of(header, before))
		return -EBADMSG;
	return 0;
}

void index_file_seal(void *bytes, size_t len)
{
	struct header *header = bytes;
	uint64_t before;

	if (len < sizeof(*header))
		return;
	before = tables_len(header);
	memcpy(header->magic, magic, sizeof(magic));
	header->version = VERSION;
	header->len = len;
	if (before <= len)
		header->checksum = checksum_of(header, before);
}

static bool values_are_below(const struct intervals *table, uint32_t limit)
{
	vec_for_each(&table->list, range)
		if (range->value >= limit)
			return false;
	return true;
}

static int check_contents(const struct index_file *file)
{
	const struct index_contents *contents = &file->contents;

	if (contents->names_len && contents->names[contents->names_len - 1] != '\0')
		return -EBADMSG;
	if (!values_are_below(&contents->tables[INDEX_SYMBOLS], contents->names_len) ||
	    !values_are_below(&contents->tables[INDEX_UNITS], file->unit_cnt))
		return -EBADMSG;
	for (uint32_t i = 0; i < file->unit_cnt; i++)
		if (file->units[i].cu > UINT32_MAX)
			return -EBADMSG;
	return 0;
}

static void find_parts(struct index_file *file)
{
	const struct header *header = file->map;
	struct interval *at = (struct interval *)((char *)file->map + sizeof(*header));
	struct index_contents *contents = &file->contents;

	for (size_t i = 0; i < INDEX_TABLE_COUNT; i++) {
		contents->tables[i].list.items = at;
		contents->tables[i].list.len = header->interval_cnts[i];
		at += header->interval_cnts[i];
	}
	file->units = (const void *)at;
	file->unit_cnt = header->unit_cnt;
	contents->names = (const char *)(file->units + file->unit_cnt);
	contents->names_len = header->names_len;
	contents->flags = header->flags;
	contents->cut_cnt = header->cut_cnt;
	for (uint32_t i = 0; i < file->unit_cnt; i++)
		file->missing_cnt += file->units[i].len == 0;
}

/* The time of the last use is the file's time of change. */
static void touch(int fd, const struct stat *status)
{
	if (time(NULL) - status->st_mtime > TOUCH_AFTER_S)
		(void)futimens(fd, NULL);
}

int index_file_find(int directory, const char *name)
{
	_cleanup_close_ int fd =
		openat(directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat status;

	if (fd < 0)
		return -ENOENT;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || !is_ours_alone(&status))
		return -EPERM;
	touch(fd, &status);
	return TAKE_FD(fd);
}

static int map_whole(int fd, struct index_file *file)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -ENOENT;
	if (status.st_size <= 0 || (uint64_t)status.st_size > FILE_LEN_MAX)
		return -EBADMSG;
	file->len = (size_t)status.st_size;
	file->map = mmap(NULL, file->len, PROT_READ, MAP_PRIVATE, fd, 0);
	if (file->map == MAP_FAILED) {
		file->map = NULL;
		return -ENOENT;
	}
	return 0;
}

int index_file_map(int fd, struct index_file *ret_file)
{
	_cleanup_(index_file_close) struct index_file file = {0};
	int r = map_whole(fd, &file);

	if (r == 0)
		r = check_header(file.map, file.len);
	if (r < 0)
		return r;
	find_parts(&file);
	r = check_contents(&file);
	if (r < 0)
		return r;
	*ret_file = TAKE(file, (struct index_file){0});
	return 0;
}

int index_file_open(int directory, const char *name, struct index_file *ret_file)
{
	_cleanup_close_ int fd = index_file_find(directory, name);

	return fd < 0 ? fd : index_file_map(fd, ret_file);
}

void index_file_close(struct index_file *file)
{
	if (file->map)
		munmap(file->map, file->len);
	*file = (struct index_file){0};
}

int index_file_unit(const struct index_file *file, uint32_t number, struct unit_index *ret_index)
{
	const struct index_unit *unit;

	if (number >= file->unit_cnt || file->units[number].len == 0)
		return -ENODATA;
	unit = &file->units[number];
	if (unit->offset > file->len || unit->len > file->len - unit->offset)
		return -EBADMSG;
	return unit_index_open((const char *)file->map + unit->offset, unit->len, ret_index);
}

/* ---- writing ---- */

static void append_padding(struct buf *out)
{
	static const char zeros[ALIGNMENT];

	buf_append(out, zeros, padded(out->len) - out->len);
}

static uint64_t append_units(struct buf *out, const struct index_units *units, uint64_t offset)
{
	vec_for_each(&units->list, source) {
		struct index_unit unit = {.cu = source->cu};

		if (source->block) {
			unit.offset = offset;
			unit.len = source->block->len;
			offset += unit.len;
		}
		buf_append(out, &unit, sizeof(unit));
	}
	return offset;
}

/* All but the indexes of the units. */
static int make_tables(const struct index_contents *contents, const struct index_units *units,
		       struct buf *out)
{
	struct header header = {
		.version = VERSION,
		.flags = contents->flags,
		.cut_cnt = contents->cut_cnt,
		.unit_cnt = (uint32_t)units->list.len,
		.names_len = contents->names_len,
	};

	memcpy(header.magic, magic, sizeof(magic));
	for (size_t i = 0; i < INDEX_TABLE_COUNT; i++)
		header.interval_cnts[i] = contents->tables[i].list.len;
	buf_append(out, &header, sizeof(header));
	for (size_t i = 0; i < INDEX_TABLE_COUNT; i++)
		buf_append(out, contents->tables[i].list.items,
			   contents->tables[i].list.len * sizeof(struct interval));
	header.len = append_units(out, units, tables_len(&header));
	buf_append(out, contents->names, contents->names_len);
	append_padding(out);
	if (buf_error(out) < 0)
		return buf_error(out);
	memcpy(out->data + offsetof(struct header, len), &header.len, sizeof(header.len));
	header.checksum = checksum_of((const struct header *)(const void *)out->data, out->len);
	memcpy(out->data + offsetof(struct header, checksum), &header.checksum,
	       sizeof(header.checksum));
	return header.len > FILE_LEN_MAX ? -EFBIG : 0;
}

int index_file_emit(const struct index_contents *contents, const struct index_units *units,
		    index_write_fn write, void *ctx)
{
	_cleanup_buf_ struct buf tables = {.max_len = FILE_LEN_MAX};
	int r = make_tables(contents, units, &tables);

	if (r == 0)
		r = write(ctx, tables.data, tables.len);
	vec_for_each(&units->list, source)
		if (r == 0 && source->block)
			r = write(ctx, source->block, source->block->len);
	return r;
}
