// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define XXH_INLINE_ALL
#include "formats/segment_reader.h"

#include "base/fs.h"
#include "formats/checked_line.h"
#include "formats/decompress.h"
#include "formats/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <xxhash.h>
#include <zstd.h>

#define STEP ((size_t)128 << 10)
#define TEXT_MAX ((uint64_t)1 << 30) /* bytes of one window's text */
#define HEADER_MAX ((size_t)64 << 10)
#define WINDOW_LOG_MAX 27

/* The text's frame, and how far it has been decoded. */
struct stream {
	ZSTD_DCtx *context;
	XXH64_state_t sum;
	uint64_t at; /* in the file: what is read next */
	struct buf in;
	size_t in_pos;
};

struct segment_reader {
	int fd;
	bool sealed;
	uint64_t file_len, table_len; /* of the two files */
	uint64_t frame_at;            /* in the file */
	size_t missing;               /* windows in the table, but not in the file */
	VEC(struct store_record) records;
	struct stream stream;
	size_t next; /* the window whose text follows */
};

static int damaged(struct err *err, const char *what)
{
	return err_set(err, -EINVAL, "%s", what);
}

/* Exactly these bytes; -ENODATA when the file ends before. */
static int read_at(int fd, uint64_t at, void *data, size_t len)
{
	char *to = data;

	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENODATA;
		to += n;
		at += (uint64_t)n;
		len -= (size_t)n;
	}
	return 0;
}

/* The length of a skippable frame's content; -EINVAL when there is no such frame here. */
static int read_frame_head(const struct segment_reader *reader, uint64_t at, uint32_t magic,
			   size_t *ret_len)
{
	unsigned char head[SEGMENT_FRAME_HEAD_LEN];
	int r = read_at(reader->fd, at, head, sizeof(head));

	if (r < 0)
		return r == -ENODATA ? -EINVAL : r;
	if (segment_le(head, 4) != magic ||
	    segment_le(head + 4, 4) > reader->file_len - at - sizeof(head))
		return -EINVAL;
	*ret_len = segment_le(head + 4, 4);
	return 0;
}

static int read_header(struct segment_reader *reader, struct err *err)
{
	static const char mark[] = "{\"format\":\"" SEGMENT_FORMAT "\",\"version\":1,";
	char start[sizeof(mark) - 1];
	size_t len;
	int r = read_frame_head(reader, 0, SEGMENT_HEADER_MAGIC, &len);

	if (r == 0 && len >= sizeof(start))
		r = read_at(reader->fd, SEGMENT_FRAME_HEAD_LEN, start, sizeof(start));
	if (r < 0 || len < sizeof(start) || len > HEADER_MAX ||
	    memcmp(start, mark, sizeof(start)) != 0)
		return damaged(err, "not a segment of a store");
	reader->frame_at = SEGMENT_FRAME_HEAD_LEN + len;
	return 0;
}

/* The table of a segment that has its end; -ENODATA when it has not. */
static int read_own_table(struct segment_reader *reader, struct buf *lines, struct err *err)
{
	_cleanup_buf_ struct buf packed = {0}, metadata = {0};
	uint64_t at = reader->frame_at;
	size_t len;
	void *room;
	int r = read_frame_head(reader, at, SEGMENT_TABLE_MAGIC, &len);

	if (r < 0)
		return err_set(err, r == -EINVAL ? -ENODATA : r, "its table is missing");
	room = buf_room(&packed, len);
	if (!room)
		return err_errno(err, -ENOMEM, "its table");
	r = read_at(reader->fd, at + SEGMENT_FRAME_HEAD_LEN, room, len);
	if (r < 0)
		return err_errno(err, r, "its table");
	packed.len = len;
	reader->frame_at = at + SEGMENT_FRAME_HEAD_LEN + len;
	reader->sealed = true;
	return decompress_zstd(&packed, lines, &metadata, err);
}

/* Positions rise. */
static bool is_in_order(const struct segment_reader *reader, const struct store_record *record)
{
	const struct store_record *before = reader->records.len ? vec_last(&reader->records) : NULL;
	uint64_t frame_begin = before ? before->frame_end : 0;
	uint64_t text_begin = before ? before->text.bytes : 0;

	return record->frame_end >= frame_begin && record->text.bytes >= text_begin &&
	       record->text.bytes - text_begin <= TEXT_MAX;
}

