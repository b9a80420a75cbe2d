// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/jit_names.h"

int jit_names_update(struct jit_names *names)
{
	if (names->is_dump)
		return jitdump_read(names->fd, &names->dump, &names->code);
	return perf_map_read(names->fd, &names->map, &names->code);
}

int jit_names_open(int fd, struct jit_names *ret_names)
{
	struct jit_names names = {.fd = fd, .is_dump = jitdump_is(fd)};
	int r = jit_names_update(&names);

	if (r < 0) {
		live_code_free(&names.code);
		return r;
	}
	*ret_names = names;
	return 0;
}

size_t jit_names_lost(const struct jit_names *names)
{
	return names->code.dropped_cnt + names->dump.lost_cnt + names->map.is_cut;
}

void jit_names_close(struct jit_names *names)
{
	cleanup_close_(&names->fd);
	live_code_free(&names->code);
}
