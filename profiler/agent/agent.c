// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/agent.h"

#include "base/clock.h"
#include "profiler/agent/agent_signals.h"
#include "profiler/agent/governor.h"
#include "profiler/agent/privileges.h"
#include "profiler/agent/self_meter.h"
#include "profiler/agent/service_notify.h"
#include "profiler/agent/window_writer.h"
#include "profiler/process/jit_files.h"
#include "profiler/process/procfs.h"
#include "symbolize/symbolizer.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/resource.h>

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
/* Phases are drawn anew no more often than that, and in so many ticks: each time one is cut short. */
#define PHASE_INTERVAL_NS (10 * NS_PER_SEC)
#define PHASE_INTERVAL_TICKS 200
/* What fails for lack of something is tried again so much later, which the rings outlast, and so often. */
#define RETRY_MS 2000
#define FAILURES_MAX 30
#define HOLD_NICE (-10)
/* The kernel's maps have room for this rate at least, so that a rate can be raised without new ones. */
#define PLANNED_FREQUENCY_HZ 99

struct agent {
	const struct agent_options *options;
	struct agent_config config;
	struct recorder *recorder;
	struct sandbox *sandbox; /* NULL: none */
	struct window_writer *writer;
	struct ledger lost; /* the writers' account */
	struct governor governor;
	struct self_meter meter;
	struct service_notify notify;
	uint32_t planned_hz;   /* what the recorder's maps are made for */
	uint32_t cpus;         /* sampled in the last window */
	uint32_t frequency_hz; /* in force */
	uint32_t failures;     /* since the last window was cut */
	uint64_t window_begin_ns, window_end_ns, phase_ns, ping_ns; /* CLOCK_MONOTONIC */
	uint64_t watchdog_ns;
	int signal_fd;
	struct agent_wishes wishes;
	bool paused;
};

_printf_(3, 4) static void say(const struct agent *agent, enum agent_message kind,
			       const char *format, ...)
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
	say(ctx, AGENT_WARNING, "%s", text);
}

static void on_failure(void *ctx, const char *text)
{
	say(ctx, AGENT_ERROR, "a window is lost: %s", text);
}

static int on_ready(void *ctx, int fd, struct err *err)
{
	struct agent *agent = ctx;

	(void)err;
	agent_signals_read(fd, &agent->wishes);
	return 0;
}

/* ---- setting up ---- */

static struct governor_limits limits_of(const struct agent_config *config)
{
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
		say(agent, AGENT_WARNING, "files that others wrote are parsed in this process");
	else if (sandbox_check(agent->sandbox, &lack) < 0)
		say(agent, AGENT_WARNING, "%s", lack.text);
	return 0;
}

static int open_writer(struct agent *agent, struct err *err)
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

static void begin_window(struct agent *agent, uint64_t begin_ns)
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
	begin_window(agent, agent->phase_ns);
	return r;
}

static int open_recorder(struct agent *agent, struct err *err)
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
		say(agent, AGENT_WARNING,
		    "this is not the host's pid namespace: processes have other numbers here, and "
		    "code gets no names (docker run --pid=host)");
}

static int prepare(struct agent *agent, struct err *err)
{
	struct governor_limits limits;
	int r = agent_config_load(&agent->options->sources, &agent->config, err);

	if (r < 0)
		return r;
	agent->cpus = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
	limits = limits_of(&agent->config);
	governor_init(&agent->governor, &limits);
	tune_memory();
	warn_of_place(agent);
	r = privileges_reduce(err);
	if (r == 0)
		r = agent->signal_fd = agent_signals_open(err);
	if (r >= 0)
		r = open_sandbox(agent, err);
	if (r == 0)
		r = open_writer(agent, err);
	return r < 0 ? r : open_recorder(agent, err);
}

/* ---- windows ---- */

/* What the window that is going on has cost so far. */
static void measure(struct agent *agent, struct governor_measure *ret_measure)
{
	struct self_reading self;

	self_meter_read(&agent->meter, &self);
	*ret_measure = (struct governor_measure){
		.elapsed_ns = clock_ns(CLOCK_MONOTONIC) - agent->window_begin_ns,
		.cpus = agent->cpus,
		.samples = recorder_recording(agent->recorder)->recorded,
		.bpf_ns = recorder_account(agent->recorder)->stats[SMOLDER_STAT_RUN_NS],
		.collector_ns = self.thread_ns,
		.background_ns = self.others_ns,
		.memory_bytes = self.rss_bytes,
	};
}

