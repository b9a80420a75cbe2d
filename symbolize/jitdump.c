// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/jitdump.h"

#include "base/byte_reader.h"
#include "base/fs.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define MAGIC 0x4a695444u /* "JiTD" */
#define VERSION 1
#define HEADER_LEN 40 /* of version 1; a longer one is passed over */
#define PREFIX_LEN 16
#define FLAG_ARCH_TIMESTAMP 1u
#define RECORDS_MAX ((uint64_t)8 << 20)
/* What is looked at of one record: a name, or the lines of one function. */
#define LOAD_LEN_MAX ((size_t)16 * 1024)
#define DEBUG_LEN_MAX ((size_t)4 * 1024 * 1024)
/*
 * V8 counts in the ELF header that perf inject puts before the code: its lines begin 64 bytes late, where
 * others' begin with the function.
 */
#define ELF_HEADER_LEN 64
#define PADDING_MAX 8 /* records may be filled up to a multiple of it */

enum record_id { CODE_LOAD, CODE_MOVE, CODE_DEBUG_INFO };

struct record {
	uint32_t id, len; /* with the prefix */
	uint64_t time_ns;
};

struct reading {
	int fd;
	struct jitdump *dump;
	struct live_code *code;
	struct buf bytes; /* of the record being looked at, behind its prefix */
	/* The lines that wait for their code: its address, how far they reach, where their record is. */
	uint64_t lines_for, lines_len, lines_at;
};

static void reading_done(struct reading *reading)
{
	buf_free(&reading->bytes);
}

struct header {
	uint32_t magic, version, len;
	uint64_t flags;
};

static int read_header(int fd, struct header *ret_header)
{
	uint8_t bytes[HEADER_LEN];
	struct byte_reader reader = byte_reader_of(bytes, sizeof(bytes));
	ssize_t n = fs_read_at(fd, bytes, sizeof(bytes), 0);
	struct header header;

	if (n < 0)
		return (int)n;
	if (n < HEADER_LEN)
		return -ENOEXEC;
	header.magic = (uint32_t)read_fixed(&reader, 4);
	header.version = (uint32_t)read_fixed(&reader, 4);
	header.len = (uint32_t)read_fixed(&reader, 4);
	reader_skip(&reader, 4 + 4 + 4 + 8); /* machine, padding, process, time */
	header.flags = read_fixed(&reader, 8);
	if (header.magic != MAGIC)
		return -ENOEXEC;
	*ret_header = header;
	return 0;
}

bool jitdump_is(int fd)
{
	struct header header;

	return read_header(fd, &header) == 0;
}

/* Where reading goes on; a file that was written anew begins again. */
static int begin(struct reading *reading)
{
	struct jitdump *dump = reading->dump;
	struct header header;
	struct stat st;
	int r;

	if (fstat(reading->fd, &st) < 0)
		return -errno;
	if (dump->offset && (uint64_t)st.st_size >= dump->offset)
		return 0;
	r = read_header(reading->fd, &header);
	if (r < 0)
		return r;
	if (header.version != VERSION || header.len < HEADER_LEN)
		return -ENOEXEC;
	dump->offset = header.len;
	dump->is_timeless = header.flags & FLAG_ARCH_TIMESTAMP;
	return 0;
}

/* The next record's prefix. False: it is not all written yet, or the file makes no sense from here. */
static bool read_prefix(const struct reading *reading, uint64_t file_len, struct record *ret_record)
{
	uint64_t offset = reading->dump->offset;
	uint8_t bytes[PREFIX_LEN];
	struct byte_reader reader = byte_reader_of(bytes, sizeof(bytes));
	struct record record;

	if (fs_read_at(reading->fd, bytes, sizeof(bytes), offset) != PREFIX_LEN)
		return false;
	record.id = (uint32_t)read_fixed(&reader, 4);
	record.len = (uint32_t)read_fixed(&reader, 4);
	record.time_ns = read_fixed(&reader, 8);
	if (record.len < PREFIX_LEN || record.len > file_len - offset)
		return false;
	if (reading->dump->is_timeless)
		record.time_ns = 0;
	*ret_record = record;
	return true;
}

/* The first `len_max` bytes behind the record's prefix. -EIO: they are not there. */
static int read_body(struct reading *reading, const struct record *record, size_t len_max,
		     struct byte_reader *ret_reader)
{
	size_t len = MIN((size_t)record->len - PREFIX_LEN, len_max);
	void *room;

	buf_clear(&reading->bytes);
	room = buf_room(&reading->bytes, len);
	if (!room)
		return -ENOMEM;
	if (fs_read_at(reading->fd, room, len, reading->dump->offset + PREFIX_LEN) != (ssize_t)len)
		return -EIO;
	*ret_reader = byte_reader_of(room, len);
	return 0;
}

