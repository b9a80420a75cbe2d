/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the worker of an object may be given: debug files below the debug directory, files beside the
 * object, .dwo and .dwp files where the object says, and the object's own file of the cache, under a
 * name that the worker has no say in. It asks as somebody may who was taken over by the object.
 */
#ifndef SMOLDER_SANDBOX_NAMER_FILES_H
#define SMOLDER_SANDBOX_NAMER_FILES_H

#include "profiler/sandbox/sandbox.h"
#include "symbolize/index_store.h"
#include "symbolize/symbolizer.h"

struct namer_files {
	const struct symbolizer_options *options;
	int cache;      /* directory; -1: none */
	bool has_grown; /* something was put there */
	int fd;         /* of the object; borrowed, as is its path */
	const char *path;
	uint32_t owner;                 /* what the caller calls it */
	uint64_t given;                 /* a hash of the debug files it was given */
	uint32_t fetched_cnt;           /* debug files got from elsewhere */
	char name[INDEX_FILE_NAME_LEN]; /* of its file in the cache; "": not asked for yet */
	struct index_draft draft;
	uint64_t draft_len;
};

/* For one object; the parts it needs are set. */
void namer_files_begin(struct namer_files *files, int fd, const char *path);

/* What was not written to its end is dropped. */
void namer_files_end(struct namer_files *files);

/* The functions of struct sandbox_files; ctx is a struct namer_files. */
int namer_files_open(void *ctx, enum worker_kind kind, const char *path);
void namer_files_index(void *ctx, const void *bytes, size_t len);

#endif
