// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/window.h"

#include <errno.h>
#include <string.h>

void window_clear(struct window *window)
{
	window->samples.len = 0;
	window->addresses.len = 0;
	memset(window->stats, 0, sizeof(window->stats));
	window->stack_missing = 0;
	window->no_memory = 0;
}

void window_free(struct window *window)
{
	vec_free(&window->samples);
	vec_free(&window->addresses);
}

int window_add_addresses(struct window *window, const uint64_t *addresses, uint32_t len,
			 uint32_t *ret_off)
{
	size_t off = window->addresses.len;

	if (off + len > UINT32_MAX || vec_reserve(&window->addresses, off + len) < 0)
		return -ENOMEM;
	if (len)
		memcpy(window->addresses.items + off, addresses, len * sizeof(*addresses));
	window->addresses.len += len;
	*ret_off = (uint32_t)off;
	return 0;
}
