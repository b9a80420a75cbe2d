// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The text of /proc/PID/cgroup, and the container id in the path chosen from it. */
#include "profiler/process/container.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char path[256];
	const char *start;
	size_t id_len;

	if (!container_path_choose((const char *)data, len, path, sizeof(path)))
		return 0;
	assert(path[0] == '/' && strlen(path) < sizeof(path));
	id_len = container_id_find(path, &start);
	assert(id_len <= CONTAINER_ID_LEN && start >= path &&
	       start + id_len <= path + strlen(path));
	return 0;
}
