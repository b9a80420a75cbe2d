// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker.h"

#include "profiler/sandbox/worker_answers.h"
#include "profiler/sandbox/worker_channel.h"
#include "profiler/sandbox/worker_confine.h"
#include "profiler/sandbox/worker_table.h"
#include "profiler/sandbox/worker_zygote.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct worker {
	struct symbolizer *symbolizer; /* NULL: no object is open */
	int object;
	char object_path[WORKER_PATH_MAX], debug_directory[WORKER_PATH_MAX];
	uint64_t files_len; /* of all files it was given */
	struct buf answer;
	struct worker_packet packet;      /* the one that is being answered */
	struct worker_packet file_packet; /* the answer to what it wants meanwhile */
};

bool worker_is_wanted(int argc, char *const *argv)
{
	struct stat status;

	return argc == 2 && strcmp(argv[1], WORKER_ARGUMENT) == 0 &&
	       fstat(WORKER_FD, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* Whoever is at the other end has gone, or broke the rules: there is nobody to tell. */
static void leave(void)
{
	_exit(1);
}

static void say(struct worker_message message)
{
	message.fd = -1;
	if (worker_channel_send(WORKER_FD, &message, 0) < 0)
		leave();
}

static void say_bytes(enum worker_kind kind, const void *bytes, size_t len)
{
	for (size_t at = 0; at < len; at += WORKER_PACKET_MAX)
		say((struct worker_message){.kind = kind,
					    .bytes = (const char *)bytes + at,
					    .len = MIN(len - at, WORKER_PACKET_MAX)});
}

/* `last` is what the answer ends with; NULL: nothing. */
static void say_end(int32_t error, const struct buf *last)
{
	_cleanup_buf_ struct buf end = {.max_len = WORKER_PACKET_MAX};

	buf_append(&end, &error, sizeof(error));
	if (last)
		buf_append(&end, last->data, last->len);
	if (buf_error(&end) || (last && buf_error(last))) {
		buf_clear(&end);
		error = -ENOMEM;
		buf_append(&end, &error, sizeof(error));
	}
	say((struct worker_message){.kind = WORKER_END, .bytes = end.data, .len = end.len});
}

/* ---- files ---- */

/* Memory grows with what there is to read. */
static void note_file(struct worker *worker, int fd)
{
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size <= 0 ||
	    __builtin_add_overflow(worker->files_len, (uint64_t)status.st_size, &worker->files_len))
		return;
	worker_confine_memory(worker->files_len);
}

static int want(struct worker *worker, enum worker_kind kind, const char *path)
{
	struct worker_packet *packet = &worker->file_packet;
	int32_t error;

	say((struct worker_message){.kind = kind, .bytes = path, .len = strlen(path)});
	if (worker_channel_receive(WORKER_FD, packet) < 0 || packet->kind != WORKER_FILE ||
	    packet->len != sizeof(error))
		leave();
	memcpy(&error, packet->bytes, sizeof(error));
	note_file(worker, packet->fd);
	return error < 0 ? error : packet->fd;
}

static int want_host(void *ctx, const char *path)
{
	return want(ctx, WORKER_WANT_HOST, path);
}

static int want_beside(void *ctx, uint32_t owner, const char *path)
{
	(void)owner; /* who opens it knows whose worker this is */
	return want(ctx, WORKER_WANT_BESIDE, path);
}

static int want_index(void *ctx)
{
	return want(ctx, WORKER_WANT_INDEX, "");
}

static int write_index(void *ctx, const void *bytes, size_t len)
{
	(void)ctx;
	if (len)
		say_bytes(WORKER_INDEX, bytes, len);
	else
		say((struct worker_message){.kind = WORKER_INDEX});
	return 0;
}

/* ---- what is asked ---- */

static bool take_open(struct worker *worker, struct worker_open *open)
{
	const struct worker_packet *packet = &worker->packet;
	const char *paths = (const char *)packet->bytes + sizeof(*open);
	size_t directory_len;

	if (packet->len < sizeof(*open))
		return false;
	memcpy(open, packet->bytes, sizeof(*open));
	if (open->path_len > packet->len - sizeof(*open) || open->path_len >= WORKER_PATH_MAX)
		return false;
	directory_len = packet->len - sizeof(*open) - open->path_len;
	if (directory_len >= WORKER_PATH_MAX)
		return false;
	memcpy(worker->object_path, paths, open->path_len);
	memcpy(worker->debug_directory, paths + open->path_len, directory_len);
	return true;
}

static void open_object(struct worker *worker)
{
	struct worker_open open;
	struct symbolizer_options options = {
		.debug_directory = worker->debug_directory,
		.open_debug = want_beside,
		.open_host = want_host,
		.open_ctx = worker,
	};

	if (worker->symbolizer || !take_open(worker, &open))
		leave();
	note_file(worker, worker->packet.fd);
	options.no_dwarf = open.no_dwarf != 0;
	options.no_demangle = open.no_demangle != 0;
	if (open.has_cache) {
		options.find_index = want_index;
		options.write_index = write_index;
	}
	if (symbolizer_new(&options, &worker->symbolizer) < 0)
		leave();
	if (open.is_jit)
		worker->object = symbolizer_add_jit(worker->symbolizer, worker->packet.fd,
						    worker->object_path, open.jit_time_ns);
	else
		worker->object = symbolizer_add_file(worker->symbolizer, worker->packet.fd,
						     worker->object_path);
	cleanup_close_(&worker->packet.fd);
}

static void say_about(struct worker *worker)
{
	_cleanup_buf_ struct buf bytes = {.max_len = WORKER_PACKET_MAX};
	struct worker_about about;

	snprintf(about.build_id, sizeof(about.build_id), "%s",
		 symbolizer_build_id(worker->symbolizer, worker->object));
	symbolizer_sources(worker->symbolizer, worker->object, &about.sources);
	symbolizer_losses(worker->symbolizer, &about.losses);
	about.has_news = symbolizer_has_news(worker->symbolizer, worker->object);
	worker_about_add(&bytes, &about);
	say_end(0, &bytes);
}

static void say_answer(struct buf *answer)
{
	if (buf_error(answer))
		leave(); /* without memory there is no other way to say so */
	say_bytes(WORKER_BYTES, answer->data, answer->len);
	buf_clear(answer);
}

static void look_up(struct worker *worker)
{
	const struct worker_lookup *lookup = (const void *)worker->packet.bytes;
	struct buf *answer = &worker->answer;
	struct sym_result result;

	if (!worker->symbolizer || worker->packet.len < offsetof(struct worker_lookup, offsets) ||
	    lookup->len > (worker->packet.len - offsetof(struct worker_lookup, offsets)) / 8)
		leave();
	for (uint32_t i = 0; i < lookup->len; i++) {
		if (lookup->by_address)
			symbolizer_lookup_address(worker->symbolizer, worker->object,
						  lookup->offsets[i], &result);
		else
			symbolizer_lookup(worker->symbolizer, worker->object, lookup->offsets[i],
					  &result);
		worker_answers_add(answer, &result);
		if (answer->len >= WORKER_PACKET_MAX)
			say_answer(answer);
	}
	say_answer(answer);
	say_about(worker);
}

static void save(struct worker *worker)
{
	struct worker_save save;

	if (worker->packet.len < sizeof(save))
		leave();
	memcpy(&save, worker->packet.bytes, sizeof(save));
	if (worker->symbolizer && save.complete_ns)
		(void)symbolizer_complete(worker->symbolizer, worker->object, save.complete_ns);
	worker->symbolizer = symbolizer_free(worker->symbolizer);
	say_end(0, NULL);
}

static void compile_table(struct worker *worker)
{
	_cleanup_buf_ struct buf description = {.max_len = WORKER_PACKET_MAX};
	struct unwind_table table = {0};
	struct err why;
	int r;

	note_file(worker, worker->packet.fd);
	r = unwind_table_compile((struct elf_source){.fd = worker->packet.fd}, &table, &why);
	if (r == 0) {
		say_bytes(WORKER_BYTES, table.bytes, table.len);
		worker_table_describe(&table, &description);
	} else {
		buf_append_str(&description, why.text);
	}
	say_end(r, &description);
	unwind_table_free(&table);
	cleanup_close_(&worker->packet.fd);
}

static void answer(struct worker *worker)
{
	switch (worker->packet.kind) {
	case WORKER_OPEN:
		open_object(worker);
		break;
	case WORKER_LOOKUP:
		look_up(worker);
		break;
	case WORKER_SAVE:
		save(worker);
		break;
	case WORKER_TABLE:
		compile_table(worker);
		break;
	default:
		leave();
	}
}

static void serve(uint32_t gave)
{
	struct worker *worker = calloc(1, sizeof(*worker));

	prctl(PR_SET_NAME, "smolder-worker", 0, 0, 0);
	gave = worker_confine(gave);
	if (!worker)
		leave();
	say((struct worker_message){.kind = WORKER_READY, .bytes = &gave, .len = sizeof(gave)});
	while (worker_channel_receive(WORKER_FD, &worker->packet) == 0)
		answer(worker);
	_exit(0);
}

void worker_main(void)
{
	prctl(PR_SET_NAME, "smolder-zygote", 0, 0, 0);
	worker_zygote_run(worker_confine_zygote(), serve);
}