static int take_load(struct reading *reading, const struct record *record)
{
	struct live_code_news news = {.time_ns = record->time_ns};
	struct byte_reader reader;
	int r = read_body(reading, record, LOAD_LEN_MAX, &reader);

	if (r < 0)
		return r;
	reader_skip(&reader, 4 + 4 + 8); /* process, thread, address in the file that perf makes */
	news.start = read_fixed(&reader, 8);
	news.len = read_fixed(&reader, 8);
	reader_skip(&reader, 8); /* number */
	news.name = read_string(&reader);
	if (!news.name)
		return -EINVAL;
	news.name_len = strlen(news.name);
	if (reading->lines_for != news.start || reading->lines_len > news.len)
		live_code_drop_lines(reading->code);
	live_code_add(reading->code, &news);
	return 0;
}

static int take_move(struct reading *reading, const struct record *record)
{
	struct live_code_news to = {.time_ns = record->time_ns};
	struct byte_reader reader;
	uint64_t from;
	int r = read_body(reading, record, LOAD_LEN_MAX, &reader);

	if (r < 0)
		return r;
	reader_skip(&reader, 4 + 4 + 8);
	from = read_fixed(&reader, 8);
	to.start = read_fixed(&reader, 8);
	to.len = read_fixed(&reader, 8);
	if (reader.failed)
		return -EINVAL;
	live_code_move(reading->code, from, &to);
	return 0;
}

struct source_line {
	uint64_t address;
	uint32_t line;
	const char *file;
};

/* A file name of the one byte 255 is that of the line before. */
static bool read_line(struct byte_reader *reader, struct source_line *line)
{
	const char *file;

	line->address = read_fixed(reader, 8);
	line->line = (uint32_t)read_fixed(reader, 4);
	reader_skip(reader, 4); /* discriminator */
	file = read_string(reader);
	if (file && strcmp(file, "\xff") != 0)
		line->file = file;
	return file && line->file;
}

/*
 * False: they do not fill the record, or begin before their code. V8 11 writes file names it has given
 * back already: what is read then is nonsense, and seldom fits.
 */
static bool take_lines(struct reading *reading, struct byte_reader *reader)
{
	uint64_t count = read_fixed(reader, 8), bias = 0;
	struct source_line line = {0};

	for (uint64_t i = 0; i < count; i++) {
		struct live_code_line_news news;
		uint64_t offset;

		if (!read_line(reader, &line))
			return false;
		offset = line.address - reading->lines_for;
		if (i == 0 && offset >= ELF_HEADER_LEN)
			bias = ELF_HEADER_LEN;
		if (offset < bias || offset >= LIVE_CODE_LEN_MAX)
			return false;
		news = (struct live_code_line_news){.offset = (uint32_t)(offset - bias),
						    .line = line.line,
						    .file = line.file,
						    .file_len = strlen(line.file)};
		live_code_add_line(reading->code, &news);
		reading->lines_len = MAX(reading->lines_len, offset - bias);
	}
	return reader_left(reader) < PADDING_MAX;
}

/* The lines of the code that the next load record brings. */
static int take_debug_info(struct reading *reading, const struct record *record)
{
	struct byte_reader reader;
	int r = read_body(reading, record, DEBUG_LEN_MAX, &reader);

	if (r < 0)
		return r;
	live_code_drop_lines(reading->code);
	reading->lines_at = reading->dump->offset;
	reading->lines_for = read_fixed(&reader, 8);
	reading->lines_len = 0;
	if (take_lines(reading, &reader))
		return 0;
	live_code_drop_lines(reading->code);
	return -EINVAL;
}

static int take_record(struct reading *reading, const struct record *record)
{
	switch (record->id) {
	case CODE_LOAD:
		return take_load(reading, record);
	case CODE_MOVE:
		return take_move(reading, record);
	case CODE_DEBUG_INFO:
		return take_debug_info(reading, record);
	default: /* the end, unwind information: nothing for us */
		return 0;
	}
}

int jitdump_read(int fd, struct jitdump *dump, struct live_code *code)
{
	_cleanup_(reading_done) struct reading reading = {.fd = fd, .dump = dump, .code = code};
	struct record record;
	struct stat st;
	int r = begin(&reading);

	if (r < 0)
		return r;
	if (fstat(fd, &st) < 0)
		return -errno;
	for (uint64_t i = 0; i < RECORDS_MAX; i++) {
		if (dump->offset >= (uint64_t)st.st_size ||
		    !read_prefix(&reading, (uint64_t)st.st_size, &record))
			break;
		r = take_record(&reading, &record);
		if (r == -ENOMEM)
			return r;
		dump->lost_cnt += r < 0;
		dump->offset += record.len;
	}
	if (code->lines.len > code->pending_line)
		dump->offset = reading.lines_at; /* their code is not written yet */
	live_code_drop_lines(code);
	return 0;
}
