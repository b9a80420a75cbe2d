// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/strtab.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

struct wanted {
	const struct strtab *strtab;
	const char *text;
	size_t len;
};

static size_t start_of(const struct strtab *strtab, uint32_t id)
{
	return id ? strtab->ends.items[id - 1] + 1 : 0;
}

static bool same_text(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;

	return strtab_len(wanted->strtab, id) == wanted->len &&
	       memcmp(strtab_get(wanted->strtab, id), wanted->text, wanted->len) == 0;
}

static uint32_t find(const struct strtab *strtab, uint64_t hash, const char *text, size_t len)
{
	struct wanted wanted = {.strtab = strtab, .text = text, .len = len};

	return hashindex_find(&strtab->index, hash, same_text, &wanted);
}

int strtab_init(struct strtab *strtab)
{
	*strtab = (struct strtab){0};
	return strtab_intern(strtab, "") == STRTAB_NONE ? -ENOMEM : 0;
}

void strtab_free(struct strtab *strtab)
{
	buf_free(&strtab->bytes);
	vec_free(&strtab->ends);
	hashindex_free(&strtab->index);
}

uint32_t strtab_find(const struct strtab *strtab, const char *text, size_t len)
{
	return find(strtab, hash_bytes(text, len), text, len);
}

/*
 * Where the text is once there is room for `len` more bytes and a NUL: it may be a part of the table,
 * which moves as it grows. NULL: no room.
 */
static const char *make_room(struct strtab *strtab, const char *text, size_t len)
{
	const uintptr_t at = (uintptr_t)text, begin = (uintptr_t)strtab->bytes.data;
	bool inside = at >= begin && at - begin < strtab->bytes.len;

	if (!buf_room(&strtab->bytes, len + 1))
		return NULL;
	return inside ? (const char *)strtab->bytes.data + (at - begin) : text;
}

static uint32_t add(struct strtab *strtab, uint64_t hash, const char *text, size_t len)
{
	size_t start = strtab->bytes.len;
	uint32_t id = strtab_count(strtab);

	if (id == STRTAB_NONE - 1 || vec_reserve(&strtab->ends, strtab->ends.len + 1) < 0)
		return STRTAB_NONE;
	text = make_room(strtab, text, len);
	if (!text) {
		strtab->bytes.error = 0; /* a shorter string may still fit */
		return STRTAB_NONE;
	}
	if (hashindex_add(&strtab->index, hash, id) < 0)
		return STRTAB_NONE;
	buf_append(&strtab->bytes, text, len);
	buf_append_byte(&strtab->bytes, 0);
	strtab->ends.items[strtab->ends.len++] = start + len;
	return id;
}

uint32_t strtab_intern_len(struct strtab *strtab, const char *text, size_t len)
{
	uint64_t hash = hash_bytes(text, len);
	uint32_t id = find(strtab, hash, text, len);

	return id == HASHINDEX_NONE ? add(strtab, hash, text, len) : id;
}

uint32_t strtab_intern(struct strtab *strtab, const char *text)
{
	return strtab_intern_len(strtab, text, strlen(text));
}

const char *strtab_get(const struct strtab *strtab, uint32_t id)
{
	assert(id < strtab->ends.len);
	return (const char *)strtab->bytes.data + start_of(strtab, id);
}

size_t strtab_len(const struct strtab *strtab, uint32_t id)
{
	assert(id < strtab->ends.len);
	return strtab->ends.items[id] - start_of(strtab, id);
}
