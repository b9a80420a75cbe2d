// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_table.h"

#include "profiler/unwind/unwind_table_check.h"

#include <errno.h>

#define SEGMENTS_MAX 128 /* program headers that are read at most */

void worker_table_describe(const struct unwind_table *table, struct buf *description)
{
	buf_append(description, &table->object, sizeof(table->object));
	buf_append(description, &table->stats, sizeof(table->stats));
	buf_append(description, table->segments.items,
		   table->segments.len * sizeof(struct unwind_segment));
}

static void take(struct byte_reader *description, void *to, size_t len)
{
	const uint8_t *bytes = reader_skip(description, len);

	if (bytes)
		memcpy(to, bytes, len);
}

/* Numbers are what they are, but not any byte is a bool. */
static void take_stats(struct byte_reader *description, struct unwind_stats *stats)
{
	unsigned char flag;

	take(description, stats, sizeof(*stats));
	memcpy(&flag, (char *)stats + offsetof(struct unwind_stats, debug_unreadable),
	       sizeof(flag));
	stats->debug_unreadable = flag != 0;
}

static int take_segments(struct byte_reader *description, struct unwind_table *table)
{
	size_t cnt = reader_left(description) / sizeof(struct unwind_segment);

	if (description->failed || reader_left(description) % sizeof(struct unwind_segment) ||
	    cnt > SEGMENTS_MAX)
		return -EBADMSG;
	if (vec_reserve(&table->segments, cnt) < 0)
		return -ENOMEM;
	table->segments.len = cnt;
	if (cnt)
		take(description, table->segments.items, cnt * sizeof(struct unwind_segment));
	return 0;
}

int worker_table_read(struct byte_reader *description, struct buf *bytes,
		      struct unwind_table *ret_table)
{
	struct unwind_table table = {.len = bytes->len, .bytes = bytes->data};
	int r;

	take(description, &table.object, sizeof(table.object));
	take_stats(description, &table.stats);
	r = take_segments(description, &table);
	if (r == 0)
		r = unwind_table_check(&table);
	if (r < 0) {
		vec_free(&table.segments);
		return r;
	}
	*bytes = (struct buf){.max_len = bytes->max_len};
	*ret_table = table;
	return 0;
}
