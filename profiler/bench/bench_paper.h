/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a bench has to say: sections of rows, shown as they come as tables (Markdown, which a
 * terminal bears), and at the end as JSON. Not thread-safe.
 */
#ifndef SMOLDER_BENCH_PAPER_H
#define SMOLDER_BENCH_PAPER_H

#include "base/buf.h"
#include "base/err.h"
#include "profiler/bench/bench_numbers.h"

struct bench_paper;

struct bench_row {
	const char *what; /* "40 calls" */
	const char *who;  /* "smolder" */
	const char *unit; /* "ns" */
	struct bench_summary summary;
	const char *note; /* why there is no number, or NULL */
};

/* Begins with the machine. Tables go to `out`, which stays the caller's. -ENOMEM. */
int bench_paper_new(FILE *out, struct bench_paper **ret_paper) _warn_unused_;
struct bench_paper *bench_paper_free(struct bench_paper *paper); /* NULL is legal; returns NULL */

/* `name` is the word that asks for the section, `title` a sentence. */
void bench_paper_section(struct bench_paper *paper, const char *name, const char *title);
void bench_paper_row(struct bench_paper *paper, const struct bench_row *row);

/* Summarises the numbers into a row, or says why there are none. */
void bench_paper_numbers(struct bench_paper *paper, const struct bench_row *row,
			 struct bench_numbers *numbers);

/* All of it as one JSON object: docs/FORMATS.md, "Bench". -ENOMEM. */
int bench_paper_to_json(const struct bench_paper *paper, struct buf *out) _warn_unused_;

static inline void bench_paper_cleanup_(struct bench_paper **paper)
{
	bench_paper_free(*paper);
}

#define _cleanup_bench_paper_ _cleanup_(bench_paper_cleanup_)

#endif
