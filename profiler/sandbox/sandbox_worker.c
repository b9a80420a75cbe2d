// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One worker, as seen by who asks it: starting, asking, patience, the end. */
#include "base/clock.h"
#include "profiler/process/procfs.h"
#include "profiler/sandbox/sandbox_internal.h"
#include "profiler/sandbox/worker_patience.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>

#define REPLY_LEN_MAX ((size_t)256 * 1024 * 1024) /* an unwind table as large as the pool */
#define LOOK_EVERY_MS 50
#define START_NS (10 * NS_PER_SEC) /* the program may have to come from a slow disk */
#define LEN_A_SECOND ((uint64_t)64 * 1024 * 1024) /* of a file: a tenth of what parsing takes */
#define CPU_MAX_NS (10 * NS_PER_SEC)
#define HURRY 8 /* so much less patience once too much time was wasted */

struct sandbox_worker {
	struct sandbox *sandbox;
	pid_t pid;
	int channel; /* -1: it is dead */
	bool is_ready, is_asked;
	enum sandbox_failure failure; /* once it is dead */
	uint32_t gave;
	struct worker_patience patience; /* with what was asked last */
	struct worker_packet packet;
};

/* ---- starting ---- */

int sandbox_worker_spawn(struct sandbox *sandbox, struct sandbox_worker **ret_worker)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	struct sandbox_worker *worker;
	int ends[2], r;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	ours = ends[0];
	theirs = ends[1];
	worker = calloc(1, sizeof(*worker));
	if (!worker)
		return -ENOMEM;
	r = sandbox_zygote_fork(sandbox, theirs, &worker->pid);
	if (r < 0) {
		free(worker);
		return r;
	}
	worker->sandbox = sandbox;
	worker->channel = TAKE_FD(ours);
	pthread_mutex_lock(&sandbox->mutex);
	sandbox->counters.workers++;
	pthread_mutex_unlock(&sandbox->mutex);
	*ret_worker = worker;
	return 0;
}

void sandbox_worker_set_priority(const struct sandbox_worker *worker)
{
	(void)!setpriority(PRIO_PROCESS, (id_t)worker->pid, getpriority(PRIO_PROCESS, 0));
}

static void end_process(struct sandbox_worker *worker)
{
	if (worker->channel < 0)
		return;
	close(TAKE_FD(worker->channel));
	kill(worker->pid, SIGKILL); /* its number is not another's before we have reaped it */
	sandbox_bury(worker->sandbox, worker->pid);
}

struct sandbox_worker *sandbox_worker_end(struct sandbox_worker *worker)
{
	if (!worker)
		return NULL;
	end_process(worker);
	free(worker);
	return NULL;
}

static int give_up(struct sandbox_worker *worker, enum sandbox_failure failure)
{
	uint64_t spent_ns = clock_ns(CLOCK_MONOTONIC) - worker->patience.begin_ns;

	if (worker->is_asked) /* a spare that dies costs nobody anything */
		sandbox_note_failure(worker->sandbox, failure, spent_ns);
	worker->failure = failure;
	end_process(worker);
	return -EPIPE;
}

enum sandbox_failure sandbox_worker_failure(const struct sandbox_worker *worker)
{
	return worker->failure;
}

void sandbox_worker_lied(struct sandbox_worker *worker)
{
	(void)give_up(worker, SANDBOX_LIED);
}

/* ---- patience ---- */

/* CPU time it has used; what is known already when the kernel does not say. */
static uint64_t cpu_of(const struct sandbox_worker *worker)
{
	struct timespec time;
	clockid_t clock;

	if (clock_getcpuclockid(worker->pid, &clock) != 0 || clock_gettime(clock, &time) < 0)
		return worker->patience.news_cpu_ns;
	return (uint64_t)time.tv_sec * NS_PER_SEC + (uint64_t)time.tv_nsec;
}

static struct worker_signs signs_of(const struct sandbox_worker *worker)
{
	return (struct worker_signs){.now_ns = clock_ns(CLOCK_MONOTONIC), .cpu_ns = cpu_of(worker)};
}

