// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The input is a file: its build-id is looked for. */
#include "base/fs.h"
#include "profiler/process/object_build_id.h"

#include <assert.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_close_ int fd = memfd_create("input", MFD_CLOEXEC);
	struct object_build_id build_id;

	if (fd < 0 || fs_write_all(fd, data, len) < 0)
		return 0;
	if (object_build_id_read(fd, &build_id) == 0)
		assert(build_id.len <= OBJECT_BUILD_ID_MAX);
	return 0;
}
