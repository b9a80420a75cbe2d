// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/recorder.h"

#include "base/clock.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <sys/epoll.h>

/* How long a cut waits for tables: at the end, and while the next window is being recorded. */
#define SETTLE_LAST_NS (2 * NS_PER_SEC)
#define SETTLE_NS (300 * NS_PER_MS)
#define SETTLE_STEP_NS (20 * NS_PER_MS) /* then it looks after the rings */
/* Copied stacks whose tables are on their way: some seconds' worth. */
#define LATE_MAX_BYTES ((size_t)32 << 20)

struct recorder {
	struct recorder_options options;
	struct plan plan;
	struct processes *processes;
	struct walker *walker; /* NULL: stacks are walked by frame pointers */
	struct sampler *sampler;
	struct ticks *ticks;
	struct recording recording;
	struct window late; /* samples whose stacks wait for tables */
	struct account account;
	struct tick_account ticks_before; /* at the last cut */
	int epoll_fd, cpu_fd;
	bool stopped;
	struct recorder_moment begin;  /* of the cut to come */
	struct recorder_moment end;    /* when it was stopped */
	struct recorder_moment window; /* the kernel's window began then */
};

/* ---- setting up ---- */

int recorder_watch(struct recorder *recorder, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0)
		return 0;
	return epoll_ctl(recorder->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int open_loop(struct recorder *recorder, struct err *err)
{
	int r;

	recorder->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (recorder->epoll_fd < 0)
		return err_errno(err, -errno, "cannot make the event loop");
	recorder->cpu_fd = cpu_watch_open(); /* without it, each window's end looks */
	r = recorder_watch(recorder, recorder->cpu_fd);
	return r < 0 ? err_errno(err, r, "cannot watch for CPUs that come and go") : 0;
}

static int watch_source(struct recorder *recorder, int fd, struct err *err)
{
	int r = recorder_watch(recorder, fd);

	return r < 0 ? err_errno(err, r, "cannot watch the kernel's rings") : 0;
}

/* Without a side band the names of short-lived processes suffer, but the recording stands. */
static int open_processes(struct recorder *recorder, struct err *err)
{
	const struct recorder_options *options = &recorder->options;
	struct err reason;
	int r = processes_new(&options->processes, &recorder->processes, err);

	if (r < 0)
		return r;
	if (processes_open_sideband(recorder->processes, &reason) == 0)
		r = watch_source(recorder, processes_poll_fd(recorder->processes), err);
	else if (options->on_warning)
		options->on_warning(options->ctx, reason.text);
	return r < 0 ? r : processes_snapshot(recorder->processes, err);
}

static void on_event(void *ctx, const struct smolder_event *event)
{
	struct recorder *recorder = ctx;

	processes_handle_event(recorder->processes, event);
}

/* Whoever was sampled and could not be walked gets its tables, for now and for the next time. */
static void on_copy(void *ctx, const struct smolder_copy *copy)
{
	struct recorder *recorder = ctx;

	walker_want(recorder->walker, &copy->head.key.task, &copy->space);
	if (copy->head.walk_end == WALK_CHANGED)
		walker_note_change(recorder->walker, copy->head.key.task.tgid);
}

static int plan_sampler(struct recorder *recorder, struct err *err)
{
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	struct plan_request request = recorder->options.maps;
	int possible = libbpf_num_possible_cpus(), r = cpu_list_online(&online, err);

	if (r < 0)
		return r;
	request.frequency_hz = recorder->options.frequency_hz;
	request.cpus = (uint32_t)online.ids.len;
	request.possible_cpus = possible > 0 ? (uint32_t)possible : request.cpus;
	request.stack_depth = sampler_stack_depth();
	request.walk_tables = recorder->options.config.walk_tables;
	plan_maps(&request, &recorder->plan);
	return 0;
}

static int open_ticks(struct recorder *recorder, struct err *err)
{
	struct ticks_options options = {
		.event = recorder->options.event,
		.frequency_hz = recorder->options.frequency_hz,
		.prog_fd = sampler_prog_fd(recorder->sampler),
	};

	return ticks_open(&options, &recorder->ticks, err);
}

static int open_sampler(struct recorder *recorder, struct err *err)
{
	struct sampler_options options = {
		.config = recorder->options.config,
		.stack_depth = sampler_stack_depth(),
		.walk_pool_size = recorder->options.unwind_bytes,
		.on_event = on_event,
		.on_copy = on_copy,
		.ctx = recorder,
	};
	int r = plan_sampler(recorder, err);

	if (r < 0)
		return r;
	options.plan = recorder->plan;
	r = sampler_open(&options, &recorder->sampler, err);
	if (r == 0)
		r = watch_source(recorder, sampler_poll_fd(recorder->sampler), err);
	return r < 0 ? r : open_ticks(recorder, err);
}

static int wait_for_programs(void *ctx)
{
	struct recorder *recorder = ctx;

	return sampler_wait(recorder->sampler);
}

static int reach_pool(void *ctx, uint32_t off, uint32_t len)
{
	struct recorder *recorder = ctx;

	return sampler_reach_pool(recorder->sampler, off, len);
}

static void rest_pool(void *ctx, uint32_t from)
{
	struct recorder *recorder = ctx;

	sampler_rest_pool(recorder->sampler, from);
}

static int open_walker(struct recorder *recorder, struct err *err)
{
	struct sampler_walk_maps maps;
	struct walker_kernel kernel = {
		.reach = reach_pool,
		.rest = rest_pool,
		.wait = wait_for_programs,
		.ctx = recorder,
	};

	if (!recorder->options.config.walk_tables)
		return 0;
	sampler_walk_maps(recorder->sampler, &maps);
	kernel.pool = maps.pool;
	kernel.pool_size = maps.pool_size;
	kernel.objects = maps.objects;
	kernel.processes_fd = maps.processes_fd;
	return walker_new(&kernel, recorder->processes, recorder->options.sandbox,
			  &recorder->walker, err);
}

static struct recorder *recorder_new(const struct recorder_options *options)
{
	struct recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return NULL;
	recorder->options = *options;
	recorder->epoll_fd = -1;
	recorder->cpu_fd = -1;
	return recorder;
}

int recorder_open(const struct recorder_options *options, struct recorder **ret_recorder,
		  struct err *err)
{
	_cleanup_recorder_ struct recorder *recorder = recorder_new(options);
	int r;

	if (!recorder || recording_init(&recorder->recording) < 0)
		return err_errno(err, -ENOMEM, "cannot make the recorder");
	r = open_loop(recorder, err);
	if (r == 0)
		r = open_sampler(recorder, err);
	if (r == 0)
		r = open_processes(recorder, err);
	if (r == 0)
		r = open_walker(recorder, err);
	if (r < 0)
		return r;
	*ret_recorder = TAKE_PTR(recorder);
	return 0;
}

void recorder_dismiss(struct recorder *recorder)
{
	recorder->ticks = ticks_free(recorder->ticks);
	recorder->walker = walker_free(recorder->walker);
	recorder->sampler = sampler_free(recorder->sampler);
}

struct recorder *recorder_free(struct recorder *recorder)
{
	if (!recorder)
		return NULL;
	recorder_dismiss(recorder);
	processes_free(recorder->processes);
	recording_free(&recorder->recording);
	window_free(&recorder->late);
	cleanup_close_(&recorder->cpu_fd);
	cleanup_close_(&recorder->epoll_fd);
	free(recorder);
	return NULL;
}

/* ---- running ---- */

static struct recorder_moment moment_now(void)
{
	return (struct recorder_moment){
		.monotonic_ns = clock_ns(CLOCK_MONOTONIC),
		.realtime_ns = clock_ns(CLOCK_REALTIME),
		.boottime_ns = clock_ns(CLOCK_BOOTTIME),
	};
}

int recorder_start(struct recorder *recorder, struct err *err)
{
	recorder->begin = recorder->window = moment_now();
	return ticks_enable(recorder->ticks, err);
}

static void update_walker(struct recorder *recorder, bool all)
{
	if (recorder->walker)
		walker_update(recorder->walker, all);
}

static void gather(struct recorder *recorder, const struct window *window, struct window *late)
{
	struct recording_source source = {
		.window = window,
		.processes = recorder->processes,
		.walker = recorder->walker,
		.late = late,
		.since_ns = recorder->window.boottime_ns,
	};

	recording_add_window(&recorder->recording, &source);
}

/* Of those that were put off, what need not be any more; with `all`, what there is. */
static void gather_late(struct recorder *recorder, bool all)
{
	struct window late = {.memory.max_len = LATE_MAX_BYTES};

	gather(recorder, &recorder->late, all ? NULL : &late);
	window_free(&recorder->late);
	recorder->late = late;
}

/* Of processes that ended before this time there is no sample that is still to be gathered, or will be. */
static uint64_t oldest_ns(const struct recorder *recorder, uint64_t window_ns)
{
	uint64_t oldest_ns = window_ns;

	vec_for_each(&recorder->late.samples, sample)
		oldest_ns = MIN(oldest_ns, sample->since_ns);
	return oldest_ns;
}

/*
 * The kernel's window is closed when its time is up, whatever else is to do: tables are waited for by the
 * samples that need them, not by those to come.
 */
static int close_window(struct recorder *recorder, struct err *err)
{
	struct recorder_moment next = moment_now();
	struct window *window;
	int r;

	r = sampler_rotate(recorder->sampler, &window, err);
	if (r < 0)
		return r;
	processes_drain(recorder->processes);
	processes_settle(recorder->processes);
	account_add_window(&recorder->account, window);
	update_walker(recorder, true);
	gather_late(recorder, false);
	gather(recorder, window, &recorder->late);
	processes_forget_before(recorder->processes,
				oldest_ns(recorder, recorder->window.boottime_ns));
	if (recorder->walker)
		walker_rest(recorder->walker);
	recorder->window = next;
	if (recorder->options.on_window)
		recorder->options.on_window(recorder->options.ctx);
	return 0;
}

static int follow_hotplug(struct recorder *recorder, struct err *err)
{
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	int r = ticks_follow_hotplug(recorder->ticks, err);

	if (r <= 0)
		return r;
	r = cpu_list_online(&online, err);
	vec_for_each(&online.ids, cpu)
		if (r == 0)
			r = processes_cpu_online(recorder->processes, *cpu, err);
	return r;
}

static int handle_fd(struct recorder *recorder, int fd, struct err *err)
{
	if (fd == recorder->cpu_fd)
		return cpu_watch_drain(fd) ? follow_hotplug(recorder, err) : 0;
	if (fd == processes_poll_fd(recorder->processes) ||
	    fd == sampler_poll_fd(recorder->sampler))
		return 0; /* these are drained anyway */
	return recorder->options.on_ready(recorder->options.ctx, fd, err);
}

static int wait_for_news(struct recorder *recorder, uint64_t until_ns, struct err *err)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
	uint64_t wait_ns = MIN(left_ns, recorder->options.drain_ns);
	struct epoll_event events[16];
	int count, r = 0;

	count = epoll_wait(recorder->epoll_fd, events, ARRAY_SIZE(events),
			   (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS));
	if (count < 0 && errno != EINTR)
		return err_errno(err, -errno, "the event loop failed");
	for (int i = 0; i < count && r == 0; i++)
		r = handle_fd(recorder, events[i].data.fd, err);
	return r;
}

