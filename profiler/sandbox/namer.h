/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Names of addresses, wherever they come from: what is our own (the kernel, the vDSO) from a symbolizer in
 * this process, what others wrote from workers without privileges (sandbox.h); without a sandbox, all from
 * this process. Ask for many addresses of an object at once: each object costs a worker. Not thread-safe.
 */
#ifndef SMOLDER_SANDBOX_NAMER_H
#define SMOLDER_SANDBOX_NAMER_H

#include "base/vec.h"
#include "profiler/sandbox/sandbox.h"
#include "symbolize/symbolizer.h"

struct namer;

#define NAMER_WORKERS_MAX 4

struct namer_options {
	/* open_host and the index's functions are the namer's own. */
	struct symbolizer_options symbols;
	/*
	 * Of CPU, spent when an object was asked what the cache lacked, on what else it lacks: for who comes
	 * again, as the next recording does, and each window of an agent. 0: none.
	 */
	uint64_t complete_ns;
	/*
	 * May more be spent on names? Those asked for are put off if not. Each thread that is to wait for a
	 * worker asks. NULL: always.
	 */
	bool (*may_spend)(void *ctx);
	void *spend_ctx;
	const char *root;        /* before the paths of the kernel's own files; NULL: nothing */
	struct sandbox *sandbox; /* borrowed; NULL: files are parsed in this process */
	uint32_t workers_max;    /* at once, and no more than CPUs; 0: one */
	/* Kept of workers' answers, and of the names they point to; 0: as much as one run may need. */
	size_t answers_max, names_len_max;
};

int namer_new(const struct namer_options *options, struct namer **ret_namer) _warn_unused_;

/* Keeps in the cache what was found out. NULL is legal; returns NULL. */
struct namer *namer_free(struct namer *namer);

/*
 * As those of symbolizer.h; but `fd` must stay open as long as the object is asked about. A file that was
 * added before, and has not changed since, is the same object, and what is known of it stays known.
 */
int namer_add_file(struct namer *namer, int fd, const char *path);
int namer_add_jit(struct namer *namer, int fd, const char *path, uint64_t time_ns);
int namer_add_kernel(struct namer *namer);
int namer_add_vdso(struct namer *namer);

/* What it was made with; and symbolizer_kernel_text(). */
const struct namer_options *namer_options_of(const struct namer *namer);
uint64_t namer_kernel_text(struct namer *namer, int kernel);

/* As symbolizer_set_owner(). */
void namer_set_owner(struct namer *namer, int object, uint32_t owner);

struct namer_question {
	int object;
	bool by_address; /* offsets are addresses of the ELF file */
	const uint64_t *offsets;
	size_t len; /* up to NAMER_QUESTION_MAX */
};

#define NAMER_QUESTION_MAX 8000

/* Finds the answers to all of these now, for namer_lookup() to give. What fails there, fails there. */
void namer_ask(struct namer *namer, const struct namer_question *question);

struct namer_questions { /* all zero: none */
	VEC(struct namer_question) list;
	VEC(uint64_t *) owned; /* offsets that go with the list */
};

/* 0 or -ENOMEM. The first borrows the offsets; the second takes over some that questions point to. */
int namer_questions_add(struct namer_questions *questions, const struct namer_question *question)
	_warn_unused_;
int namer_questions_own(struct namer_questions *questions, uint64_t *offsets) _warn_unused_;
void namer_questions_free(struct namer_questions *questions);

/*
 * The same for many objects, of which several are looked into at once; all questions of one object are
 * to follow one another. Whichever answers come first, what is answered is the same.
 */
void namer_ask_all(struct namer *namer, const struct namer_questions *questions);

/*
 * Always answers, as symbolizer_lookup() does. What an answer points to is good until the next
 * namer_ask(), or the next lookup of what was not asked for.
 */
void namer_lookup(struct namer *namer, int object, uint64_t offset, struct sym_result *ret_result);
void namer_lookup_address(struct namer *namer, int object, uint64_t address,
			  struct sym_result *ret_result);

/* For now, no more questions about any file: workers end, the cache gets what is new. */
void namer_rest(struct namer *namer);

/* As symbolizer_build_id(). */
const char *namer_build_id(struct namer *namer, int object);

/* As symbolizer_sources(). */
void namer_sources(struct namer *namer, int object, struct sym_sources *ret_sources);

/*
 * What became known of the object, if anything did, shows that it is not the debug information it should
 * be: one of losses.dwarf_objects, however often this is said.
 */
void namer_lose_debug(struct namer *namer, int object);

/* What became known since the last time. */
void namer_take_losses(struct namer *namer, struct sym_losses *ret_losses);

/* Files whose worker failed. */
uint64_t namer_failed(const struct namer *namer);

static inline void namer_cleanup_(struct namer **namer)
{
	namer_free(*namer);
}

#define _cleanup_namer_ _cleanup_(namer_cleanup_)

#endif