static bool is_hung(struct sandbox_worker *worker, struct worker_signs signs)
{
	struct procfs_stat stat;

	if (!worker_patience_is_silent(&worker->patience, signs))
		return false;
	return procfs_read_stat((uint32_t)worker->pid, &stat) < 0 ||
	       !worker_patience_has_excuse(&worker->patience, signs.now_ns, stat.state);
}

static int wait_for_packet(struct sandbox_worker *worker)
{
	struct pollfd channel = {.fd = worker->channel, .events = POLLIN};
	struct worker_signs signs;
	int ready = 0;

	while (ready <= 0) {
		ready = poll(&channel, 1, LOOK_EVERY_MS);
		if (ready < 0 && errno != EINTR)
			return -errno;
		signs = signs_of(worker);
		if (worker_patience_is_exhausted(&worker->patience, signs))
			return give_up(worker, SANDBOX_EXHAUSTED);
		if (ready == 0 && is_hung(worker, signs))
			return give_up(worker, SANDBOX_HUNG);
	}
	return 0;
}

static int await_packet(struct sandbox_worker *worker)
{
	int r = wait_for_packet(worker);

	if (r < 0)
		return r;
	r = worker_channel_receive(worker->channel, &worker->packet);
	if (r < 0)
		return give_up(worker, r == -EBADMSG ? SANDBOX_LIED : SANDBOX_CRASHED);
	if (worker->packet.fd >= 0) /* they are given files, they give none */
		close(TAKE_FD(worker->packet.fd));
	worker_patience_note(&worker->patience, clock_ns(CLOCK_MONOTONIC));
	return 0;
}

/* ---- asking ---- */

/* It may have died while it waited to be asked; what it said before is still there to be read. */
static bool is_gone(const struct sandbox_worker *worker)
{
	struct pollfd channel = {.fd = worker->channel};

	return poll(&channel, 1, 0) > 0 && channel.revents & (POLLHUP | POLLERR);
}

int sandbox_worker_await_ready(struct sandbox_worker *worker)
{
	int r;

	if (is_gone(worker))
		return give_up(worker, SANDBOX_CRASHED);
	if (worker->is_ready)
		return 0;
	worker->patience = (struct worker_patience){.hang_ns = START_NS, .cpu_ns = START_NS};
	worker_patience_begin(&worker->patience, signs_of(worker));
	r = await_packet(worker);
	if (r < 0)
		return r;
	if (worker->packet.kind != WORKER_READY || worker->packet.len != sizeof(worker->gave))
		return give_up(worker, SANDBOX_LIED);
	memcpy(&worker->gave, worker->packet.bytes, sizeof(worker->gave));
	worker->is_ready = true;
	return 0;
}

uint32_t sandbox_worker_gave(const struct sandbox_worker *worker)
{
	return worker->gave;
}

static void set_patience(struct sandbox_worker *worker)
{
	const struct sandbox_options *options = &worker->sandbox->options;
	uint64_t part = sandbox_is_in_a_hurry(worker->sandbox) ? HURRY : 1;

	worker->patience.hang_ns = options->hang_ns / part;
	worker->patience.cpu_ns = options->cpu_ns / part;
}

/* Long files may take longer. */
static void add_patience(struct sandbox_worker *worker, int fd)
{
	struct stat status;
	uint64_t len = fstat(fd, &status) == 0 ? (uint64_t)status.st_size : 0;
	uint64_t more_ns = MIN(len / (LEN_A_SECOND / 1024) * NS_PER_SEC / 1024, CPU_MAX_NS);

	worker->patience.cpu_ns = MIN(worker->patience.cpu_ns + more_ns, CPU_MAX_NS);
}

