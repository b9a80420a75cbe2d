// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_patience.h"

#define ALIVE_PERCENT 1 /* of a CPU, used: who uses less does nothing */
#define DISK_TIMES 4    /* of the patience with one who does nothing */
#define WALL_TIMES 5    /* on a machine with much else to do */

void worker_patience_begin(struct worker_patience *patience, struct worker_signs signs)
{
	patience->begin_ns = patience->news_ns = signs.now_ns;
	patience->begin_cpu_ns = patience->news_cpu_ns = signs.cpu_ns;
}

void worker_patience_note(struct worker_patience *patience, uint64_t now_ns)
{
	patience->news_ns = now_ns;
}

void worker_patience_excuse(struct worker_patience *patience, uint64_t ns)
{
	patience->begin_ns += ns;
	patience->news_ns += ns;
}

bool worker_patience_is_exhausted(const struct worker_patience *patience, struct worker_signs signs)
{
	return signs.cpu_ns - patience->begin_cpu_ns > patience->cpu_ns ||
	       signs.now_ns - patience->begin_ns > patience->cpu_ns * WALL_TIMES;
}

bool worker_patience_is_silent(struct worker_patience *patience, struct worker_signs signs)
{
	if (signs.cpu_ns - patience->news_cpu_ns >= patience->hang_ns / 100 * ALIVE_PERCENT) {
		patience->news_ns = signs.now_ns;
		patience->news_cpu_ns = signs.cpu_ns;
	}
	return signs.now_ns - patience->news_ns > patience->hang_ns;
}

bool worker_patience_has_excuse(const struct worker_patience *patience, uint64_t now_ns, char state)
{
	return state == 'R' ||
	       (state == 'D' && now_ns - patience->news_ns < DISK_TIMES * patience->hang_ns);
}