static struct governor_decision govern(struct agent *agent, const struct governor_measure *cost)
{
	struct governor_limits limits = limits_of(&agent->config);
	struct governor_decision decision = governor_decide(&agent->governor, &limits, cost);

	if (decision.trim)
		window_writer_trim(agent->writer);
	if (decision.reason != GOVERNOR_NONE)
		say(agent, AGENT_INFO, "now at %u Hz: %s", decision.frequency_hz,
		    governor_reason_text(decision.reason));
	return decision;
}

static void describe_ledger(struct agent *agent, struct closed_window *window,
			    const struct governor_measure *cost)
{
	const struct recorder_cut *cut = &window->cut;
	struct ledger *ledger = &window->ledger;

	account_to_ledger(&cut->account, &cut->ticks, &cut->recording, ledger);
	snprintf(ledger->event, sizeof(ledger->event), "%s", recorder_event_name(agent->recorder));
	ledger->frequency_hz = cut->frequency_hz;
	ledger->duration_ns = cut->end.monotonic_ns - cut->begin.monotonic_ns;
	ledger->self.cpu_ns = governor_cost_ns(cost);
	ledger->self.rss_bytes = cost->memory_bytes;
	ledger->self.map_bytes = recorder_map_bytes(agent->recorder);
	account_workers(ledger, agent->sandbox);
}

static double percent_of(const struct governor_measure *cost, uint64_t ns)
{
	return (double)governor_share_ppm(cost, ns) / 1e4;
}

static void tell_window(struct agent *agent, const struct closed_window *window,
			const struct governor_measure *cost)
{
	struct window_writer_stats stats;

	window_writer_stats(agent->writer, &stats);
	service_notify_send(&agent->notify,
			    "STATUS=%u Hz, %.3f %% of the CPUs, %" PRIu64 " MB; %" PRIu64
			    " windows written, %" PRIu64 " lost",
			    agent->frequency_hz, percent_of(cost, governor_cost_ns(cost)),
			    cost->memory_bytes >> 20, stats.written, stats.failed + stats.dropped);
	say(agent, AGENT_VERBOSE,
	    "window of %.1f s at %u Hz: %" PRIu64 " samples, %.4f %% of the CPUs (%.4f in the "
	    "kernel, %.4f to collect, the rest for names and writing), %" PRIu64 " KiB, %u waiting",
	    (double)window->ledger.duration_ns / NS_PER_SEC, window->cut.frequency_hz,
	    window->ledger.samples.recorded, percent_of(cost, governor_cost_ns(cost)),
	    percent_of(cost, cost->bpf_ns), percent_of(cost, cost->collector_ns),
	    cost->memory_bytes >> 10, stats.waiting);
}

/* A window that cannot be had whole is given up, and no other. */
static void hand_over(struct agent *agent, struct recorder_cut *cut,
		      const struct governor_measure *cost)
{
	const struct objects *objects = processes_objects(recorder_processes(agent->recorder));
	struct governor_limits limits = limits_of(&agent->config);
	struct closed_window window = {0};
	int r;

	window.cut = TAKE(*cut, (struct recorder_cut){0});
	window.naming_ns = governor_naming_ns(&agent->governor, &limits);
	describe_ledger(agent, &window, cost);
	tell_window(agent, &window, cost);
	agent->cpus = window.cut.ticks.cpus;
	r = recording_detach(&window.cut.recording, objects, &window.objects);
	recorder_release(agent->recorder);
	if (r == 0) {
		window_writer_give(agent->writer, &window);
		return;
	}
	say(agent, AGENT_ERROR, "a window is lost: cannot hand it over: %s", strerror(-r));
	window_writer_drop(agent->writer, &window);
}

static uint64_t phase_interval_ns(uint32_t frequency_hz)
{
	return MAX(PHASE_INTERVAL_NS, PHASE_INTERVAL_TICKS * NS_PER_SEC / frequency_hz);
}

/* This rate; and new phases, if these have been in force for long enough. */
static int set_rate(struct agent *agent, uint32_t frequency_hz, struct err *err)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (frequency_hz == agent->frequency_hz &&
	    now_ns - agent->phase_ns < phase_interval_ns(frequency_hz))
		return 0;
	agent->phase_ns = now_ns;
	agent->frequency_hz = frequency_hz;
	return recorder_set_frequency(agent->recorder, frequency_hz, err);
}

