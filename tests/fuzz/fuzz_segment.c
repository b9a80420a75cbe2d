// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * A segment of a store that somebody else wrote is refused, or its windows are read; so is its table while
 * it has a file of its own. The input: two bytes say how long the segment is, the table follows it.
 */
#include "formats/folded_reader.h"
#include "formats/segment_reader.h"

#include "base/fs.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int file_of(const uint8_t *data, size_t len)
{
	int fd = memfd_create("segment", MFD_CLOEXEC);

	if (fd < 0 || fs_write_all(fd, data, len) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		abort();
	return fd;
}

static void check_text(const struct buf *text)
{
	struct folded_piece piece = {
		.text = text->len ? (const char *)text->data : "",
		.len = text->len,
		.labels = PROFILE_NONE,
		.sample_ns = 10,
	};
	struct folded_reader *reader = NULL;
	struct profile *profile = NULL;
	struct err err;

	if (profile_new(&profile) < 0 || folded_reader_new(profile, &reader) < 0)
		abort();
	if (folded_reader_add(reader, &piece, &err) == 0 && profile_check(profile, &err) < 0)
		abort();
	folded_reader_free(reader);
	profile_free(profile);
}

static void read_windows(struct segment_reader *reader)
{
	_cleanup_buf_ struct buf text = {.max_len = 16 << 20};
	struct err err;

	for (size_t i = 0; i < segment_reader_count(reader); i++) {
		if (profile_check(segment_reader_record(reader, i)->facts, &err) < 0)
			abort();
		if (segment_reader_text(reader, i, &text, &err) < 0)
			return;
		check_text(&text);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct segment_reader *reader = NULL;
	size_t segment_len = len >= 2 ? (size_t)(data[0] | data[1] << 8) : 0;
	struct err err;
	int fd, table_fd;

	if (len < 2 || segment_len > len - 2)
		return -1;
	fd = file_of(data + 2, segment_len);
	table_fd = file_of(data + 2 + segment_len, len - 2 - segment_len);
	if (segment_reader_of_fds(fd, table_fd, &reader, &err) == 0)
		read_windows(reader);
	else
		close(fd);
	segment_reader_free(reader);
	close(table_fd);
	return 0;
}
