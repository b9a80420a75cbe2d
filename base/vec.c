// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/vec.h"

#include <errno.h>
#include <stdint.h>

int vec_reserve_(void **items, size_t *cap, size_t need, size_t item_size)
{
	size_t new_cap = *cap ? *cap : 8, bytes;
	void *grown;

	while (new_cap < need) {
		if (new_cap > SIZE_MAX / 2)
			return -ENOMEM;
		new_cap *= 2;
	}
	if (__builtin_mul_overflow(new_cap, item_size, &bytes) || bytes > PTRDIFF_MAX)
		return -ENOMEM;
	grown = realloc(*items, bytes);
	if (!grown)
		return -ENOMEM;
	*items = grown;
	*cap = new_cap;
	return 0;
}
