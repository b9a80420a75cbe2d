// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/namepool.h"

#include "symbolize/demangle.h"

#include <string.h>

#define BLOCK_LEN ((size_t)64 * 1024) /* holds at least three of the longest strings */

struct wanted {
	const struct namepool *pool;
	const char *text;
	size_t len;
};

static bool same_text(const void *ctx, uint32_t id)
{
	const struct wanted *wanted = ctx;
	const struct namepool_entry *entry = &wanted->pool->entries.items[id];

	return entry->len == wanted->len && memcmp(entry->text, wanted->text, wanted->len) == 0;
}

static int add_block(struct namepool *pool)
{
	_cleanup_free_ char *block = malloc(BLOCK_LEN);

	if (!block || pool->total_len + BLOCK_LEN > NAMEPOOL_TOTAL_MAX ||
	    vec_push(&pool->blocks, block) < 0)
		return -1;
	(void)TAKE_PTR(block);
	pool->block_used = 0;
	pool->block_len = BLOCK_LEN;
	pool->total_len += BLOCK_LEN;
	return 0;
}

static char *copy_text(struct namepool *pool, const char *text, size_t len)
{
	char *copy;

	if (pool->block_len - pool->block_used < len + 1 && add_block(pool) < 0)
		return NULL;
	copy = *vec_last(&pool->blocks) + pool->block_used;
	memcpy(copy, text, len);
	copy[len] = '\0';
	pool->block_used += len + 1;
	return copy;
}

static uint32_t add_entry(struct namepool *pool, uint64_t hash, const char *text, size_t len)
{
	struct namepool_entry entry = {.len = len};
	uint32_t id = (uint32_t)pool->entries.len;

	if (id == HASHINDEX_NONE || vec_reserve(&pool->entries, pool->entries.len + 1) < 0)
		return HASHINDEX_NONE;
	entry.text = copy_text(pool, text, len);
	if (!entry.text || hashindex_add(&pool->index, hash, id) < 0)
		return HASHINDEX_NONE;
	pool->entries.items[pool->entries.len++] = entry;
	return id;
}

static uint32_t intern_len(struct namepool *pool, const char *text, size_t len)
{
	struct wanted wanted = {.pool = pool, .text = text, .len = len};
	uint64_t hash = hash_bytes(text, len);
	uint32_t id = hashindex_find(&pool->index, hash, same_text, &wanted);

	return id == HASHINDEX_NONE ? add_entry(pool, hash, text, len) : id;
}

static uint32_t intern(struct namepool *pool, const char *text)
{
	size_t len = strnlen(text, NAMEPOOL_LEN_MAX + 1);

	if (len > NAMEPOOL_LEN_MAX) {
		pool->cut_cnt++;
		len = NAMEPOOL_LEN_MAX;
	}
	return intern_len(pool, text, len);
}

static const char *text_of(const struct namepool *pool, uint32_t id)
{
	return id == HASHINDEX_NONE ? NULL : pool->entries.items[id].text;
}

const char *namepool_intern(struct namepool *pool, const char *text)
{
	return text_of(pool, intern(pool, text));
}

/* `memcpy@@GLIBC_2.14` is memcpy, `memcpy@plt` is not; a name that begins with @ is left alone. */
static size_t unversioned_len(const char *name)
{
	const char *at = strchr(name, '@');

	return at && at != name ? (size_t)(at - name) : strlen(name);
}

static const char *make_readable(struct namepool *pool, const char *name)
{
	size_t len = unversioned_len(name);
	const char *suffix = strcmp(name + len, "@plt") == 0 ? "@plt" : "";
	const char *unversioned = name;

	if (name[len] != '\0')
		unversioned = text_of(pool, intern_len(pool, name, len));
	if (!unversioned)
		return NULL;
	buf_clear(&pool->scratch);
	if (!demangle_append(unversioned, &pool->scratch))
		return *suffix ? name : unversioned;
	buf_append_str(&pool->scratch, suffix);
	if (buf_error(&pool->scratch))
		return NULL;
	return text_of(pool, intern_len(pool, (const char *)pool->scratch.data, pool->scratch.len));
}

const char *namepool_demangle(struct namepool *pool, const char *system_name,
			      const char **ret_system_name)
{
	uint32_t id = intern(pool, system_name);
	const char *readable;

	if (id == HASHINDEX_NONE)
		return NULL;
	readable = pool->entries.items[id].readable;
	if (!readable)
		readable = make_readable(pool, pool->entries.items[id].text);
	if (!readable)
		return NULL;
	pool->entries.items[id].readable = readable;
	*ret_system_name = pool->entries.items[id].text;
	return readable;
}

void namepool_free(struct namepool *pool)
{
	vec_for_each(&pool->blocks, block)
		free(*block);
	vec_free(&pool->blocks);
	vec_free(&pool->entries);
	hashindex_free(&pool->index);
	buf_free(&pool->scratch);
	*pool = (struct namepool){0};
}
