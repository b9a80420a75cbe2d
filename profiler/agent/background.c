// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

/* RLIMIT_NICE of 20 is nice 0, getrlimit(2). */
#define LIMIT_OF_NICE_0 20
#define NICE_LEAST 19

void background_allow_hurry(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NICE, &limit) < 0 || limit.rlim_cur >= LIMIT_OF_NICE_0)
		return;
	limit.rlim_cur = LIMIT_OF_NICE_0;
	if (limit.rlim_max < limit.rlim_cur)
		limit.rlim_max = limit.rlim_cur;
	(void)!setrlimit(RLIMIT_NICE, &limit);
}

void background_enter(struct background *background)
{
	struct sched_param param = {0};

	background->tid = gettid();
	(void)!sched_setscheduler(background->tid, SCHED_BATCH, &param);
	setpriority(PRIO_PROCESS, (id_t)background->tid, NICE_LEAST);
}

void background_hurry(struct background *background)
{
	if (background->tid)
		setpriority(PRIO_PROCESS, (id_t)background->tid, 0);
	background->hurried = background->tid != 0;
}

void background_relax(struct background *background)
{
	if (background->hurried)
		setpriority(PRIO_PROCESS, (id_t)background->tid, NICE_LEAST);
	background->hurried = false;
}
