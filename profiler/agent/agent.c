// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/agent_internal.h"

#include "base/clock.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>

/* Phases are drawn anew no more often than that, and in so many ticks: each time one is cut short. */
#define PHASE_INTERVAL_NS (10 * NS_PER_SEC)
#define PHASE_INTERVAL_TICKS 200
/* What fails for lack of something is tried again so much later, which the rings outlast, and so often. */
#define RETRY_MS 2000
#define FAILURES_MAX 30
#define HOLD_NICE (-10)

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
	struct governor_limits limits = agent_limits(agent);
	struct governor_decision decision = governor_decide(&agent->governor, &limits, cost);

	if (decision.trim)
		window_writer_trim(agent->writer);
	if (decision.reason != GOVERNOR_NONE)
		agent_say(agent, AGENT_INFO, "now at %u Hz: %s", decision.frequency_hz,
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
	agent_say(agent, AGENT_VERBOSE,
		  "window of %.1f s at %u Hz: %" PRIu64
		  " samples, %.4f %% of the CPUs (%.4f in the "
		  "kernel, %.4f to collect, the rest for names and writing), %" PRIu64
		  " KiB, %u waiting",
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
	struct governor_limits limits = agent_limits(agent);
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
	agent_say(agent, AGENT_ERROR, "a window is lost: cannot hand it over: %s", strerror(-r));
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
	agent_begin_window(agent, cut.end.monotonic_ns);
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
		r = agent_open_writer(agent, err);
	}
	if (recorder && r == 0) {
		agent->recorder = recorder_free(agent->recorder);
		r = agent_open_recorder(agent, err);
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
		agent_say(agent, AGENT_ERROR, "the configuration stays as it is: %s", reason.text);
		return 0;
	}
	if (!agent_config_is_compatible(&agent->config, &next)) {
		agent_say(agent, AGENT_ERROR,
			  "the configuration stays as it is: store, event and unwind-memory "
			  "take a restart");
		return 0;
	}
	agent_say(agent, AGENT_INFO, "configuration read again");
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
		agent_say(agent, AGENT_INFO, "'%s' exists: sampling stops until it is gone", path);
	else
		agent_say(agent, AGENT_INFO, "'%s' is gone: sampling goes on", path);
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
	struct governor_limits limits = agent_limits(agent);
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
	agent_say(agent, AGENT_ERROR, "%s; to be tried again", err->text);
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
	agent_say(agent, AGENT_INFO, "sampling at %u Hz into '%s'", agent->config.frequency_hz,
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
	r = agent_prepare(&agent, err);
	return r < 0 ? r : run(&agent, err);
}
