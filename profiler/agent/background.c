// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/background.h"

#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE_LEAST 19

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
