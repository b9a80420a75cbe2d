/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Turns windows into named profiles and appends them to the store, in a thread of the lowest priority,
 * which is hurried when windows wait. They wait in a queue of a few; when it is full the next one is dropped.
 * The ticks of windows that were dropped or could not be written are put on the account of the one written
 * next, as lost.
 */
#ifndef SMOLDER_WINDOW_WRITER_H
#define SMOLDER_WINDOW_WRITER_H

#include "formats/store.h"
#include "profiler/recorder.h"
#include "profiler/sandbox/sandbox.h"

struct window_writer;

/* A window, handed over whole. */
struct closed_window {
	struct recorder_cut cut;
	struct objects *objects; /* that its recording names */
	struct ledger ledger;    /* all but what is known when its stacks are resolved */
	uint64_t naming_ns;      /* CPU time that its names may cost, ended workers' included */
};

struct window_writer_options {
	struct store_options store;
	const char *cache_directory; /* of symbols; NULL: none */
	struct sandbox *sandbox;     /* borrowed; see struct namer_options */
	/* Borrowed, of windows lost since one was queued: the next writer, of the same account, goes on. */
	struct ledger *lost;
	/* Called for each window that could not be written, by the writer's thread, or found no room to wait. */
	void (*on_failure)(void *ctx, const char *text);
	void *ctx;
};

struct window_writer_stats {
	uint64_t written, failed, dropped; /* windows */
	uint32_t waiting;
};

/* Opens the store: errors are store_open()'s. The strings of `options` are copied. */
int window_writer_new(const struct window_writer_options *options,
		      struct window_writer **ret_writer, struct err *err) _warn_unused_;

/* Takes the window over, whatever becomes of it. */
void window_writer_give(struct window_writer *writer, struct closed_window *window);

/* Gives the window up: its ticks are lost, on the account of the one written next. */
void window_writer_drop(struct window_writer *writer, struct closed_window *window);

/* To let go, before the next window, of what can be found out again. */
void window_writer_trim(struct window_writer *writer);

void window_writer_stats(struct window_writer *writer, struct window_writer_stats *ret_stats);

/* Writes what waits, without delay, and ends the store. NULL is legal; returns NULL. */
struct window_writer *window_writer_free(struct window_writer *writer);

void closed_window_free(struct closed_window *window);

#endif
