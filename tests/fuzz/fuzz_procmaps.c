// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The texts of /proc/PID/maps and /proc/PID/stat; and the mappings the first one makes. */
#include "profiler/process/mappings.h"
#include "profiler/process/procfs.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_order(const struct mappings *mappings)
{
	for (size_t i = 1; i < mappings_count(mappings); i++)
		assert(mappings_get(mappings, i - 1)->limit <= mappings_get(mappings, i)->start);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct mappings *mappings = mappings_new();
	_cleanup_buf_ struct buf text = {0};
	struct procfs_stat stat;
	struct procfs_map map;
	size_t at = 0;

	if (!mappings)
		return 0;
	buf_append(&text, data, len);
	while (procfs_next_map(&text, &at, &map)) {
		struct mapping mapping = {.start = map.start,
					  .limit = map.limit,
					  .file_offset = map.file_offset,
					  .object = (uint32_t)strlen(map.path)};

		if (mappings_insert(mappings, &mapping) == 0)
			assert(mappings_find(mappings, map.start));
	}
	check_order(mappings);
	mappings_unref(mappings);
	if (procfs_parse_stat((const char *)data, len, &stat) == 0)
		assert(memchr(stat.comm, '\0', sizeof(stat.comm)));
	return 0;
}
