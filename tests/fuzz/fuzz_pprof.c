// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Whatever message is read makes a sound profile; what is written of it is read again, with the
 * same sums, and from the second writing on not a byte changes.
 */
#include "formats/pprof.h"

#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void write_message(const struct profile *profile, struct buf *out)
{
	struct sink *sink = NULL;
	struct err err;

	if (sink_buf_new(out, &sink) < 0 || pprof_write(profile, sink, &err) < 0)
		abort();
	sink_free(sink);
}

static struct profile *read_message(const void *data, size_t len)
{
	struct profile *profile = NULL;
	struct err err;

	if (pprof_read(data, len, &profile, &err) < 0)
		return NULL;
	if (profile_check(profile, &err) < 0)
		abort();
	return profile;
}

static struct profile *rewrite(const struct profile *profile, struct buf *out)
{
	struct profile *again;

	write_message(profile, out);
	again = read_message(out->data, out->len);
	if (!again || again->value_types_len != profile->value_types_len)
		abort();
	for (uint32_t i = 0; i < profile->value_types_len; i++)
		if (profile_total(profile, i) != profile_total(again, i))
			abort();
	return again;
}

static bool adds_up(const struct profile *profile)
{
	for (uint32_t i = 0; i < profile->value_types_len; i++)
		if (profile_total(profile, i) == INT64_MAX ||
		    profile_total(profile, i) == INT64_MIN)
			return false;
	return true;
}

/* The first reading may join what only a foreign file tells apart. */
static void check(const struct profile *profile)
{
	_cleanup_buf_ struct buf first = {0}, second = {0}, third = {0};
	struct profile *one = rewrite(profile, &first), *two = rewrite(one, &second);

	write_message(two, &third);
	if (second.len != third.len || memcmp(second.data, third.data, second.len) != 0)
		abort();
	profile_free(one);
	profile_free(two);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct profile *profile = read_message(data, len);

	if (profile && adds_up(profile))
		check(profile);
	profile_free(profile);
	return 0;
}
