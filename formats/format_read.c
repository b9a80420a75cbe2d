// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/format.h"

#include "base/fs.h"
#include "formats/decompress.h"
#include "formats/folded.h"
#include "formats/metadata.h"
#include "formats/pprof.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_BYTES_MAX ((size_t)1 << 30)
#define SNIFF_LEN ((size_t)4096)

static bool begins_with(const struct buf *data, const char *text)
{
	return data->len >= strlen(text) && memcmp(data->data, text, strlen(text)) == 0;
}

/* A protocol buffers message has control characters among its first bytes; folded text has none. */
static bool is_text(const struct buf *data)
{
	for (size_t i = 0; i < MIN(data->len, SNIFF_LEN); i++) {
		unsigned char c = data->data[i];

		if (c < 0x20 && c != '\t' && (c != '\n' || i == 0))
			return false;
	}
	return true;
}

static int read_plain(const struct buf *data, struct profile **ret_profile, struct err *err)
{
	if (begins_with(data, "<!"))
		return err_set(err, -EINVAL, "a web page: reports cannot be read back");
	if (begins_with(data, "{\"format\":\"smolder-report\""))
		return err_set(err, -EINVAL, "a JSON report: reports cannot be read back");
	if (begins_with(data, "PERFILE2"))
		return err_set(err, -EINVAL, "a perf.data file, which smolder does not read");
	if (is_text(data))
		return folded_read((const char *)data->data, data->len, ret_profile, err);
	return pprof_read(data->data, data->len, ret_profile, err);
}

/* Metadata belongs to folded text; what else may be in a zstd file says such things itself. */
static int read_zstd(const struct buf *data, struct profile **ret_profile, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_buf_ struct buf plain = {.max_len = FILE_BYTES_MAX}, metadata = {0};
	int r = decompress_zstd(data, &plain, &metadata, err);

	if (r == 0)
		r = read_plain(&plain, &profile, err);
	if (r == 0 && metadata.len && is_text(&plain))
		r = metadata_apply((const char *)metadata.data, metadata.len, profile, err);
	if (r == 0)
		*ret_profile = TAKE_PTR(profile);
	return r;
}

static int read_gzip(const struct buf *data, struct profile **ret_profile, struct err *err)
{
	_cleanup_buf_ struct buf plain = {.max_len = FILE_BYTES_MAX};
	int r = decompress_gzip(data, &plain, err);

	return r < 0 ? r : read_plain(&plain, ret_profile, err);
}

static int read_data(const struct buf *data, struct profile **ret_profile, struct err *err)
{
	switch (decompress_sniff(data)) {
	case COMPRESSION_GZIP:
		return read_gzip(data, ret_profile, err);
	case COMPRESSION_ZSTD:
		return read_zstd(data, ret_profile, err);
	case COMPRESSION_NONE:
		break;
	}
	return read_plain(data, ret_profile, err);
}

static int load(const char *path, struct buf *data, struct err *err)
{
	bool is_stdin = strcmp(path, "-") == 0;
	_cleanup_close_ int opened = is_stdin ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	int fd = is_stdin ? STDIN_FILENO : opened, r;

	if (fd < 0)
		return err_errno(err, -errno, "cannot read '%s'", path);
	r = fs_read_fd(fd, FILE_BYTES_MAX, data);
	if (r == -EFBIG)
		return err_set(err, r, "cannot read '%s': larger than 1 GiB", path);
	return r < 0 ? err_errno(err, r, "cannot read '%s'", path) : 0;
}

int format_read_file(const char *path, struct profile **ret_profile, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_buf_ struct buf data = {0};
	struct err why = {0};
	int r = load(path, &data, err);

	if (r < 0)
		return r;
	r = read_data(&data, &profile, &why);
	if (r < 0)
		return err_set(err, r, "cannot read '%s': %s", path, why.text);
	*ret_profile = TAKE_PTR(profile);
	return 0;
}
