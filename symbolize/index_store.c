// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/index_store.h"

#include "base/fs.h"
#include "base/hashindex.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>

void index_store_name(const char *build_id, const void *key, size_t key_len,
		      char ret_name[INDEX_FILE_NAME_LEN])
{
	snprintf(ret_name, INDEX_FILE_NAME_LEN, "%s-%016llx", *build_id ? build_id : "file",
		 (unsigned long long)hash_bytes(key, key_len));
}

/* A name that nobody else has, and that does not look like one of an object. */
static int new_name(char *ret_name, size_t size)
{
	uint64_t random;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		return -EIO;
	snprintf(ret_name, size, ".new-%016llx", (unsigned long long)random);
	return 0;
}

int index_draft_begin(int directory, struct index_draft *ret_draft)
{
	struct index_draft draft = {.directory = directory};
	int r = new_name(draft.name, sizeof(draft.name));

	if (r < 0)
		return r;
	draft.fd = openat(directory, draft.name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (draft.fd < 0)
		return -errno;
	*ret_draft = draft;
	return 0;
}

int index_draft_keep(struct index_draft *draft, const char *name)
{
	if (renameat(draft->directory, draft->name, draft->directory, name) < 0)
		return -errno;
	close(TAKE_FD(draft->fd));
	return 0;
}

void index_draft_drop(struct index_draft *draft)
{
	if (draft->fd < 0)
		return;
	close(TAKE_FD(draft->fd));
	unlinkat(draft->directory, draft->name, 0);
}

int index_store_load(const struct index_store *store, const char *name, struct index_file *ret_file)
{
	_cleanup_close_ int fd = -1;

	if (!store->find)
		return index_file_open(store->directory, name, ret_file);
	fd = store->find(store->ctx);
	return fd < 0 ? -ENOENT : index_file_map(fd, ret_file);
}

static int write_draft(void *ctx, const void *bytes, size_t len)
{
	const struct index_draft *draft = ctx;

	return fs_write_all(draft->fd, bytes, len);
}

static int save_in_directory(const struct index_store *store, const char *name,
			     const struct index_contents *contents, const struct index_units *units)
{
	_cleanup_(index_draft_drop) struct index_draft draft = {.fd = -1};
	int r = index_draft_begin(store->directory, &draft);

	if (r == 0)
		r = index_file_emit(contents, units, write_draft, &draft);
	return r < 0 ? r : index_draft_keep(&draft, name);
}

int index_store_save(const struct index_store *store, const char *name,
		     const struct index_contents *contents, const struct index_units *units)
{
	int r;

	if (!store->write)
		return save_in_directory(store, name, contents, units);
	r = index_file_emit(contents, units, store->write, store->ctx);
	return r < 0 ? r : store->write(store->ctx, NULL, 0);
}
