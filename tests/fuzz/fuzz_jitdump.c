// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Any bytes as a jitdump: whatever is said to be visible is found, with lines of its own region. */
#include "base/fs.h"
#include "symbolize/jitdump.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void find_all(struct live_code *code)
{
	struct live_code_place place;

	live_code_find(code, 0, LIVE_CODE_NOW, &place); /* so that there are pieces */
	for (size_t i = 0; i < code->pieces.len; i++) {
		const struct live_code_piece piece = code->pieces.items[i];

		if (!live_code_find(code, piece.start, LIVE_CODE_NOW, &place) ||
		    place.start != code->regions.items[piece.region].start)
			abort();
		if (!live_code_find(code, piece.limit - 1, 0, &place) || !place.name)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	_cleanup_(live_code_free) struct live_code code = {0};
	struct jitdump dump = {0};

	if (fd < 0 || fs_write_all(fd, data, len) < 0)
		abort();
	if (jitdump_read(fd, &dump, &code) < 0)
		return 0;
	vec_for_each(&code.regions, region)
		if (region->lines_begin > region->lines_end || region->lines_end > code.lines.len)
			abort();
	find_all(&code);
	return 0;
}
