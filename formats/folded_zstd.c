// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Folded text as one zstd frame behind a skippable one, which every decoder passes over. */
#include "formats/folded.h"
#include "formats/metadata.h"
#include "formats/skippable.h"

#include <errno.h>

static void append_le32(struct buf *out, uint32_t value)
{
	for (int shift = 0; shift < 32; shift += 8)
		buf_append_byte(out, (unsigned char)(value >> shift));
}

/* RFC 8878, 3.1.2: magic number, size of the content, content. */
static int write_metadata(const struct profile *profile, struct sink *sink)
{
	_cleanup_buf_ struct buf metadata = {.max_len = SKIPPABLE_METADATA_MAX}, header = {0};
	int r;

	metadata_append(profile, profile_count_type(profile), &metadata);
	append_le32(&header, SKIPPABLE_METADATA_MAGIC);
	append_le32(&header, (uint32_t)metadata.len);
	r = sink_drain(sink, &header, 0);
	return r < 0 ? r : sink_drain(sink, &metadata, 0);
}

int folded_write_zstd(const struct profile *profile, struct sink *sink, struct err *err)
{
	_cleanup_sink_ struct sink *zstd = NULL;
	int r = write_metadata(profile, sink);

	if (r == 0)
		r = sink_zstd_new(sink, &zstd);
	if (r < 0)
		return err_errno(err, r, "cannot write folded text");
	r = folded_write(profile, zstd, err);
	if (r < 0)
		return r;
	r = sink_finish(zstd);
	return r < 0 ? err_errno(err, r, "cannot write folded text") : 0;
}
