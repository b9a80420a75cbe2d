/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a worker found out about addresses, as bytes. Who reads them trusts nothing in them: any bytes
 * yield answers that keep the promises of symbolizer.h, or are refused.
 */
#ifndef SMOLDER_SANDBOX_WORKER_ANSWERS_H
#define SMOLDER_SANDBOX_WORKER_ANSWERS_H

#include "base/byte_reader.h"
#include "symbolize/namepool.h"
#include "symbolize/symbolizer.h"

void worker_answers_add(struct buf *bytes, const struct sym_result *result);

#define WORKER_ANSWER_FRAMES_MAX 128 /* functions inlined into one another */

/*
 * Reads one answer; its strings go to the pool, its frames to `frames`, which it points to. 0, -EBADMSG
 * (not an answer) or -ENOMEM.
 */
int worker_answers_next(struct byte_reader *bytes, struct namepool *pool,
			struct sym_frame frames[WORKER_ANSWER_FRAMES_MAX],
			struct sym_result *ret_result) _warn_unused_;

/* What is known of the object itself. */
struct worker_about {
	char build_id[2 * 64 + 1]; /* lower-case hex, or "" */
	struct sym_sources sources;
	struct sym_losses losses;
	bool has_news; /* for the cache */
};

void worker_about_add(struct buf *bytes, const struct worker_about *about);
int worker_about_read(struct byte_reader *bytes, struct worker_about *ret_about) _warn_unused_;

#endif