static bool is_window_due(const struct recorder *recorder)
{
	uint64_t age_ns = clock_ns(CLOCK_MONOTONIC) - recorder->window.monotonic_ns;

	return age_ns >= recorder->plan.window_ns || sampler_is_crowded(recorder->sampler);
}

int recorder_run_once(struct recorder *recorder, uint64_t until_ns, struct err *err)
{
	int r = wait_for_news(recorder, until_ns, err);

	if (r == 0)
		r = sampler_consume(recorder->sampler, err);
	if (r < 0)
		return r;
	processes_drain(recorder->processes);
	update_walker(recorder, false);
	if (!is_window_due(recorder))
		return 0;
	r = recorder->cpu_fd < 0 ? follow_hotplug(recorder, err) : 0;
	return r < 0 ? r : close_window(recorder, err);
}

int recorder_set_frequency(struct recorder *recorder, uint32_t frequency_hz, struct err *err)
{
	int r = ticks_set_frequency(recorder->ticks, frequency_hz, err);

	if (r == 0)
		recorder->options.frequency_hz = frequency_hz;
	return r;
}

int recorder_pause(struct recorder *recorder, bool pause, struct err *err)
{
	if (!pause)
		return ticks_resume(recorder->ticks, err);
	ticks_pause(recorder->ticks);
	return 0;
}