/* A window whose text is not all there, in a file that was cut, is missing with those behind it. */
static int add_record(struct segment_reader *reader, const char *text, size_t len, struct err *err)
{
	_cleanup_store_record_ struct store_record record = {0};
	int r = store_record_parse(text, len, &record, err);

	if (r < 0)
		return r;
	if (!is_in_order(reader, &record))
		return damaged(err, "its table does not fit its text");
	if (reader->missing || record.frame_end > reader->file_len - reader->frame_at) {
		reader->missing++;
		return 0;
	}
	if (vec_push(&reader->records, record) < 0)
		return err_errno(err, -ENOMEM, "its table");
	record = (struct store_record){0};
	return 0;
}

static int read_table(struct segment_reader *reader, int table_fd, struct buf *lines,
		      struct err *err)
{
	int r = read_own_table(reader, lines, err);

	if (r != -ENODATA || table_fd < 0)
		return r;
	r = fs_read_fd(table_fd, SEGMENT_TABLE_MAX, lines);
	reader->table_len = lines->len;
	return r < 0 ? err_errno(err, r, "its table") : 0;
}

static int measure(struct segment_reader *reader, struct err *err)
{
	struct stat st;

	if (fstat(reader->fd, &st) < 0)
		return err_errno(err, -errno, "cannot read it");
	reader->file_len = (uint64_t)st.st_size;
	return 0;
}

/*
 * A table that is being written may end in a part of a line. The text is measured behind it, so that what a
 * writer has added meanwhile is not taken for missing.
 */
static int read_records(struct segment_reader *reader, int table_fd, struct err *err)
{
	_cleanup_buf_ struct buf buf = {.max_len = SEGMENT_TABLE_MAX};
	struct checked_lines lines;
	const char *text;
	size_t len;
	int r = read_table(reader, table_fd, &buf, err);

	if (r == 0)
		r = measure(reader, err);
	if (r < 0)
		return r;
	lines.at = (const char *)buf.data;
	lines.end = buf.len ? lines.at + buf.len : lines.at;
	while (r == 0 && checked_lines_next(&lines, &text, &len))
		r = add_record(reader, text, len, err);
	if (r == 0 && reader->sealed && lines.at != lines.end)
		return damaged(err, "its table is damaged");
	return r;
}

