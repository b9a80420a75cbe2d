// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_zygote.h"

#include "profiler/sandbox/worker_channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static void say(enum worker_kind kind, int32_t value)
{
	struct worker_message message = {
		.kind = kind, .fd = -1, .bytes = &value, .len = sizeof(value)};

	if (worker_channel_send(WORKER_FD, &message, 0) < 0)
		_exit(1);
}

/*
 * By the system call, as fork(3) does not know CLONE_PARENT: whoever waits for workers, and ends them, is
 * their parent, so that their numbers cannot become another's unnoticed. There is one thread.
 */
static int fork_sibling(void)
{
	long pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0);

	return pid < 0 ? -errno : (int)pid;
}

static void fork_worker(int channel, uint32_t gave, void (*serve)(uint32_t gave))
{
	int pid = fork_sibling();

	if (pid == 0) {
		if (dup3(channel, WORKER_FD, 0) < 0)
			_exit(1);
		close(channel);
		serve(gave);
	}
	close(channel);
	say(WORKER_FORKED, pid);
}

void worker_zygote_run(uint32_t gave, void (*serve)(uint32_t gave))
{
	struct worker_packet *packet = malloc(sizeof(*packet));

	if (!packet)
		_exit(1);
	say(WORKER_READY, (int32_t)gave);
	while (worker_channel_receive(WORKER_FD, packet) == 0) {
		if (packet->kind != WORKER_FORK || packet->fd < 0)
			_exit(1);
		fork_worker(packet->fd, gave, serve);
	}
	_exit(0);
}
