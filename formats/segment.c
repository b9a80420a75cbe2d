// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/segment.h"

#include "base/clock.h"
#include "base/fs.h"
#include "base/parse.h"
#include "formats/checked_line.h"
#include "formats/sink.h"
#include "formats/store_record.h"
#include "version.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define COPY_STEP ((size_t)128 << 10)
#define NEW_NAME "segment.new" /* of one that is being ended */
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

uint64_t segment_le(const unsigned char *at, unsigned int bytes)
{
	uint64_t value = 0;

	for (unsigned int i = 0; i < bytes; i++)
		value |= (uint64_t)at[i] << 8 * i;
	return value;
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

void segment_append_header(struct buf *out)
{
	static const char header[] = "{\"format\":\"" SEGMENT_FORMAT
				     "\",\"version\":1,\"smolder\":\"" SMOLDER_VERSION "\"}";

	segment_append_frame(SEGMENT_HEADER_MAGIC, header, sizeof(header) - 1, out);
}

struct seal {
	int fd;
	bool has_table, had_line; /* is there one, and was a line of it ever whole? */
	struct buf lines;         /* of the table, whole ones only */
	uint64_t frame_at;        /* in the file */
	struct store_record last; /* of those whose text is there */
};

static void seal_cleanup(struct seal *seal)
{
	if (seal->fd >= 0)
		close(seal->fd);
	buf_free(&seal->lines);
	store_record_free(&seal->last);
}

/* How much of the frame is there; -EALREADY when the table is in front of it. */
static int measure_frame(struct seal *seal, uint64_t *ret_len)
{
	unsigned char head[SEGMENT_FRAME_HEAD_LEN] = {0}, next[4] = {0};
	struct stat st;

	if (fstat(seal->fd, &st) < 0 || pread(seal->fd, head, sizeof(head), 0) < 0)
		return -errno;
	seal->frame_at = sizeof(head) + segment_le(head + 4, 4);
	if ((uint64_t)st.st_size < seal->frame_at)
		return -ENODATA;
	if (pread(seal->fd, next, sizeof(next), (off_t)seal->frame_at) < 0)
		return -errno;
	if (segment_le(next, sizeof(next)) == SEGMENT_TABLE_MAGIC)
		return -EALREADY;
	*ret_len = (uint64_t)st.st_size - seal->frame_at;
	return 0;
}

/* The last whole line, from the text's begin up to `end`; 0: there is none. */
static size_t last_line(const struct buf *lines, size_t end)
{
	const char *begin = (const char *)lines->data;
	const char *newline = end > 1 ? memrchr(begin, '\n', end - 1) : NULL;

	return newline ? (size_t)(newline + 1 - begin) : 0;
}

/* Drops what stands behind the last whole line. */
static void keep_whole_lines(struct buf *buf)
{
	const char *begin = (const char *)buf->data, *text;
	struct checked_lines lines = {.at = begin, .end = buf->len ? begin + buf->len : begin};
	size_t len;

	while (checked_lines_next(&lines, &text, &len))
		;
	buf->len = (size_t)(lines.at - begin);
}

/* Finds the last window whose text is there, and drops those behind it; -ENODATA when none is. */
static int find_last(struct seal *seal, uint64_t frame_len, struct err *err)
{
	keep_whole_lines(&seal->lines);
	while (seal->lines.len) {
		size_t begin = last_line(&seal->lines, seal->lines.len);
		struct checked_lines lines = {
			.at = (const char *)seal->lines.data + begin,
			.end = (const char *)seal->lines.data + seal->lines.len,
		};
		const char *text;
		size_t len;
		int r;

		store_record_free(&seal->last);
		if (!checked_lines_next(&lines, &text, &len))
			return -ENODATA;
		r = store_record_parse(text, len, &seal->last, err);
		if (r < 0 || seal->last.frame_end <= frame_len)
			return r;
		seal->lines.len = begin;
	}
	return -ENODATA;
}

/* The table's text goes into its frame compressed. */
static int append_table(const struct buf *lines, struct buf *out)
{
	_cleanup_buf_ struct buf packed = {0};
	_cleanup_sink_ struct sink *to_buf = NULL, *zstd = NULL;
	int r = sink_buf_new(&packed, &to_buf);

	if (r == 0)
		r = sink_zstd_new(to_buf, &zstd);
	if (r == 0)
		r = sink_write(zstd, lines->data, lines->len);
	if (r == 0)
		r = sink_finish(zstd);
	if (r == 0)
		segment_append_frame(SEGMENT_TABLE_MAGIC, packed.data, packed.len, out);
	return r;
}

static int copy_frame(const struct seal *seal, int to)
{
	_cleanup_buf_ struct buf buf = {0};
	uint64_t at = seal->frame_at, end = at + seal->last.frame_end;

	while (at < end) {
		ssize_t n;
		int r;

		buf_clear(&buf);
		if (!buf_room(&buf, COPY_STEP))
			return buf_error(&buf);
		n = pread(seal->fd, buf.data, MIN((uint64_t)COPY_STEP, end - at), (off_t)at);
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		r = fs_write_all(to, buf.data, (size_t)n);
		if (r < 0)
			return r;
		at += (uint64_t)n;
	}
	return 0;
}

/*
 * RFC 8878, 3.1.1: a frame ends in a block that is the last one, here a raw one of no bytes, and its
 * checksum. A segment without text has no frame.
 */
static int write_whole(const struct seal *seal, int to)
{
	_cleanup_buf_ struct buf front = {0}, end = {0};
	int r;

	segment_append_header(&front);
	r = append_table(&seal->lines, &front);
	if (r == 0)
		r = buf_error(&front);
	if (r == 0)
		r = fs_write_all(to, front.data, front.len);
	if (r == 0)
		r = copy_frame(seal, to);
	if (r < 0 || !seal->last.text.bytes)
		return r;
	append_le(&end, 1, 3);
	append_le(&end, seal->last.text.checksum, 4);
	return buf_error(&end) ? buf_error(&end) : fs_write_all(to, end.data, end.len);
}

static int write_anew(const struct seal *seal, int dir_fd, const char *name, bool sync)
{
	_cleanup_close_ int to = openat(
		dir_fd, NEW_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	int r = to < 0 ? -errno : write_whole(seal, to);

	if (r == 0 && sync && fdatasync(to) < 0)
		r = -errno;
	if (r == 0 && renameat(dir_fd, NEW_NAME, dir_fd, name) < 0)
		r = -errno;
	if (r == 0 && sync && fsync(dir_fd) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, NEW_NAME, 0);
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
		return !seal->had_line;
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

static int seal_open(struct seal *seal, int dir_fd, const char *name, struct err *err)
{
	char windows_name[SEGMENT_NAME_LEN];
	uint64_t frame_len = 0;
	int r;

	seal->fd = segment_open_file(dir_fd, name, O_RDONLY);
	if (seal->fd < 0)
		return seal->fd;
	segment_sibling(name, ".windows", windows_name);
	r = read_lines(dir_fd, windows_name, &seal->lines);
	if (r < 0 && r != -ENOENT)
		return r;
	seal->has_table = r == 0;
	seal->had_line = seal->lines.len && memchr(seal->lines.data, '\n', seal->lines.len);
	r = measure_frame(seal, &frame_len);
	return r < 0 ? r : find_last(seal, frame_len, err);
}

/* -EALREADY: whoever did it may have been stopped before its last step. */
int segment_seal(int dir_fd, const char *name, bool sync, struct err *err)
{
	_cleanup_(seal_cleanup) struct seal seal = {.fd = -1};
	char windows_name[SEGMENT_NAME_LEN];
	struct err why = {""};
	int r = seal_open(&seal, dir_fd, name, &why);

	if (r == -ENODATA) {
		r = set_aside(dir_fd, name, &seal);
		return r < 0 ? err_errno(err, r, "cannot set '%s' aside", name) : 0;
	}
	if (r == 0)
		r = write_anew(&seal, dir_fd, name, sync);
	if (r < 0 && r != -EALREADY)
		return why.text[0] ? err_set(err, r, "cannot end '%s': %s", name, why.text) :
				     err_errno(err, r, "cannot end '%s'", name);
	segment_sibling(name, ".windows", windows_name);
	unlinkat(dir_fd, windows_name, 0); /* of no use now, nor of harm */
	return 0;
}
