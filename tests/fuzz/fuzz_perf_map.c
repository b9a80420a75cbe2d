// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Any text as a perf map, read in two steps: the result is that of one step, and what is visible lies in
 * order, each piece inside its region.
 */
#include "base/fs.h"
#include "symbolize/perf_map.h"

#include <sys/mman.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_pieces(struct live_code *code)
{
	uint64_t behind = 0;

	vec_for_each(&code->pieces, piece) {
		const struct live_code_region *region = &code->regions.items[piece->region];

		if (piece->start < behind || piece->limit <= piece->start ||
		    piece->start < region->start || piece->limit > region->start + region->len)
			abort();
		behind = piece->limit;
	}
}

static void read_in_steps(const uint8_t *data, size_t len, size_t first, struct live_code *code)
{
	_cleanup_close_ int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct live_code_place place;
	struct perf_map map = {0};

	if (fd < 0 || fs_write_all(fd, data, first) < 0 || perf_map_read(fd, &map, code) < 0 ||
	    fs_write_all(fd, data + first, len - first) < 0 || perf_map_read(fd, &map, code) < 0)
		abort();
	live_code_find(code, 0x1000, LIVE_CODE_NOW, &place);
	check_pieces(code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	_cleanup_(live_code_free) struct live_code at_once = {0}, in_two = {0};

	read_in_steps(data, len, len, &at_once);
	read_in_steps(data, len, len / 2, &in_two);
	if (at_once.regions.len != in_two.regions.len || at_once.pieces.len != in_two.pieces.len)
		abort();
	return 0;
}
