// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any text as /proc/kallsyms: each function kept is found at its own start. */
#include "base/fs.h"
#include "symbolize/kallsyms.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct kallsyms kallsyms;

	if (fd < 0 || fs_write_all(fd, data, len) < 0 || lseek(fd, 0, SEEK_SET) < 0 ||
	    kallsyms_read_fd(fd, &kallsyms) < 0)
		return 0;
	vec_for_each(&kallsyms.entries, entry) {
		const char *module = NULL;
		const char *name = kallsyms_find(&kallsyms, kallsyms.base + entry->offset, &module);

		if (entry->name == 0)
			continue;
		if (name != (const char *)kallsyms.names.data + entry->name || !module)
			abort();
	}
	kallsyms_free(&kallsyms);
	return 0;
}
