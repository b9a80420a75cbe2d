// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define READ_STEP ((size_t)64 << 10)

int fs_read_fd(int fd, size_t max_len, struct buf *buf)
{
	size_t start = buf->len;

	for (;;) {
		void *room = buf_room(buf, READ_STEP);
		ssize_t n;

		if (!room)
			return buf_error(buf);
		n = read(fd, room, READ_STEP);
		if (n == 0)
			return 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf->len += (size_t)n;
		if (buf->len - start > max_len)
			return -EFBIG;
	}
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
	int r = fs_read_file(path, size - 1, &buf);

	if (r < 0)
		return r;
	if (buf.len && buf.data[buf.len - 1] == '\n')
		buf.len--;
	memcpy(line, buf.data, buf.len);
	line[buf.len] = '\0';
	return 0;
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