void recorder_hold(struct recorder *recorder)
{
	ticks_hold(recorder->ticks);
}

int recorder_settle(struct recorder *recorder, struct err *err)
{
	return close_window(recorder, err);
}

void recorder_stop(struct recorder *recorder)
{
	ticks_disable(recorder->ticks);
	recorder->end = moment_now();
	recorder->stopped = true;
}

/* ---- handing over ---- */

static struct tick_account ticks_since(const struct tick_account *now,
				       const struct tick_account *before)
{
	return (struct tick_account){
		.expected = now->expected - before->expected,
		.delivered = now->delivered - before->delivered,
		.offline = now->offline - before->offline,
		.stopped = now->stopped - before->stopped,
		.paused = now->paused - before->paused,
		.held = now->held - before->held,
		.idle = now->idle - before->idle,
		.cpus = now->cpus,
	};
}

/* All that was sampled before the cut is part of it, walked as far as can be. */
static int gather_rest(struct recorder *recorder, struct err *err)
{
	uint64_t patience_ns = recorder->stopped ? SETTLE_LAST_NS : SETTLE_NS;
	uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + patience_ns;
	int r = 0;

	while (r == 0 && recorder->late.samples.len && clock_ns(CLOCK_MONOTONIC) < until_ns) {
		walker_settle(recorder->walker, SETTLE_STEP_NS);
		gather_late(recorder, false);
		r = sampler_consume(recorder->sampler, err);
		processes_drain(recorder->processes);
	}
	gather_late(recorder, true);
	return r;
}

