// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/segment_writer.h"

#include "base/fs.h"
#include "formats/checked_line.h"
#include "formats/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

/* One of the segment's two files, and what of it is finished. */
struct part_file {
	char name[SEGMENT_NAME_LEN];
	int fd;
	uint64_t len;
};

struct segment_writer {
	int dir_fd; /* borrowed */
	bool sync;
	struct part_file data, table;
	struct segment_size size;
	struct buf packed, line; /* the prepared window's */
	uint64_t prepared_text, header_len;
	struct sink *to_buf, *zstd, *sum; /* text goes to sum, zstd, packed */
};

static int make_file(int dir_fd, struct part_file *file)
{
	file->fd = openat(dir_fd, file->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	return file->fd < 0 ? -errno : 0;
}

static int make_sinks(struct segment_writer *writer)
{
	int r = sink_buf_new(&writer->packed, &writer->to_buf);

	if (r == 0)
		r = sink_zstd_new(writer->to_buf, &writer->zstd);
	return r < 0 ? r : sink_sum_new(writer->zstd, &writer->sum);
}

int segment_writer_new(int dir_fd, const char *name, bool sync, struct segment_writer **ret_writer)
{
	_cleanup_segment_writer_ struct segment_writer *writer = calloc(1, sizeof(*writer));
	int r;

	if (!writer)
		return -ENOMEM;
	*writer = (struct segment_writer){.dir_fd = dir_fd, .sync = sync};
	writer->data.fd = writer->table.fd = -1;
	segment_sibling(name, ".folded.zst", writer->data.name);
	segment_sibling(name, ".windows", writer->table.name);
	r = make_sinks(writer);
	if (r == 0)
		r = make_file(dir_fd, &writer->data);
	if (r == 0)
		r = make_file(dir_fd, &writer->table);
	if (r < 0)
		return r;
	segment_append_header(&writer->packed); /* waits for the first window */
	writer->header_len = writer->packed.len;
	*ret_writer = TAKE_PTR(writer);
	return 0;
}

int segment_writer_prepare(struct segment_writer *writer, const struct profile *profile,
			   struct store_record *record, uint64_t *ret_len, struct err *err)
{
	_cleanup_buf_ struct buf json = {.max_len = SEGMENT_TABLE_MAX / 2};
	struct folded_parts parts = {0};
	int r = folded_write_parts(profile, writer->sum, &parts, err);

	if (r == 0 && (r = sink_flush(writer->sum)) < 0)
		err_errno(err, r, "cannot compress the window");
	if (r == 0) {
		record->text = sink_sum_get(writer->sum);
		record->frame_end = writer->data.len + writer->packed.len - writer->header_len;
		store_record_append(record, profile, &parts, &json);
		checked_line_append(&writer->line, (const char *)json.data, json.len);
		r = buf_error(&json) ? buf_error(&json) : buf_error(&writer->line);
		if (r < 0)
			err_errno(err, r, "cannot describe the window");
	}
	vec_free(&parts);
	if (r < 0)
		return r;
	writer->prepared_text = record->text.bytes;
	*ret_len = writer->packed.len + writer->line.len;
	return 0;
}

/* Behind what is finished; a failure leaves nothing of it. */
static int append_to(struct part_file *file, struct buf *bytes, bool sync)
{
	int r = lseek(file->fd, (off_t)file->len, SEEK_SET) < 0 ? -errno : 0;

	if (r == 0)
		r = fs_write_all(file->fd, bytes->data, bytes->len);
	if (r == 0 && sync && fdatasync(file->fd) < 0)
		r = -errno;
	if (r < 0)
		return ftruncate(file->fd, (off_t)file->len) < 0 ? -errno : r;
	file->len += bytes->len;
	buf_clear(bytes);
	return 0;
}

/* New files' names must outlive a power cut as their bytes do. */
static int sync_names(const struct segment_writer *writer)
{
	return writer->sync && !writer->size.windows && fsync(writer->dir_fd) < 0 ? -errno : 0;
}

/* The line in the table is what finishes a window, so it comes when all else is safe. */
int segment_writer_commit(struct segment_writer *writer)
{
	int r = append_to(&writer->data, &writer->packed, writer->sync);

	if (r == 0)
		r = sync_names(writer);
	if (r == 0)
		r = append_to(&writer->table, &writer->line, writer->sync);
	if (r < 0)
		return r;
	writer->size = (struct segment_size){
		.windows = writer->size.windows + 1,
		.text_bytes = writer->prepared_text,
		.file_bytes = writer->data.len,
		.table_bytes = writer->table.len,
	};
	return 0;
}

struct segment_size segment_writer_size(const struct segment_writer *writer)
{
	return writer->size;
}

static bool has_name(const struct part_file *file)
{
	struct stat st;

	return fstat(file->fd, &st) == 0 && st.st_nlink > 0;
}

bool segment_writer_is_there(const struct segment_writer *writer)
{
	return has_name(&writer->data) && has_name(&writer->table);
}

static void close_file(struct segment_writer *writer, struct part_file *file)
{
	if (file->fd < 0)
		return;
	close(file->fd);
	if (!writer->size.windows)
		unlinkat(writer->dir_fd, file->name, 0);
}

struct segment_writer *segment_writer_free(struct segment_writer *writer)
{
	if (!writer)
		return NULL;
	close_file(writer, &writer->data);
	close_file(writer, &writer->table);
	sink_free(writer->sum);
	sink_free(writer->zstd);
	sink_free(writer->to_buf);
	buf_free(&writer->packed);
	buf_free(&writer->line);
	free(writer);
	return NULL;
}