/*
 * Where the rate changes, no tick comes between two windows: it would count for the wrong time. What is not
 * sampled meanwhile is lost, so this goes before what else the host does. When it fails behind the cut, there
 * is one: its rate is not 0.
 */
static int cut_at_rate(struct agent *agent, uint32_t frequency_hz, struct recorder_cut *ret_cut,
		       struct err *err)
{
	bool hold = frequency_hz != agent->frequency_hz && !agent->paused;
	int nice = getpriority(PRIO_PROCESS, 0), r;

	if (hold) {
		setpriority(PRIO_PROCESS, 0, HOLD_NICE);
		recorder_hold(agent->recorder);
	}
	r = recorder_cut(agent->recorder, ret_cut, err);
	if (r < 0)
		agent->governor.frequency_hz = agent->frequency_hz;
	else
		r = set_rate(agent, frequency_hz, err);
	if (hold && recorder_pause(agent->recorder, false, r < 0 ? NULL : err) < 0 && r == 0)
		r = -EIO;
	if (hold)
		setpriority(PRIO_PROCESS, 0, nice);
	return r;
}

static int cut_window_at(struct agent *agent, uint32_t frequency_hz,
			 const struct governor_measure *cost, struct err *err)
{
	_cleanup_recorder_cut_ struct recorder_cut cut = {0};
	int r = cut_at_rate(agent, frequency_hz, &cut, err);

	if (!cut.frequency_hz)
		return r;
	begin_window(agent, cut.end.monotonic_ns);
	hand_over(agent, &cut, cost);
	agent->failures = 0;
	return r;
}

static int cut_window(struct agent *agent, struct err *err)
{
	struct governor_measure cost;
	int r = recorder_settle(agent->recorder, err);

	if (r < 0)
		return r;
	measure(agent, &cost);
	return cut_window_at(agent, govern(agent, &cost).frequency_hz, &cost, err);
}

/* ---- changing ---- */

static bool needs_new_recorder(const struct agent *agent, const struct agent_config *next)
{
	return next->frequency_hz > agent->planned_hz;
}

static bool needs_new_store(const struct agent *agent, const struct agent_config *next)
{
	return next->retain_ns != agent->config.retain_ns ||
	       next->bytes_max != agent->config.bytes_max;
}

static int reopen(struct agent *agent, bool recorder, bool writer, struct err *err)
{
	int r = 0;

	if (writer) {
		agent->writer = window_writer_free(agent->writer);
		r = open_writer(agent, err);
	}
	if (recorder && r == 0) {
		agent->recorder = recorder_free(agent->recorder);
		r = open_recorder(agent, err);
		if (r < 0)
			agent->recorder = recorder_free(agent->recorder);
	}
	return r;
}

static int apply(struct agent *agent, const struct agent_config *next, struct err *err)
{
	bool recorder = needs_new_recorder(agent, next), writer = needs_new_store(agent, next);
	bool rate = next->frequency_hz != agent->config.frequency_hz;
	struct agent_config before = agent->config;
	struct governor_measure cost;
	int r;

	measure(agent, &cost);
	agent->config = *next;
	if (rate)
		agent->governor.frequency_hz = next->frequency_hz;
	r = cut_window_at(agent, recorder ? agent->frequency_hz : agent->governor.frequency_hz,
			  &cost, err);
	if (r == 0)
		return reopen(agent, recorder, writer, err);
	agent->config = before;
	agent->wishes.reload = true; /* if there is another try */
	return r;
}

static int reload(struct agent *agent, struct err *err)
{
	struct agent_config next;
	struct err reason;

	agent->wishes.reload = false;
	if (agent_config_load(&agent->options->sources, &next, &reason) < 0) {
		say(agent, AGENT_ERROR, "the configuration stays as it is: %s", reason.text);
		return 0;
	}
	if (!agent_config_is_compatible(&agent->config, &next)) {
		say(agent, AGENT_ERROR,
		    "the configuration stays as it is: store, event and unwind-memory "
		    "take a restart");
		return 0;
	}
	say(agent, AGENT_INFO, "configuration read again");
	return apply(agent, &next, err);
}

/* ---- running ---- */

