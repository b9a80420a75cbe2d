// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The process that workers are forked from, as seen by who wants them (worker_zygote.h). */
#include "base/byte_reader.h"
#include "base/clock.h"
#include "base/fs.h"
#include "profiler/sandbox/sandbox_internal.h"
#include "profiler/sandbox/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#define CMDLINE_MAX ((size_t)4 * 1024 * 1024) /* more than execve(2) takes */
#define ANSWER_MS 10000                       /* the program may have to come from a slow disk */

/* ---- starting ---- */

/* Its own process group: what a terminal sends to ours does not concern it. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_setsigmask(attributes, &none);
	posix_spawnattr_setsigdefault(attributes, &all);
	posix_spawnattr_setpgroup(attributes, 0);
	return -posix_spawnattr_setflags(
		attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
}

static int set_files(posix_spawn_file_actions_t *files, int channel)
{
	int r = 0;

	for (int fd = 0; fd < WORKER_FD && r == 0; fd++)
		r = posix_spawn_file_actions_addopen(files, fd, "/dev/null", O_RDWR, 0);
	return r ? -r : -posix_spawn_file_actions_adddup2(files, channel, WORKER_FD);
}

/* Nothing of our environment is its business. */
static int spawn(const char *program, int channel, pid_t *ret_pid)
{
	char name[] = "smolder", argument[] = WORKER_ARGUMENT;
	char *argv[] = {name, argument, NULL}, *environment[] = {NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int r;

	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	r = set_files(&files, channel);
	if (r == 0)
		r = set_attributes(&attributes);
	if (r == 0)
		r = -posix_spawn(ret_pid, program, &files, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attributes);
	return r;
}

/*
 * Were we ourselves started to be a worker? A program that does not know how to be one, and does what it
 * always does instead, must not go on like this for ever.
 */
static bool is_meant_to_be_worker(void)
{
	_cleanup_buf_ struct buf words = {0};
	struct byte_reader reader;
	const char *argument;

	if (fs_read_file("/proc/self/cmdline", CMDLINE_MAX, &words) < 0)
		return true;
	reader = byte_reader_of(words.data, words.len);
	read_string(&reader);
	argument = read_string(&reader);
	return argument && strcmp(argument, WORKER_ARGUMENT) == 0 && !reader_left(&reader);
}

/* ---- asking ---- */

static void end_process(struct sandbox *sandbox)
{
	struct sandbox_zygote *zygote = &sandbox->zygote;

	if (zygote->channel < 0)
		return;
	close(TAKE_FD(zygote->channel));
	kill(zygote->pid, SIGKILL); /* its number is not another's before we have reaped it */
	sandbox_bury(sandbox, zygote->pid);
}

/* -EPIPE: it is dead, or as good as that. */
static int take_answer(const struct sandbox_zygote *zygote, enum worker_kind kind,
		       int32_t *ret_value)
{
	struct pollfd channel = {.fd = zygote->channel, .events = POLLIN};
	struct worker_packet packet;
	int ready;

	do
		ready = poll(&channel, 1, ANSWER_MS);
	while (ready < 0 && errno == EINTR);
	if (ready <= 0 || worker_channel_receive(zygote->channel, &packet) < 0)
		return -EPIPE;
	cleanup_close_(&packet.fd);
	if (packet.kind != kind || packet.len != sizeof(*ret_value))
		return -EPIPE;
	memcpy(ret_value, packet.bytes, sizeof(*ret_value));
	return 0;
}

/* It serves all our threads, so it is not of less importance because of the one that it was started by. */
static int start(struct sandbox *sandbox)
{
	_cleanup_close_ int ours = -1, theirs = -1;
	struct sandbox_zygote *zygote = &sandbox->zygote;
	int ends[2], r;
	int32_t gave;

	if (is_meant_to_be_worker())
		return -ELOOP;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	ours = ends[0];
	theirs = ends[1];
	r = spawn(sandbox->options.program, theirs, &zygote->pid);
	if (r < 0)
		return r;
	close(TAKE_FD(theirs)); /* or its end would go unnoticed */
	zygote->channel = TAKE_FD(ours);
	(void)!setpriority(PRIO_PROCESS, (id_t)zygote->pid, 0);
	return take_answer(zygote, WORKER_READY, &gave);
}

/* Whatever it says: what is not a child of ours is not waited for, and not killed. */
static bool is_our_child(pid_t pid)
{
	siginfo_t status;

	return pid > 0 && waitid(P_PID, (id_t)pid, &status, WEXITED | WNOHANG | WNOWAIT) == 0;
}

static int fork_once(struct sandbox *sandbox, int channel, pid_t *ret_pid)
{
	struct sandbox_zygote *zygote = &sandbox->zygote;
	struct worker_message message = {.kind = WORKER_FORK, .fd = channel};
	int32_t pid;
	int r = zygote->channel < 0 ? start(sandbox) : 0;

	if (r == 0 && worker_channel_send(zygote->channel, &message, MSG_DONTWAIT) < 0)
		r = -EPIPE;
	if (r == 0)
		r = take_answer(zygote, WORKER_FORKED, &pid);
	if (r == 0 && pid < 0)
		return pid;
	if (r == 0 && !is_our_child(pid))
		r = -EPIPE;
	if (r < 0)
		end_process(sandbox);
	else
		*ret_pid = pid;
	return r;
}

int sandbox_zygote_fork(struct sandbox *sandbox, int channel, pid_t *ret_pid)
{
	int r;

	pthread_mutex_lock(&sandbox->zygote.mutex);
	r = fork_once(sandbox, channel, ret_pid);
	if (r == -EPIPE) /* it may have died long ago */
		r = fork_once(sandbox, channel, ret_pid);
	pthread_mutex_unlock(&sandbox->zygote.mutex);
	return r;
}

void sandbox_zygote_end(struct sandbox *sandbox)
{
	pthread_mutex_lock(&sandbox->zygote.mutex);
	end_process(sandbox);
	pthread_mutex_unlock(&sandbox->zygote.mutex);
}
