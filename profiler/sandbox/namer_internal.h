/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What namer.c and namer_asking.c share. */
#ifndef SMOLDER_SANDBOX_NAMER_INTERNAL_H
#define SMOLDER_SANDBOX_NAMER_INTERNAL_H

#include "base/hashindex.h"
#include "base/vec.h"
#include "profiler/sandbox/namer_desk.h"
#include "profiler/sandbox/worker_answers.h"
#include "symbolize/answer_cache.h"

struct file_key { /* all zero without a file */
	uint64_t device, inode, size;
	int64_t changed_s, changed_ns;
};

struct named_object {
	int local; /* the symbolizer's id; -1: a worker's */
	int fd;    /* borrowed */
	bool is_jit;
	uint64_t jit_time_ns;
	const char *path;
	uint32_t owner;
	struct file_key key;
	enum sym_reason broken; /* SYM_OK while asking makes sense */
	bool is_known;          /* `about` is filled */
	bool is_no_debug;       /* as it should be; see namer_lose_debug() */
	struct worker_about about;
};

struct namer {
	struct namer_options options;
	struct symbolizer *symbolizer; /* of what is local */
	VEC(struct named_object) objects;
	struct hashindex remote; /* objects that are workers', by file and path */
	struct answer_cache answers;
	struct namepool names; /* what answers point to */
	struct namepool paths; /* of objects */
	int cache;             /* a directory; -1: none */
	struct namer_desk desks[NAMER_WORKERS_MAX];
	uint32_t desk_cnt;
	pthread_mutex_t mutex;       /* of answers and names, while several desks are used */
	pthread_mutex_t files_mutex; /* the desks' */
	struct sym_losses told_losses;
};

/* NULL: there is none of this id. Good until the next is added. */
struct named_object *namer_object(const struct namer *namer, int id);

/* Offsets and addresses of one object are two things to ask for. */
static inline uint32_t namer_key(int object, bool by_address)
{
	return (uint32_t)object * 2 + by_address;
}

#endif
