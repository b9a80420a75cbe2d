/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Where index files are kept, and under which names. Files are written aside and renamed, so that two
 * processes at once, or a crash, leave a whole file or none.
 */
#ifndef SMOLDER_SYMBOLIZE_INDEX_STORE_H
#define SMOLDER_SYMBOLIZE_INDEX_STORE_H

#include "symbolize/index_file.h"

/*
 * A directory. Or, for one who may open no files, somebody else who may, and who knows by himself whose
 * file is meant: names are then nothing to him.
 */
struct index_store {
	int directory;          /* -1: none */
	int (*find)(void *ctx); /* NULL: there is nobody. A descriptor to be mapped, or -errno */
	index_write_fn write;   /* no bytes: these were all */
	void *ctx;
};

static inline bool index_store_is_open(const struct index_store *store)
{
	return store->directory >= 0 || store->find;
}

/* 0, -ENOENT, -EPERM (not ours alone) or -EBADMSG (broken, or of another version). */
int index_store_load(const struct index_store *store, const char *name, struct index_file *ret_file)
	_warn_unused_;

/* Replaces the file of this name. 0 or -errno, and then the old one is still there. */
int index_store_save(const struct index_store *store, const char *name,
		     const struct index_contents *contents, const struct index_units *units)
	_warn_unused_;

/* The name of an object's file: its build-id, or "", and all else that tells it from others. */
void index_store_name(const char *build_id, const void *key, size_t key_len,
		      char ret_name[INDEX_FILE_NAME_LEN]);

/* A file in the making. */
struct index_draft {
	int directory; /* borrowed */
	int fd;        /* -1: none */
	char name[32];
};

int index_draft_begin(int directory, struct index_draft *ret_draft) _warn_unused_;
int index_draft_keep(struct index_draft *draft, const char *name) _warn_unused_;
void index_draft_drop(struct index_draft *draft); /* once it is kept, nothing is left to drop */

#endif
