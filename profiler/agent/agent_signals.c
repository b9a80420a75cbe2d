// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/agent_signals.h"

#include "base/cleanup.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <unistd.h>

int agent_signals_open(struct err *err)
{
	static const int wanted[] = {SIGINT, SIGTERM, SIGHUP, SIGUSR1};
	sigset_t signals;
	int fd = -1;

	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
		sigaddset(&signals, wanted[i]);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) == 0)
		fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_errno(err, -errno, "cannot watch signals") : fd;
}

void agent_signals_read(int fd, struct agent_wishes *wishes)
{
	struct signalfd_siginfo info;

	while (read(fd, &info, sizeof(info)) == sizeof(info)) {
		wishes->cut |= info.ssi_signo == SIGUSR1;
		wishes->reload |= info.ssi_signo == SIGHUP;
		wishes->stop |= info.ssi_signo == SIGTERM || info.ssi_signo == SIGINT;
	}
}
