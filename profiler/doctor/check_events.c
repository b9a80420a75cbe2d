// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The perf events: ticks on each CPU, and the side band that tells of processes. */
#include "profiler/collect/ticks.h"
#include "profiler/doctor/check.h"
#include "profiler/doctor/host.h"
#include "profiler/process/sideband.h"

#include <errno.h>

#define SIDEBAND_BUDGET_LEN (UINT64_C(1) << 20)

static void check_cpus(struct host *host, struct check_result *result)
{
	if (!host->online.ids.len) {
		check_missing(result, "cannot read which CPUs are online");
		check_advise(result, "mount sysfs on /sys");
		return;
	}
	check_works(result, "%zu online, %u possible", host->online.ids.len, host->possible_cpus);
}

static void check_hotplug(struct host *host, struct check_result *result)
{
	_cleanup_close_ int fd = cpu_watch_open();

	(void)host;
	if (fd < 0)
		check_fallback(result, "a look at each window's end",
			       "the kernel's word of CPUs coming and going does not reach here");
	else
		check_works(result, "the kernel tells when a CPU comes or goes");
}

/* Without a sampler to attach, an event that could be opened fails later, for want of it. */
static void check_cpu_clock(struct host *host, struct check_result *result)
{
	_cleanup_ticks_ struct ticks *ticks = NULL;
	struct ticks_options options = {
		.event = TICK_CPU_CLOCK,
		.frequency_hz = HOST_FREQUENCY_HZ,
		.prog_fd = host->sampler ? sampler_prog_fd(host->sampler) : -1,
	};
	struct err err;
	int r = ticks_open(&options, &ticks, &err);

	if (r == -EBADF && !host->sampler) {
		check_works(result, "opens; there is no sampler to attach");
		return;
	}
	if (r < 0) {
		check_explained(result, r, &err);
		return;
	}
	check_works(result, "opened on each CPU, with the sampler attached");
}

static void check_cycles(struct host *host, struct check_result *result)
{
	if (ticks_cycles_work())
		check_works(result, "the hardware counts them");
	else
		check_fallback(result, "cpu-clock", "no hardware counters%s",
			       host->sampler ? ", as in most virtual machines" :
					       ", or no permission to use them");
}

static void check_sideband(struct host *host, struct check_result *result)
{
	struct sideband_counters counters;
	struct sideband *sideband;
	struct err err;
	int r = sideband_new(SIDEBAND_BUDGET_LEN, &sideband, &err);

	(void)host;
	if (r < 0) {
		check_explained(result, r, &err);
		return;
	}
	sideband_counters(sideband, &counters);
	if (counters.build_ids)
		check_works(result, "tells mappings with build-ids, execs, forks and exits");
	else
		check_fallback(result, "device and inode",
			       "tells mappings, but this kernel puts no build-ids into them");
	sideband_free(sideband);
}

const struct check event_checks[] = {
	{"CPUs", check_cpus, true},
	{"CPU hotplug", check_hotplug, false},
	{"cpu-clock event", check_cpu_clock, true},
	{"hardware cycles", check_cycles, false},
	{"process side band", check_sideband, false},
	{0},
};