static int follow_kill_switch(struct agent *agent, struct err *err)
{
	const char *path = agent->config.kill_switch;
	bool pause = *path && access(path, F_OK) == 0;

	if (pause == agent->paused)
		return 0;
	agent->paused = pause;
	if (pause)
		say(agent, AGENT_INFO, "'%s' exists: sampling stops until it is gone", path);
	else
		say(agent, AGENT_INFO, "'%s' is gone: sampling goes on", path);
	return recorder_pause(agent->recorder, pause, err);
}

static void ping_watchdog(struct agent *agent)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);

	if (!agent->watchdog_ns || now_ns - agent->ping_ns < agent->watchdog_ns / 4)
		return;
	service_notify_send(&agent->notify, "WATCHDOG=1");
	agent->ping_ns = now_ns;
}

/* The kernel's side tells what it took when a window of its own closes, some seconds apart. */
static bool is_overdrawn(const struct agent *agent)
{
	struct governor_limits limits = limits_of(&agent->config);
	struct governor_measure so_far = {
		.elapsed_ns = clock_ns(CLOCK_MONOTONIC) - agent->window_begin_ns,
		.cpus = agent->cpus,
		.bpf_ns = recorder_account(agent->recorder)->stats[SMOLDER_STAT_RUN_NS],
		.collector_ns = self_meter_thread_ns(&agent->meter),
	};

	return governor_is_overdrawn(&agent->governor, &limits, &so_far, agent->config.window_ns);
}

static bool is_window_over(const struct agent *agent)
{
	return agent->wishes.cut || clock_ns(CLOCK_MONOTONIC) >= agent->window_end_ns ||
	       is_overdrawn(agent);
}

static int run_once(struct agent *agent, struct err *err)
{
	int r = recorder_run_once(agent->recorder, agent->window_end_ns, err);

	ping_watchdog(agent);
	if (r == 0)
		r = follow_kill_switch(agent, err);
	if (r == 0 && agent->wishes.reload)
		r = reload(agent, err);
	if (r < 0 || agent->wishes.stop)
		return r;
	return is_window_over(agent) ? cut_window(agent, err) : 0;
}

/* Of memory, descriptors and room there may be more in a while; not without what a reload has closed. */
static bool may_pass(const struct agent *agent, int error)
{
	return agent->recorder && agent->writer &&
	       (error == -ENOMEM || error == -EMFILE || error == -ENFILE || error == -ENOSPC ||
		error == -EAGAIN);
}

static void wait_for_better(const struct agent *agent)
{
	struct pollfd signals = {.fd = agent->signal_fd, .events = POLLIN};

	poll(&signals, 1, RETRY_MS);
}

static int run_on(struct agent *agent, struct err *err)
{
	int r = run_once(agent, err);

	if (r == 0 || !may_pass(agent, r) || ++agent->failures > FAILURES_MAX)
		return r;
	say(agent, AGENT_ERROR, "%s; to be tried again", err->text);
	wait_for_better(agent);
	return 0;
}

static int finish(struct agent *agent, struct err *err)
{
	_cleanup_recorder_cut_ struct recorder_cut cut = {0};
	struct governor_measure cost;
	int r;

	recorder_stop(agent->recorder);
	measure(agent, &cost);
	r = recorder_cut(agent->recorder, &cut, err);
	if (r == 0)
		hand_over(agent, &cut, &cost);
	return r;
}

static int run(struct agent *agent, struct err *err)
{
	int r = 0;

	service_notify_send(&agent->notify, "READY=1");
	say(agent, AGENT_INFO, "sampling at %u Hz into '%s'", agent->config.frequency_hz,
	    agent->config.store);
	while (r == 0 && !agent->wishes.stop)
		r = run_on(agent, err);
	service_notify_send(&agent->notify, "STOPPING=1");
	return r < 0 ? r : finish(agent, err);
}

static void agent_done(struct agent *agent)
{
	recorder_free(agent->recorder);
	window_writer_free(agent->writer);
	sandbox_free(agent->sandbox);
	service_notify_close(&agent->notify);
	cleanup_close_(&agent->signal_fd);
}

int agent_run(const struct agent_options *options, struct err *err)
{
	_cleanup_(agent_done) struct agent agent = {
		.options = options,
		.notify.fd = -1,
		.signal_fd = -1,
	};
	int r;

	service_notify_open(&agent.notify);
	agent.watchdog_ns = service_notify_watchdog_ns();
	r = prepare(&agent, err);
	return r < 0 ? r : run(&agent, err);
}
