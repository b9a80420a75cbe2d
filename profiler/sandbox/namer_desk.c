// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/namer_desk.h"

#include <errno.h>
#include <string.h>

int namer_desk_init(struct namer_desk *desk, const struct namer_options *options, int cache,
		    pthread_mutex_t *files_mutex)
{
	*desk = (struct namer_desk){
		.options = options,
		.files_mutex = files_mutex,
		.files = {.options = &options->symbols, .cache = cache},
		.lookup = calloc(1, sizeof(*desk->lookup)),
	};
	namer_files_begin(&desk->files, -1, "");
	return desk->lookup ? 0 : -ENOMEM;
}

void namer_desk_drop(struct namer_desk *desk)
{
	namer_files_end(&desk->files);
	desk->worker = sandbox_worker_end(desk->worker);
	desk->has_news = false;
}

void namer_desk_free(struct namer_desk *desk)
{
	if (!desk->options)
		return;
	namer_desk_drop(desk);
	free(desk->lookup);
	*desk = (struct namer_desk){0};
}

/* Who opens files is not made for several threads. */
static int open_file(void *ctx, enum worker_kind kind, const char *path)
{
	struct namer_desk *desk = ctx;
	int fd;

	pthread_mutex_lock(desk->files_mutex);
	fd = namer_files_open(&desk->files, kind, path);
	pthread_mutex_unlock(desk->files_mutex);
	return fd;
}

static void take_index(void *ctx, const void *bytes, size_t len)
{
	struct namer_desk *desk = ctx;

	namer_files_index(&desk->files, bytes, len);
}

static int ask(struct namer_desk *desk, const struct worker_message *message,
	       struct sandbox_reply *reply)
{
	const struct sandbox_files files = {open_file, take_index, desk};

	return sandbox_worker_ask(desk->worker, message, &files, reply);
}

int namer_desk_rest(struct namer_desk *desk)
{
	struct worker_save budget = {0};
	struct worker_message save = {
		.kind = WORKER_SAVE, .fd = -1, .bytes = &budget, .len = sizeof(budget)};
	struct sandbox_reply reply = {0};
	int r = 0;

	if (desk->worker && desk->has_news && desk->files.cache >= 0) {
		if (namer_may_spend(desk->options))
			budget.complete_ns = desk->options->complete_ns;
		r = ask(desk, &save, &reply);
	}
	sandbox_reply_free(&reply);
	namer_desk_drop(desk);
	return r;
}

static const char *debug_directory(const struct namer_desk *desk)
{
	const char *directory = desk->options->symbols.debug_directory;

	return directory ? directory : SYMBOLIZER_DEBUG_DIRECTORY;
}

static int tell_subject(const struct namer_desk *desk, const struct namer_subject *subject)
{
	const struct symbolizer_options *options = &desk->options->symbols;
	_cleanup_buf_ struct buf bytes = {.max_len = WORKER_PACKET_MAX};
	struct worker_open open = {
		.no_dwarf = options->no_dwarf,
		.no_demangle = options->no_demangle,
		.has_cache = desk->files.cache >= 0 && !subject->is_jit,
		.is_jit = subject->is_jit,
		.jit_time_ns = subject->jit_time_ns,
		.path_len = (uint32_t)strlen(subject->path),
	};

	buf_append(&bytes, &open, sizeof(open));
	buf_append_str(&bytes, subject->path);
	buf_append_str(&bytes, debug_directory(desk));
	if (buf_error(&bytes))
		return buf_error(&bytes);
	return sandbox_worker_tell(desk->worker, &(struct worker_message){.kind = WORKER_OPEN,
									  .fd = subject->fd,
									  .bytes = bytes.data,
									  .len = bytes.len});
}

static int get_worker(struct namer_desk *desk, const struct namer_subject *subject)
{
	int r;

	if (desk->worker)
		return 0;
	r = sandbox_worker_start(desk->options->sandbox, &desk->worker);
	if (r < 0)
		return r;
	desk->object = subject->id;
	namer_files_begin(&desk->files, subject->fd, subject->path);
	desk->files.owner = subject->owner;
	return tell_subject(desk, subject);
}

int namer_desk_ask(struct namer_desk *desk, const struct namer_subject *subject,
		   struct sandbox_reply *reply)
{
	struct worker_message message = {
		.kind = WORKER_LOOKUP,
		.fd = -1,
		.bytes = desk->lookup,
		.len = offsetof(struct worker_lookup, offsets) +
		       desk->lookup->len * sizeof(uint64_t),
	};
	int r = get_worker(desk, subject);

	return r < 0 ? r : ask(desk, &message, reply);
}
