// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whatever text is read makes a sound profile, and what is written of it is read and written again
 * without any change.
 */
#include "formats/folded.h"

#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void write_text(const struct profile *profile, struct buf *out)
{
	struct sink *sink = NULL;
	struct err err;

	if (sink_buf_new(out, &sink) < 0 || folded_write(profile, sink, &err) < 0)
		abort();
	sink_free(sink);
}

static struct profile *read_text(const void *data, size_t len)
{
	struct profile *profile = NULL;
	struct err err;

	if (folded_read(data, len, &profile, &err) < 0)
		return NULL;
	if (profile_check(profile, &err) < 0)
		abort();
	return profile;
}

static void check(const struct profile *profile)
{
	_cleanup_buf_ struct buf first = {0}, second = {0};
	struct profile *again;

	write_text(profile, &first);
	again = read_text(first.len ? (const char *)first.data : "", first.len);
	if (!again)
		abort();
	write_text(again, &second);
	if (first.len != second.len || (first.len && memcmp(first.data, second.data, first.len)))
		abort();
	profile_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct profile *profile = read_text(data, len);

	/* Sums beyond 63 bits are refused on writing; inputs with such counts tell nothing more. */
	if (profile && profile_total(profile, 0) < INT64_MAX)
		check(profile);
	profile_free(profile);
	return 0;
}
