// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bench_stop.h"

#include "base/cleanup.h"

#include <signal.h>
#include <stddef.h>

static const int stopping[] = {SIGINT, SIGTERM, SIGHUP};

static void change_mask(int how)
{
	sigset_t signals;

	sigemptyset(&signals);
	for (size_t i = 0; i < ARRAY_SIZE(stopping); i++)
		sigaddset(&signals, stopping[i]);
	sigprocmask(how, &signals, NULL);
}

void bench_stop_hold(void)
{
	change_mask(SIG_BLOCK);
}

void bench_stop_release(void)
{
	change_mask(SIG_UNBLOCK);
}

bool bench_stop_wanted(void)
{
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(stopping); i++)
		if (sigismember(&pending, stopping[i]))
			return true;
	return false;
}