int sandbox_worker_tell(struct sandbox_worker *worker, const struct worker_message *message)
{
	worker->is_asked = true;
	if (worker->channel < 0)
		return -EPIPE;
	if (message->fd >= 0) {
		set_patience(worker);
		add_patience(worker, message->fd);
	}
	if (worker_channel_send(worker->channel, message, MSG_DONTWAIT) < 0)
		return give_up(worker, SANDBOX_CRASHED);
	if (message->fd >= 0) /* it has something to do: the time to get the next one ready */
		sandbox_start_spare(worker->sandbox);
	return 0;
}

/* A path is one: it has an end, and no NUL before. */
static const char *wanted_path(struct sandbox_worker *worker)
{
	struct worker_packet *packet = &worker->packet;

	if (packet->len >= WORKER_PATH_MAX || memchr(packet->bytes, '\0', packet->len))
		return NULL;
	packet->bytes[packet->len] = '\0';
	return (const char *)packet->bytes;
}

static int hand_over(struct sandbox_worker *worker, const struct sandbox_files *files)
{
	const char *path = wanted_path(worker);
	_cleanup_close_ int fd = -1;
	uint64_t before_ns;
	int32_t error;

	if (!path)
		return give_up(worker, SANDBOX_LIED);
	before_ns = clock_ns(CLOCK_MONOTONIC);
	fd = files ? files->open(files->ctx, (enum worker_kind)worker->packet.kind, path) : -EPERM;
	worker_patience_excuse(&worker->patience, clock_ns(CLOCK_MONOTONIC) - before_ns);
	error = fd < 0 ? fd : 0;
	if (fd >= 0)
		add_patience(worker, fd);
	if (worker_channel_send(worker->channel,
				&(struct worker_message){.kind = WORKER_FILE,
							 .fd = fd < 0 ? -1 : fd,
							 .bytes = &error,
							 .len = sizeof(error)},
				MSG_DONTWAIT) < 0)
		return give_up(worker, SANDBOX_CRASHED);
	return 0;
}

static int take_bytes(struct sandbox_worker *worker, struct sandbox_reply *reply)
{
	reply->bytes.max_len = REPLY_LEN_MAX;
	buf_append(&reply->bytes, worker->packet.bytes, worker->packet.len);
	if (buf_error(&reply->bytes) == -EFBIG)
		return give_up(worker, SANDBOX_LIED);
	return 0;
}

/* 1: that was all. */
static int take_end(struct sandbox_worker *worker, struct sandbox_reply *reply)
{
	const struct worker_packet *packet = &worker->packet;
	int32_t error;

	if (packet->len < sizeof(error))
		return give_up(worker, SANDBOX_LIED);
	memcpy(&error, packet->bytes, sizeof(error));
	if (error > 0 || error < -4095 || error == -EPIPE)
		return give_up(worker, SANDBOX_LIED);
	buf_append(&reply->end, packet->bytes + sizeof(error), packet->len - sizeof(error));
	if (buf_error(&reply->bytes) || buf_error(&reply->end))
		return -ENOMEM;
	return error ? error : 1;
}

/* 0: there is more to come; 1: that was all. */
static int take_packet(struct sandbox_worker *worker, const struct sandbox_files *files,
		       struct sandbox_reply *reply)
{
	switch (worker->packet.kind) {
	case WORKER_BYTES:
		return take_bytes(worker, reply);
	case WORKER_END:
		return take_end(worker, reply);
	case WORKER_WANT_HOST:
	case WORKER_WANT_BESIDE:
	case WORKER_WANT_INDEX:
		return hand_over(worker, files);
	case WORKER_INDEX:
		if (files)
			files->index(files->ctx, worker->packet.bytes, worker->packet.len);
		return 0;
	default:
		return give_up(worker, SANDBOX_LIED);
	}
}

int sandbox_worker_ask(struct sandbox_worker *worker, const struct worker_message *message,
		       const struct sandbox_files *files, struct sandbox_reply *reply)
{
	int r;

	worker_patience_begin(&worker->patience, signs_of(worker));
	r = sandbox_worker_tell(worker, message);
	while (r == 0) {
		r = await_packet(worker);
		if (r == 0)
			r = take_packet(worker, files, reply);
	}
	return r < 0 ? r : 0;
}
