// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/segment.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/parse.h"
#include "formats/checked_line.h"
#include "formats/sink.h"
#include "formats/store_record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define NUMBER_DIGITS 10
#define ENDING ".folded.zst"
#define NAME_LEN (NUMBER_DIGITS + sizeof("-YYYYMMDDThhmmssZ") - 1 + sizeof(ENDING) - 1)

void segment_name_make(uint64_t number, uint64_t realtime_ns, char name[SEGMENT_NAME_LEN])
{
	time_t seconds = (time_t)(realtime_ns / NS_PER_SEC);
	char date[32] = "";
	struct tm tm;

	if (!gmtime_r(&seconds, &tm) || tm.tm_year >= 10000 - 1900)
		memset(&tm, 0, sizeof(tm));
	strftime(date, sizeof(date), "%Y%m%dT%H%M%SZ", &tm);
	snprintf(name, SEGMENT_NAME_LEN, "%010" PRIu64 "-%s" ENDING, number, date);
}

bool segment_name_parse(const char *name, uint64_t *ret_number)
{
	size_t len = strlen(name);

	return len == NAME_LEN && name[NUMBER_DIGITS] == '-' &&
	       strcmp(name + len - strlen(ENDING), ENDING) == 0 &&
	       parse_u64_len(name, NUMBER_DIGITS, 10, ret_number) == 0;
}

void segment_sibling(const char *name, const char *ending, char sibling[SEGMENT_NAME_LEN])
{
	snprintf(sibling, SEGMENT_NAME_LEN, "%.*s%s", (int)(NAME_LEN - strlen(ENDING)), name,
		 ending);
}

static void append_le(struct buf *out, uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		buf_append_byte(out, (unsigned char)(value >> 8 * i));
}

void segment_append_frame(uint32_t magic, const void *data, size_t len, struct buf *out)
{
	append_le(out, magic, 4);
	append_le(out, len, 4);
	buf_append(out, data, len);
}

