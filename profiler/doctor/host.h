/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the checks of this host share: the sampler, loaded once as a recording at 99 Hz would load it. */
#ifndef SMOLDER_DOCTOR_HOST_H
#define SMOLDER_DOCTOR_HOST_H

#include "base/err.h"
#include "profiler/collect/cpus.h"
#include "profiler/collect/sampler.h"

#define HOST_FREQUENCY_HZ 99 /* what `record` takes when nothing is said */

struct host {
	struct cpu_list online;
	uint32_t possible_cpus;
	struct plan plan;
	struct sampler *sampler;  /* NULL when it does not load: */
	struct err sampler_error; /* why */
	int sampler_errno;        /* negative, or 0 */
	uint64_t load_ns;         /* how long loading took */
};

void host_open(struct host *ret_host);
void host_close(struct host *host);

#endif
