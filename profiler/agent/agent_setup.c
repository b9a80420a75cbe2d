// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/agent_internal.h"

#include "base/clock.h"
#include "profiler/agent/privileges.h"
#include "profiler/process/procfs.h"
#include "symbolize/symbolizer.h"

#include <malloc.h>
#include <stdarg.h>

/* The rings are emptied that often; they last several times as long even in a storm of processes. */
#define DRAIN_INTERVAL_NS NS_PER_SEC
/* Copies of stacks in code that has just changed wake us that often: each time costs more than some copies do. */
#define CHANGES_WAKE_NS (500 * NS_PER_MS)
/* The kernel's windows, within the agent's. */
#define KERNEL_WINDOW_NS (5 * NS_PER_SEC)
#define KERNEL_BUDGET_BYTES (UINT64_C(16) << 20)
/* Not seen for so long, and the kernel's side stops recording: a drain can be late on a busy host. */
#define HEARTBEAT_TIMEOUT_NS (10 * NS_PER_SEC)
#define WORKER_HANG_NS (50 * NS_PER_SEC)
#define WORKER_CPU_NS (10 * NS_PER_SEC)
/* The kernel's maps have room for this rate at least, so that a rate can be raised without new ones. */
#define PLANNED_FREQUENCY_HZ 99

void agent_say(const struct agent *agent, enum agent_message kind, const char *format, ...)
{
	struct err text;
	va_list args;

	va_start(args, format);
	vsnprintf(text.text, sizeof(text.text), format, args);
	va_end(args);
	agent->options->on_message(agent->options->ctx, kind, text.text);
}

static void on_warning(void *ctx, const char *text)
{
	agent_say(ctx, AGENT_WARNING, "%s", text);
}

static void on_failure(void *ctx, const char *text)
{
	agent_say(ctx, AGENT_ERROR, "a window is lost: %s", text);
}

static int on_ready(void *ctx, int fd, struct err *err)
{
	struct agent *agent = ctx;

	(void)err;
	agent_signals_read(fd, &agent->wishes);
	return 0;
}

struct governor_limits agent_limits(const struct agent *agent)
{
	const struct agent_config *config = &agent->config;

	return (struct governor_limits){
		.frequency_hz = config->frequency_hz,
		.cpu_max_ppm = config->cpu_max_ppm,
		.memory_max = config->memory_max,
	};
}

/* Its workers are of low priority, too: on a busy host they may take long for little. */
static int open_sandbox(struct agent *agent, struct err *err)
{
	struct sandbox_options options = {.hang_ns = WORKER_HANG_NS, .cpu_ns = WORKER_CPU_NS};
	struct err lack;
	int r = 0;

	if (!agent->options->no_sandbox)
		r = sandbox_new(&options, &agent->sandbox);
	if (r < 0)
		return err_errno(err, r, "cannot make the sandbox");
	if (!agent->sandbox)
		agent_say(agent, AGENT_WARNING,
			  "files that others wrote are parsed in this process");
	else if (sandbox_check(agent->sandbox, &lack) < 0)
		agent_say(agent, AGENT_WARNING, "%s", lack.text);
	return 0;
}

int agent_open_writer(struct agent *agent, struct err *err)
{
	char cache[PATH_MAX];
	struct window_writer_options options = {
		.store = {.path = agent->config.store,
			  .retain_ns = agent->config.retain_ns,
			  .bytes_max = agent->config.bytes_max},
		.sandbox = agent->sandbox,
		.lost = &agent->lost,
		.on_failure = on_failure,
		.ctx = agent,
	};

	if (!agent->options->no_cache)
		options.cache_directory = symbolizer_cache_directory(cache, sizeof(cache));
	return window_writer_new(&options, &agent->writer, err);
}

void agent_begin_window(struct agent *agent, uint64_t begin_ns)
{
	agent->window_begin_ns = begin_ns;
	agent->window_end_ns = begin_ns + agent->config.window_ns;
	agent->wishes.cut = false;
}

static int start_recorder(struct agent *agent, struct err *err)
{
	int r = recorder_watch(agent->recorder, agent->signal_fd);

	if (r < 0)
		return err_errno(err, r, "cannot watch signals");
	r = recorder_set_frequency(agent->recorder, agent->governor.frequency_hz, err);
	if (r == 0)
		r = recorder_start(agent->recorder, err);
	agent->phase_ns = clock_ns(CLOCK_MONOTONIC);
	agent->frequency_hz = agent->governor.frequency_hz;
	agent->paused = false;
	agent_begin_window(agent, agent->phase_ns);
	return r;
}

int agent_open_recorder(struct agent *agent, struct err *err)
{
	const struct agent_config *config = &agent->config;
	struct recorder_options options = {
		.config = {.walk_tables = true,
			   .walk_frames_max = WALK_FRAMES_DEFAULT,
			   .heartbeat_timeout_ns = HEARTBEAT_TIMEOUT_NS,
			   .changes_wake_ns = CHANGES_WAKE_NS},
		.event = config->event,
		.frequency_hz = MAX(config->frequency_hz, (uint32_t)PLANNED_FREQUENCY_HZ),
		.unwind_bytes = config->unwind_bytes,
		.drain_ns = DRAIN_INTERVAL_NS,
		.sandbox = agent->sandbox,
		.maps = {.window_ns = KERNEL_WINDOW_NS, .budget_bytes = KERNEL_BUDGET_BYTES},
		.on_ready = on_ready,
		.on_warning = on_warning,
		.ctx = agent,
	};
	int r;

	agent->planned_hz = options.frequency_hz;
	r = recorder_open(&options, &agent->recorder, err);
	return r < 0 ? r : start_recorder(agent, err);
}

/* One arena for the collector and one for the threads: each more keeps memory for itself. */
static void tune_memory(void)
{
	mallopt(M_ARENA_MAX, 2);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
}

static void warn_of_place(const struct agent *agent)
{
	if (procfs_has_host_pids() == 0)
		agent_say(agent, AGENT_WARNING,
			  "this is not the host's pid namespace: processes have other numbers "
			  "here, and "
			  "code gets no names (docker run --pid=host)");
}

int agent_prepare(struct agent *agent, struct err *err)
{
	struct governor_limits limits;
	int r = agent_config_load(&agent->options->sources, &agent->config, err);

	if (r < 0)
		return r;
	agent->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	limits = agent_limits(agent);
	governor_init(&agent->governor, &limits);
	tune_memory();
	warn_of_place(agent);
	r = privileges_reduce(err);
	if (r == 0)
		r = agent->signal_fd = agent_signals_open(err);
	if (r >= 0)
		r = open_sandbox(agent, err);
	if (r == 0)
		r = agent_open_writer(agent, err);
	return r < 0 ? r : agent_open_recorder(agent, err);
}
