// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/doctor/host.h"

#include "base/clock.h"

#include <bpf/libbpf.h>

static int print_nothing(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

static void plan_sampler(struct host *host)
{
	struct plan_request request = {
		.frequency_hz = HOST_FREQUENCY_HZ,
		.cpus = (uint32_t)MAX(host->online.ids.len, 1u),
		.possible_cpus = host->possible_cpus,
		.stack_depth = sampler_stack_depth(),
		.walk_tables = true,
	};

	plan_maps(&request, &host->plan);
}

void host_open(struct host *ret_host)
{
	struct host host = {0};
	struct sampler_options options = {
		.config = {.walk_tables = true, .walk_frames_max = WALK_FRAMES_DEFAULT},
		.stack_depth = sampler_stack_depth(),
		.walk_pool_size = SAMPLER_POOL_SIZE,
	};
	uint64_t begin_ns;
	int possible, r;

	libbpf_set_print(print_nothing);
	possible = libbpf_num_possible_cpus();
	r = cpu_list_online(&host.online, NULL);
	if (r < 0)
		host.online = (struct cpu_list){0};
	host.possible_cpus = possible > 0 ? (uint32_t)possible : 1;
	plan_sampler(&host);
	options.plan = host.plan;
	begin_ns = clock_ns(CLOCK_MONOTONIC);
	host.sampler_errno = sampler_open(&options, &host.sampler, &host.sampler_error);
	host.load_ns = clock_ns(CLOCK_MONOTONIC) - begin_ns;
	*ret_host = host;
}

void host_close(struct host *host)
{
	sampler_free(host->sampler);
	cpu_list_free(&host->online);
	*host = (struct host){0};
}
