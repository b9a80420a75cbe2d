// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#define XXH_INLINE_ALL
#include "formats/sink.h"
#include "formats/sink_ops.h"

#include <errno.h>
#include <xxhash.h>

struct sum {
	struct sink sink;
	struct sink *next;
	uint64_t bytes;
	XXH64_state_t state;
};

static int sum_write(struct sink *sink, const void *data, size_t len)
{
	struct sum *sum = (struct sum *)sink;

	XXH64_update(&sum->state, data, len);
	sum->bytes += len;
	return sink_write(sum->next, data, len);
}

static int sum_flush(struct sink *sink)
{
	return sink_flush(((struct sum *)sink)->next);
}

int sink_sum_new(struct sink *next, struct sink **ret_sink)
{
	static const struct sink_ops ops = {.write = sum_write, .flush = sum_flush};
	struct sum *sum = calloc(1, sizeof(*sum));

	if (!sum)
		return -ENOMEM;
	sum->sink.ops = &ops;
	sum->next = next;
	XXH64_reset(&sum->state, 0);
	*ret_sink = &sum->sink;
	return 0;
}

struct sink_sum sink_sum_get(const struct sink *sink)
{
	const struct sum *sum = (const struct sum *)sink;

	return (struct sink_sum){.bytes = sum->bytes,
				 .checksum = (uint32_t)XXH64_digest(&sum->state)};
}
