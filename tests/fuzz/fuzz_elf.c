// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any bytes as the file of a profiled program: identity, symbols, DWARF, .eh_frame. Offsets all over
 * its executable segments are looked up; each answer must hold together.
 */
#include "base/fs.h"
#include "symbolize/symbolizer.h"

#include <string.h>
#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check(const struct sym_result *result)
{
	if ((result->reason == SYM_OK) != (result->frames_len > 0))
		abort();
	for (size_t i = 0; i < result->frames_len; i++) {
		const struct sym_frame *frame = &result->frames[i];

		if (!frame->name || !frame->system_name || frame->inlined != (i > 0))
			abort();
		if (*frame->name == '\0' || *frame->system_name == '\0')
			abort();
		if (!frame->file && frame->line)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_symbolizer_ struct symbolizer *symbolizer = NULL;
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct sym_result result;
	int object;

	if (fd < 0 || fs_write_all(fd, data, len) < 0 || symbolizer_new(NULL, &symbolizer) < 0)
		return 0;
	object = symbolizer_add_file(symbolizer, fd, "fuzz");
	if (strlen(symbolizer_build_id(symbolizer, object)) % 2)
		abort();
	for (uint64_t offset = 0; offset < len; offset += 1 + len / 256) {
		symbolizer_lookup(symbolizer, object, offset, &result);
		check(&result);
	}
	return 0;
}
