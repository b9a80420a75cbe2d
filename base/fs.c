// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define READ_STEP ((size_t)64 << 10)

static ssize_t read_some(int fd, void *data, size_t len)
{
	ssize_t n;

	do
		n = read(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* What `max_len` and the buffer's own cap leave. */
static size_t space_left(const struct buf *buf, size_t max_len)
{
	size_t left = buf->max_len ? buf->max_len - MIN(buf->len, buf->max_len) : SIZE_MAX;

	return MIN(left, max_len);
}

/* With no space left one byte more is asked for: the file must be at its end. */
int fs_read_fd(int fd, size_t max_len, struct buf *buf)
{
	size_t left = space_left(buf, max_len);
	char beyond;
	ssize_t n;

	while (left) {
		size_t step = MIN(left, READ_STEP);
		void *room = buf_room(buf, step);

		if (!room)
			return buf_error(buf);
		n = read_some(fd, room, step);
		if (n <= 0)
			return (int)n;
		buf->len += (size_t)n;
		left -= (size_t)n;
	}
	n = read_some(fd, &beyond, 1);
	return n > 0 ? -EFBIG : (int)n;
}

int fs_read_file(const char *path, size_t max_len, struct buf *buf)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return fs_read_fd(fd, max_len, buf);
}

int fs_read_line(const char *path, char *line, size_t size)
{
	_cleanup_buf_ struct buf buf = {0};
	int r = fs_read_file(path, size, &buf); /* its newline may take the NUL's place */

	if (r < 0)
		return r;
	if (buf.len && buf.data[buf.len - 1] == '\n')
		buf.len--;
	if (buf.len >= size)
		return -EFBIG;
	if (buf.len)
		memcpy(line, buf.data, buf.len);
	line[buf.len] = '\0';
	return 0;
}

ssize_t fs_read_at(int fd, void *data, size_t len, uint64_t offset)
{
	size_t done = 0;

	if (offset > INT64_MAX)
		return -EINVAL;
	while (done < len) {
		ssize_t n = pread(fd, (char *)data + done, len - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (ssize_t)done;
}

int fs_write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}
