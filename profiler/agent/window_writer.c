// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/window_writer.h"

#include "base/clock.h"
#include "profiler/agent/background.h"
#include "profiler/agent/self_meter.h"
#include "profiler/resolve.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <string.h>
#include <sys/utsname.h>

#define QUEUE_MAX 4
/* So many windows, and all names are looked up anew: modules come and go, and files that are no more. */
#define NAMER_WINDOWS_MAX 240
/* Of CPU, at most so much a window and object, so that the next windows need less. */
#define COMPLETE_NS (20 * NS_PER_MS)
#define ANSWERS_MAX (24 * 1024)
#define NAMES_LEN_MAX ((size_t)6 << 20)

struct window_writer {
	struct window_writer_options options;
	char *cache_directory;
	struct store *store;
	/* the thread's */
	struct namer *namer;
	uint32_t namer_windows;
	const struct closed_window *window; /* that is being written; NULL: none */
	uint64_t work_ns;                   /* self_meter_work_ns() when that began */
	char host[65];
	/* shared, under the lock, as options.lost is */
	pthread_mutex_t lock;
	pthread_cond_t news;
	struct closed_window queue[QUEUE_MAX];
	uint32_t queue_len;
	struct window_writer_stats stats;
	bool trim, stop;
	struct background background;
	pthread_t thread;
	bool started;
};

void closed_window_free(struct closed_window *window)
{
	recorder_cut_free(&window->cut);
	objects_free(window->objects);
	*window = (struct closed_window){0};
}

#define _cleanup_closed_window_ _cleanup_(closed_window_free)

/* ---- one window ---- */

/* Beside the object of the window that is being written. */
static int open_debug(void *ctx, uint32_t owner, const char *path)
{
	const struct window_writer *writer = ctx;

	if (!writer->window || owner >= objects_count(writer->window->objects))
		return -ENOENT;
	return objects_open_beside(writer->window->objects, owner, path);
}

static bool may_spend(void *ctx)
{
	const struct window_writer *writer = ctx;

	return writer->window && self_meter_work_ns() - writer->work_ns < writer->window->naming_ns;
}

static int open_namer(struct window_writer *writer)
{
	struct namer_options options = {
		.symbols = {.cache_directory = writer->cache_directory,
			    .open_debug = open_debug,
			    .open_ctx = writer},
		.sandbox = writer->options.sandbox,
		.complete_ns = COMPLETE_NS,
		.may_spend = may_spend,
		.spend_ctx = writer,
		.answers_max = ANSWERS_MAX,
		.names_len_max = NAMES_LEN_MAX,
	};

	return writer->namer ? 0 : namer_new(&options, &writer->namer);
}

static int describe(const struct window_writer *writer, const struct closed_window *window,
		    struct profile *profile)
{
	const struct recorder_cut *cut = &window->cut;

	profile->host = profile_string(profile, writer->host);
	profile->time_ns = (int64_t)cut->begin.realtime_ns;
	profile->duration_ns = (int64_t)(cut->end.monotonic_ns - cut->begin.monotonic_ns);
	profile->period = (int64_t)(NS_PER_SEC / cut->frequency_hz);
	profile->ledger = window->ledger;
	return profile->host == PROFILE_NONE ? -ENOMEM : 0;
}

static struct store_clocks clocks_of(const struct recorder_moment *moment)
{
	return (struct store_clocks){
		.realtime_ns = moment->realtime_ns,
		.boottime_ns = moment->boottime_ns,
		.monotonic_ns = moment->monotonic_ns,
	};
}

static int write_window(struct window_writer *writer, const struct closed_window *window,
			struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	struct store_window times = {
		.begin = clocks_of(&window->cut.begin),
		.end = clocks_of(&window->cut.end),
	};
	int r = open_namer(writer);

	if (r == 0)
		r = profile_new(&profile);
	if (r == 0)
		r = describe(writer, window, profile);
	if (r < 0)
		return err_errno(err, r, "cannot build the window's profile");
	r = resolve_recording(&window->cut.recording, window->objects, writer->namer, profile, err);
	return r < 0 ? r : store_append(writer->store, profile, &times, err);
}

static void drop_namer(struct window_writer *writer)
{
	writer->namer = namer_free(writer->namer);
	writer->namer_windows = 0;
}

/* ---- the thread ---- */

/* Waits for a window; false: there will be none. */
static bool take_window(struct window_writer *writer, struct closed_window *ret_window,
			bool *ret_trim)
{
	bool taken = false;

	pthread_mutex_lock(&writer->lock);
	while (!writer->queue_len && !writer->stop)
		pthread_cond_wait(&writer->news, &writer->lock);
	if (writer->queue_len) {
		*ret_window = writer->queue[0];
		writer->queue_len--;
		memmove(writer->queue, writer->queue + 1,
			writer->queue_len * sizeof(*writer->queue));
		taken = true;
	}
	*ret_trim = TAKE(writer->trim, false);
	pthread_mutex_unlock(&writer->lock);
	return taken;
}