static int open_stream(struct segment_reader *reader, struct err *err)
{
	struct stream *stream = &reader->stream;

	stream->at = reader->frame_at;
	XXH64_reset(&stream->sum, 0);
	stream->context = ZSTD_createDCtx();
	if (!stream->context)
		return err_errno(err, -ENOMEM, "cannot read it");
	ZSTD_DCtx_setParameter(stream->context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	return 0;
}

int segment_reader_of_fds(int fd, int table_fd, struct segment_reader **ret_reader, struct err *err)
{
	_cleanup_segment_reader_ struct segment_reader *reader = calloc(1, sizeof(*reader));
	int r;

	if (!reader)
		return err_errno(err, -ENOMEM, "cannot read it");
	reader->fd = fd;
	r = measure(reader, err);
	if (r == 0)
		r = read_header(reader, err);
	if (r == 0)
		r = read_records(reader, table_fd, err);
	if (r == 0)
		r = open_stream(reader, err);
	if (r < 0) {
		reader->fd = -1; /* the caller's still */
		return r;
	}
	*ret_reader = TAKE_PTR(reader);
	return 0;
}

static int open_once(int dir_fd, const char *name, struct segment_reader **ret_reader,
		     struct err *err)
{
	_cleanup_close_ int fd = segment_open_file(dir_fd, name, O_RDONLY), table_fd = -1;
	char windows_name[SEGMENT_NAME_LEN];
	int r;

	if (fd < 0)
		return err_errno(err, fd, "cannot open it");
	segment_sibling(name, ".windows", windows_name);
	table_fd = segment_open_file(dir_fd, windows_name, O_RDONLY);
	if (table_fd < 0 && table_fd != -ENOENT)
		return err_errno(err, table_fd, "its table");
	r = segment_reader_of_fds(fd, table_fd, ret_reader, err);
	if (r == 0)
		fd = -1; /* the reader's */
	return r;
}

/*
 * Between the opening of the two files a writer may put the table into the segment, and remove its own
 * file; that happens once to a segment.
 */
int segment_reader_open(int dir_fd, const char *name, struct segment_reader **ret_reader,
			struct err *err)
{
	struct err why = {""};
	int r = open_once(dir_fd, name, ret_reader, &why);

	if (r == -ENODATA)
		r = open_once(dir_fd, name, ret_reader, &why);
	if (r == -ENODATA)
		r = -EINVAL;
	return r < 0 ? err_set(err, r, "cannot read '%s': %s", name, why.text) : 0;
}

size_t segment_reader_missing(const struct segment_reader *reader)
{
	return reader->missing;
}

size_t segment_reader_count(const struct segment_reader *reader)
{
	return reader->records.len;
}

const struct store_record *segment_reader_record(const struct segment_reader *reader, size_t window)
{
	return &reader->records.items[window];
}

uint64_t segment_reader_bytes(const struct segment_reader *reader)
{
	return reader->file_len + reader->table_len;
}

bool segment_reader_is_sealed(const struct segment_reader *reader)
{
	return reader->sealed;
}

/* More of the frame, but nothing from behind `end`; 0 bytes there: the text is cut off. */
static int refill(struct segment_reader *reader, uint64_t end)
{
	struct stream *stream = &reader->stream;
	uint64_t left = end > stream->at ? end - stream->at : 0;
	size_t len = (size_t)MIN((uint64_t)STEP, left);
	void *room;
	int r;

	if (stream->in_pos < stream->in.len)
		return 0;
	buf_clear(&stream->in);
	stream->in_pos = 0;
	room = buf_room(&stream->in, STEP);
	if (!room)
		return -ENOMEM;
	r = read_at(reader->fd, stream->at, room, len);
	if (r < 0)
		return r;
	stream->in.len = len;
	stream->at += len;
	return 0;
}

/* One step of the decoder, at most to the end of what is wanted. Returns its bytes. */
static ssize_t decode_step(struct segment_reader *reader, size_t wanted, struct buf *text,
			   struct err *err)
{
	struct stream *stream = &reader->stream;
	ZSTD_inBuffer in = {.src = stream->in.data, .size = stream->in.len, .pos = stream->in_pos};
	ZSTD_outBuffer out = {.size = MIN(wanted, STEP)};
	size_t status;

	out.dst = buf_room(text, out.size);
	if (!out.dst)
		return err_errno(err, -ENOMEM, "its text");
	status = ZSTD_decompressStream(stream->context, &out, &in);
	if (ZSTD_isError(status))
		return err_set(err, -EINVAL, "its text is damaged (zstd: %s)",
			       ZSTD_getErrorName(status));
	if (!out.pos && in.pos == stream->in_pos && stream->in_pos < stream->in.len)
		return damaged(err, "its text is damaged");
	XXH64_update(&stream->sum, out.dst, out.pos);
	text->len += out.pos;
	stream->in_pos = in.pos;
	return (ssize_t)out.pos;
}

static int decode_window(struct segment_reader *reader, size_t window, struct buf *text,
			 struct err *err)
{
	const struct store_record *record = &reader->records.items[window];
	uint64_t begin = window ? record[-1].text.bytes : 0;
	size_t left = (size_t)(record->text.bytes - begin);

	buf_clear(text);
	while (left) {
		bool had_input = reader->stream.in_pos < reader->stream.in.len;
		int r = refill(reader, reader->frame_at + record->frame_end);
		ssize_t n;

		if (r < 0)
			return err_errno(err, r, "its text");
		n = decode_step(reader, left, text, err);
		if (n < 0)
			return (int)n;
		if (!n && !had_input && !reader->stream.in.len)
			return damaged(err, "its text is cut off");
		left -= (size_t)n;
	}
	if (record->text.bytes &&
	    (uint32_t)XXH64_digest(&reader->stream.sum) != record->text.checksum)
		return damaged(err, "its text is damaged (checksum)");
	return 0;
}

int segment_reader_text(struct segment_reader *reader, size_t window, struct buf *text,
			struct err *err)
{
	int r = 0;

	if (window < reader->next || window >= reader->records.len)
		return damaged(err, "no such window ahead");
	while (r == 0 && reader->next <= window)
		r = decode_window(reader, reader->next++, text, err);
	if (r < 0)
		reader->next = reader->records.len;
	return r;
}

struct segment_reader *segment_reader_free(struct segment_reader *reader)
{
	if (!reader)
		return NULL;
	if (reader->fd >= 0)
		close(reader->fd);
	vec_for_each(&reader->records, record)
		store_record_free(record);
	vec_free(&reader->records);
	ZSTD_freeDCtx(reader->stream.context);
	buf_free(&reader->stream.in);
	free(reader);
	return NULL;
}