/* The ticks are read as near to the flip of the epoch as can be: what is between counts as skipped. */
int recorder_cut(struct recorder *recorder, struct recorder_cut *ret_cut, struct err *err)
{
	struct recorder_cut cut = {
		.frequency_hz = recorder->options.frequency_hz,
		.begin = recorder->begin,
		.end = recorder->stopped ? recorder->end : moment_now(),
	};
	struct recording next;
	struct tick_account ticks;
	int r = recording_init(&next);

	if (r < 0)
		return err_errno(err, r, "cannot begin a new recording");
	ticks_read(recorder->ticks, &ticks);
	r = close_window(recorder, err);
	if (r == 0)
		r = gather_rest(recorder, err);
	if (r < 0) {
		recording_free(&next);
		return r;
	}
	cut.ticks = ticks_since(&ticks, &recorder->ticks_before);
	cut.account = TAKE(recorder->account, (struct account){0});
	cut.recording = TAKE(recorder->recording, next);
	cut.recording.end_ns = cut.end.monotonic_ns;
	recorder->ticks_before = ticks;
	recorder->begin = cut.end;
	*ret_cut = cut;
	return 0;
}

void recorder_release(struct recorder *recorder)
{
	if (recorder->walker)
		walker_release(recorder->walker);
	else
		processes_release(recorder->processes, NULL, NULL);
}

void recorder_cut_free(struct recorder_cut *cut)
{
	recording_free(&cut->recording);
}

struct sampler *recorder_sampler(struct recorder *recorder)
{
	return recorder->sampler;
}

struct processes *recorder_processes(struct recorder *recorder)
{
	return recorder->processes;
}

const struct recording *recorder_recording(const struct recorder *recorder)
{
	return &recorder->recording;
}

const struct account *recorder_account(const struct recorder *recorder)
{
	return &recorder->account;
}

const char *recorder_event_name(const struct recorder *recorder)
{
	return ticks_event_name(recorder->ticks);
}

uint64_t recorder_map_bytes(const struct recorder *recorder)
{
	return sampler_map_bytes(recorder->sampler);
}

uint64_t recorder_mapped_bytes(const struct recorder *recorder)
{
	return sampler_mapped_bytes(recorder->sampler);
}