/* All of its ticks that would have been recorded are lost. */
static void note_loss(struct window_writer *writer, struct ledger *ledger, const char *reason)
{
	ledger_reasons_add(&ledger->samples.lost, reason, ledger->samples.recorded);
	ledger->samples.recorded = 0;
	ledger_merge(writer->options.lost, ledger);
}

static void note_outcome(struct window_writer *writer, struct closed_window *window, int r,
			 const struct err *err)
{
	pthread_mutex_lock(&writer->lock);
	writer->stats.written += r == 0;
	writer->stats.failed += r < 0;
	if (r < 0)
		note_loss(writer, &window->ledger, "window not written");
	if (!writer->queue_len && !writer->stop)
		background_relax(&writer->background);
	pthread_mutex_unlock(&writer->lock);
	if (r < 0)
		writer->options.on_failure(writer->options.ctx, err->text);
}

static void *run(void *ctx)
{
	struct window_writer *writer = ctx;
	struct closed_window window;
	struct err err;
	bool trim;

	background_enter(&writer->background);
	while (take_window(writer, &window, &trim)) {
		if (trim || ++writer->namer_windows > NAMER_WINDOWS_MAX)
			drop_namer(writer);
		writer->window = &window;
		writer->work_ns = self_meter_work_ns();
		note_outcome(writer, &window, write_window(writer, &window, &err), &err);
		writer->window = NULL;
		closed_window_free(&window);
		malloc_trim(0);
	}
	return NULL;
}

/* ---- from outside ---- */

static struct window_writer *writer_new(const struct window_writer_options *options)
{
	struct window_writer *writer = calloc(1, sizeof(*writer));
	struct utsname host;

	if (!writer)
		return NULL;
	writer->options = *options;
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->news, NULL);
	if (uname(&host) == 0)
		snprintf(writer->host, sizeof(writer->host), "%s", host.nodename);
	if (options->cache_directory)
		writer->cache_directory = strdup(options->cache_directory);
	return writer;
}

static void writer_cleanup(struct window_writer **writer)
{
	window_writer_free(*writer);
}

int window_writer_new(const struct window_writer_options *options,
		      struct window_writer **ret_writer, struct err *err)
{
	_cleanup_(writer_cleanup) struct window_writer *writer = writer_new(options);
	int r;

	if (!writer)
		return err_errno(err, -ENOMEM, "cannot make the writer");
	r = store_open(&options->store, &writer->store, err);
	if (r < 0)
		return r;
	r = -pthread_create(&writer->thread, NULL, run, writer);
	if (r < 0)
		return err_errno(err, r, "cannot start the writer");
	writer->started = true;
	*ret_writer = TAKE_PTR(writer);
	return 0;
}

static void drop_window(struct window_writer *writer, struct closed_window *window)
{
	note_loss(writer, &window->ledger, "window dropped");
	writer->stats.dropped++;
	closed_window_free(window);
}

static void queue_window(struct window_writer *writer, struct closed_window *window)
{
	ledger_merge(&window->ledger, writer->options.lost);
	*writer->options.lost = (struct ledger){0};
	writer->queue[writer->queue_len++] = TAKE(*window, (struct closed_window){0});
	if (writer->queue_len > 1)
		background_hurry(&writer->background);
	pthread_cond_signal(&writer->news);
}

void window_writer_give(struct window_writer *writer, struct closed_window *window)
{
	bool is_full;

	pthread_mutex_lock(&writer->lock);
	is_full = writer->queue_len == QUEUE_MAX;
	if (is_full)
		drop_window(writer, window);
	else
		queue_window(writer, window);
	pthread_mutex_unlock(&writer->lock);
	if (is_full)
		writer->options.on_failure(writer->options.ctx, "too many wait to be written");
}

void window_writer_drop(struct window_writer *writer, struct closed_window *window)
{
	pthread_mutex_lock(&writer->lock);
	drop_window(writer, window);
	pthread_mutex_unlock(&writer->lock);
}

void window_writer_trim(struct window_writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->trim = true;
	pthread_mutex_unlock(&writer->lock);
}

void window_writer_stats(struct window_writer *writer, struct window_writer_stats *ret_stats)
{
	pthread_mutex_lock(&writer->lock);
	*ret_stats = writer->stats;
	ret_stats->waiting = writer->queue_len;
	pthread_mutex_unlock(&writer->lock);
}

static void end_thread(struct window_writer *writer)
{
	if (!writer->started)
		return;
	pthread_mutex_lock(&writer->lock);
	writer->stop = true;
	background_hurry(&writer->background);
	pthread_cond_signal(&writer->news);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
}

static void finish_store(struct window_writer *writer)
{
	struct err err;

	if (writer->store && store_finish(writer->store, &err) < 0)
		writer->options.on_failure(writer->options.ctx, err.text);
	store_free(writer->store);
}

struct window_writer *window_writer_free(struct window_writer *writer)
{
	if (!writer)
		return NULL;
	end_thread(writer);
	drop_namer(writer);
	finish_store(writer);
	free(writer->cache_directory);
	pthread_cond_destroy(&writer->news);
	pthread_mutex_destroy(&writer->lock);
	free(writer);
	return NULL;
}