int segment_open_file(int dir_fd, const char *name, int flags)
{
	_cleanup_close_ int fd =
		openat(dir_fd, name, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EINVAL;
}

struct seal {
	int fd;
	bool has_table;
	struct buf lines; /* of the table, whole ones only */
	struct store_record last;
};

static void seal_cleanup(struct seal *seal)
{
	if (seal->fd >= 0)
		close(seal->fd);
	buf_free(&seal->lines);
	store_record_free(&seal->last);
}

/* Drops what stands behind the last whole line; -ENODATA when there is none. */
static int keep_whole_lines(struct seal *seal, struct err *err)
{
	const char *begin = (const char *)seal->lines.data, *last = NULL, *text;
	struct checked_lines lines = {.at = begin,
				      .end = seal->lines.len ? begin + seal->lines.len : begin};
	size_t last_len = 0, len;

	while (checked_lines_next(&lines, &text, &len)) {
		last = text;
		last_len = len;
	}
	if (!last)
		return -ENODATA;
	seal->lines.len = (size_t)(lines.at - begin);
	return store_record_parse(last, last_len, &seal->last, err);
}

/* The table's text goes into its frame compressed. */
static int append_table(const struct seal *seal, struct buf *out)
{
	_cleanup_buf_ struct buf packed = {0};
	_cleanup_sink_ struct sink *to_buf = NULL, *zstd = NULL;
	int r = sink_buf_new(&packed, &to_buf);

	if (r == 0)
		r = sink_zstd_new(to_buf, &zstd);
	if (r == 0)
		r = sink_write(zstd, seal->lines.data, seal->lines.len);
	if (r == 0)
		r = sink_finish(zstd);
	if (r == 0)
		segment_append_frame(SEGMENT_TABLE_MAGIC, packed.data, packed.len, out);
	return r;
}

/*
 * RFC 8878, 3.1.1: a frame ends in a block that is the last one, here a raw one of no bytes, and its
 * checksum. A segment without text has no frame.
 */
static int make_tail(const struct seal *seal, struct buf *out)
{
	_cleanup_buf_ struct buf trailer = {0};
	uint64_t table;
	int r;

	if (seal->last.text.bytes) {
		append_le(out, 1, 3);
		append_le(out, seal->last.text.checksum, 4);
	}
	table = seal->last.file_end + out->len;
	r = append_table(seal, out);
	if (r < 0)
		return r;
	append_le(&trailer, table, 8);
	buf_append_str(&trailer, SEGMENT_TRAILER_MARK);
	segment_append_frame(SEGMENT_TRAILER_MAGIC, trailer.data, trailer.len, out);
	return buf_error(&trailer) ? buf_error(&trailer) : buf_error(out);
}

/* What cannot be written whole is taken back: the segment ends in its last window again. */
static int write_tail(const struct seal *seal, bool sync)
{
	_cleanup_buf_ struct buf tail = {0};
	off_t end = (off_t)seal->last.file_end;
	struct stat st;
	int r = make_tail(seal, &tail);

	if (r < 0)
		return r;
	if (fstat(seal->fd, &st) < 0)
		return -errno;
	if (st.st_size < end)
		return -ENODATA;
	if (ftruncate(seal->fd, end) < 0 || lseek(seal->fd, end, SEEK_SET) < 0)
		return -errno;
	r = fs_write_all(seal->fd, tail.data, tail.len);
	if (r == 0 && sync && fdatasync(seal->fd) < 0)
		r = -errno;
	if (r < 0 && ftruncate(seal->fd, end) < 0)
		return -errno;
	return r;
}

static int read_lines(int dir_fd, const char *windows_name, struct buf *lines)
{
	_cleanup_close_ int fd = segment_open_file(dir_fd, windows_name, O_RDONLY);

	return fd < 0 ? fd : fs_read_fd(fd, SEGMENT_TABLE_MAX, lines);
}

/* Was its writer stopped before the first window's line in the table had its end? */
static bool is_unborn(int dir_fd, const char *name, const struct seal *seal)
{
	struct stat st;

	if (seal->has_table)
		return !seal->lines.len || !memchr(seal->lines.data, '\n', seal->lines.len);
	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && st.st_size == 0;
}

/* A segment that only damage can have robbed of its table stays, under a name that no reader takes. */
static int set_aside(int dir_fd, const char *name, const struct seal *seal)
{
	char other_name[SEGMENT_NAME_LEN];

	if (is_unborn(dir_fd, name, seal)) {
		if (unlinkat(dir_fd, name, 0) < 0)
			return -errno;
	} else {
		segment_sibling(name, ".torn", other_name);
		if (renameat(dir_fd, name, dir_fd, other_name) < 0)
			return -errno;
	}
	segment_sibling(name, ".windows", other_name);
	return unlinkat(dir_fd, other_name, 0) < 0 && errno != ENOENT ? -errno : 0;
}

int segment_seal(int dir_fd, const char *name, bool sync, struct err *err)
{
	_cleanup_(seal_cleanup) struct seal seal = {.fd = -1};
	char windows_name[SEGMENT_NAME_LEN];
	struct err why = {""};
	int r;

	segment_sibling(name, ".windows", windows_name);
	r = read_lines(dir_fd, windows_name, &seal.lines);
	seal.has_table = r == 0;
	if (r == 0)
		r = keep_whole_lines(&seal, &why);
	if (r == -ENOENT || r == -ENODATA) {
		r = set_aside(dir_fd, name, &seal);
		return r < 0 ? err_errno(err, r, "cannot set '%s' aside", name) : 0;
	}
	if (r == 0)
		r = seal.fd = segment_open_file(dir_fd, name, O_RDWR);
	if (r >= 0)
		r = write_tail(&seal, sync);
	if (r < 0)
		return why.text[0] ? err_set(err, r, "cannot end '%s': %s", name, why.text) :
				     err_errno(err, r, "cannot end '%s'", name);
	return unlinkat(dir_fd, windows_name, 0) < 0 ?
		       err_errno(err, -errno, "cannot remove '%s'", windows_name) :
		       0;
}
