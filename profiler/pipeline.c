// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/pipeline.h"

#include "base/clock.h"
#include "profiler/account.h"
#include "profiler/recording.h"
#include "profiler/resolve.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

/* How often the rings are emptied: the BPF side wakes nobody, but for a copied stack. */
#define DRAIN_INTERVAL_NS (100 * NS_PER_MS)
#define COMMAND_TEXT_MAX 4096

struct pipeline {
	const struct pipeline_options *options;
	struct smolder_config config;
	struct plan plan;
	struct target target;
	struct processes *processes;
	struct walker *walker; /* NULL: stacks are walked by frame pointers */
	struct sampler *sampler;
	struct symbolizer *symbolizer; /* once the recording is over */
	struct ticks *ticks;
	struct recording recording;
	struct account account;
	int epoll_fd, signal_fd, cpu_fd;
	sigset_t old_signals;
	uint64_t begin_ns, end_ns; /* CLOCK_MONOTONIC */
	uint64_t begin_utc_ns;
	uint64_t window_begin_ns;         /* CLOCK_MONOTONIC */
	uint64_t window_boottime_ns;      /* the same moment, CLOCK_BOOTTIME */
	struct tick_account tick_account; /* these four: of the run, once it is over */
	char event_name[32];
	uint64_t map_bytes, mapped_bytes;
	bool stopped;
};

/* ---- setting up ---- */

static int watch_fd(void *ctx, int fd)
{
	struct pipeline *pipeline = ctx;
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	if (fd < 0)
		return 0;
	return epoll_ctl(pipeline->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* nohup(1) means it. SIGINT is another matter: shells ignore it for all that runs in background. */
static bool hangup_is_ignored(void)
{
	struct sigaction action;

	return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int open_signals(struct pipeline *pipeline)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (!hangup_is_ignored())
		sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, &pipeline->old_signals) < 0)
		return -errno;
	pipeline->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return pipeline->signal_fd < 0 ? -errno : watch_fd(pipeline, pipeline->signal_fd);
}

static int open_loop(struct pipeline *pipeline, struct err *err)
{
	int r;

	pipeline->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (pipeline->epoll_fd < 0)
		return err_errno(err, -errno, "cannot make the event loop");
	r = open_signals(pipeline);
	if (r < 0)
		return err_errno(err, r, "cannot watch signals");
	pipeline->cpu_fd = cpu_watch_open(); /* without it, each window's end looks */
	if (pipeline->cpu_fd >= 0)
		watch_fd(pipeline, pipeline->cpu_fd);
	return 0;
}

static void warn(const struct pipeline *pipeline, const char *text)
{
	if (pipeline->options->on_warning)
		pipeline->options->on_warning(pipeline->options->ctx, text);
}

/* Without a side band the names of short-lived processes suffer, but the recording stands. */
static int open_processes(struct pipeline *pipeline, struct err *err)
{
	struct processes_options options = {0};
	struct err reason;
	int r = processes_new(&options, &pipeline->processes, err);

	if (r < 0)
		return r;
	if (processes_open_sideband(pipeline->processes, &reason) < 0)
		warn(pipeline, reason.text);
	else
		watch_fd(pipeline, processes_poll_fd(pipeline->processes));
	return processes_snapshot(pipeline->processes, err);
}

static void on_event(void *ctx, const struct smolder_event *event)
{
	struct pipeline *pipeline = ctx;

	processes_handle_event(pipeline->processes, event);
}

/* Whoever was sampled and could not be walked gets its tables, for now and for the next time. */
static void on_copy(void *ctx, const struct smolder_task *task)
{
	struct pipeline *pipeline = ctx;

	walker_want(pipeline->walker, task);
}

static int plan_sampler(struct pipeline *pipeline, struct err *err)
{
	const struct pipeline_options *options = pipeline->options;
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	int possible = libbpf_num_possible_cpus(), r = cpu_list_online(&online, err);
	struct plan_request request = {
		.frequency_hz = options->frequency_hz,
		.cpus = (uint32_t)online.ids.len,
		.possible_cpus = possible > 0 ? (uint32_t)possible : (uint32_t)online.ids.len,
		.stack_depth = sampler_stack_depth(),
		.window_ns = options->window_ns,
		.budget_bytes = options->budget_bytes,
		.stack_buckets = options->stack_buckets,
		.count_entries = options->count_entries,
		.ring_bytes = options->ring_bytes,
		.walk_tables = pipeline->config.walk_tables,
	};

	if (r < 0)
		return r;
	plan_maps(&request, &pipeline->plan);
	return 0;
}

static int open_sampler(struct pipeline *pipeline, struct err *err)
{
	struct sampler_options options = {
		.config = pipeline->config,
		.stack_depth = sampler_stack_depth(),
		.walk_pool_size = pipeline->options->unwind_bytes,
		.on_event = on_event,
		.on_copy = on_copy,
		.ctx = pipeline,
	};
	struct ticks_options ticks = {
		.event = pipeline->options->event,
		.frequency_hz = pipeline->options->frequency_hz,
	};
	int r = plan_sampler(pipeline, err);

	if (r < 0)
		return r;
	options.plan = pipeline->plan;
	r = sampler_open(&options, &pipeline->sampler, err);
	if (r < 0)
		return r;
	r = watch_fd(pipeline, sampler_poll_fd(pipeline->sampler));
	if (r < 0)
		return err_errno(err, r, "cannot watch the sampler's ring buffers");
	ticks.prog_fd = sampler_prog_fd(pipeline->sampler);
	return ticks_open(&ticks, &pipeline->ticks, err);
}

static int wait_for_programs(void *ctx)
{
	struct pipeline *pipeline = ctx;

	return sampler_wait(pipeline->sampler);
}

static int reach_pool(void *ctx, uint32_t limit)
{
	struct pipeline *pipeline = ctx;

	return sampler_reach_pool(pipeline->sampler, limit);
}

static int open_walker(struct pipeline *pipeline, struct err *err)
{
	struct sampler_walk_maps maps;
	struct walker_kernel kernel = {
		.reach = reach_pool,
		.wait = wait_for_programs,
		.ctx = pipeline,
	};

	if (!pipeline->config.walk_tables)
		return 0;
	sampler_walk_maps(pipeline->sampler, &maps);
	kernel.pool = maps.pool;
	kernel.pool_size = maps.pool_size;
	kernel.objects = maps.objects;
	kernel.processes_fd = maps.processes_fd;
	return walker_new(&kernel, pipeline->processes, &pipeline->walker, err);
}

static void in_command_child(void *ctx)
{
	const struct pipeline *pipeline = ctx;

	processes_restore_limits(pipeline->processes);
}

static int prepare(struct pipeline *pipeline, struct err *err)
{
	const struct pipeline_options *options = pipeline->options;
	int r;

	pipeline->config.keep_threads = options->keep_threads;
	pipeline->config.user_only = options->user_only;
	pipeline->config.kernel_only = options->kernel_only;
	pipeline->config.walk_tables = options->call_graph != CALL_GRAPH_FP;
	pipeline->config.walk_frames_max = options->frames_max;
	r = target_prepare(&options->target, &pipeline->target, &pipeline->config, err);
	if (r == 0)
		r = recording_init(&pipeline->recording, sampler_stack_depth());
	if (r == 0)
		r = open_loop(pipeline, err);
	if (r == 0)
		r = open_sampler(pipeline, err);
	if (r == 0)
		r = open_processes(pipeline, err);
	if (r == 0)
		r = open_walker(pipeline, err);
	if (r == 0)
		r = target_start(&pipeline->target, in_command_child, pipeline, err);
	if (r == 0)
		r = target_arm(&pipeline->target, pipeline->sampler, err);
	return r < 0 ? r : target_for_each_fd(&pipeline->target, watch_fd, pipeline);
}

/* ---- running ---- */

static void begin_window(struct pipeline *pipeline)
{
	pipeline->window_begin_ns = clock_ns(CLOCK_MONOTONIC);
	pipeline->window_boottime_ns = clock_ns(CLOCK_BOOTTIME);
}

static int begin(struct pipeline *pipeline, struct err *err)
{
	int r;

	pipeline->begin_utc_ns = clock_ns(CLOCK_REALTIME);
	pipeline->begin_ns = clock_ns(CLOCK_MONOTONIC);
	begin_window(pipeline);
	r = ticks_enable(pipeline->ticks, err);
	return r < 0 ? r : target_release(&pipeline->target, err);
}

static void report_progress(struct pipeline *pipeline)
{
	const uint64_t *stats = pipeline->account.stats;
	struct pipeline_progress progress = {
		.elapsed_ns = clock_ns(CLOCK_MONOTONIC) - pipeline->begin_ns,
		.recorded = pipeline->recording.recorded,
		.stacks = pipeline->recording.samples.len,
		.lost = stats[SMOLDER_STAT_LOST_COUNT_MAP] + stats[SMOLDER_STAT_LOST_BUSY] +
			stats[SMOLDER_STAT_LOST_RING] + stats[SMOLDER_STAT_LOST_OTHER] +
			stats[SMOLDER_STAT_UNATTENDED],
	};

	if (pipeline->options->on_progress)
		pipeline->options->on_progress(pipeline->options->ctx, &progress);
}

static void update_walker(struct pipeline *pipeline, bool settle)
{
	if (pipeline->walker)
		walker_update(pipeline->walker, settle);
}

/* Processes that ended before the closed window began cannot be in any later sample. */
static int close_window(struct pipeline *pipeline, struct err *err)
{
	uint64_t before_ns = pipeline->window_boottime_ns;
	struct window *window;
	int r;

	begin_window(pipeline);
	r = sampler_rotate(pipeline->sampler, &window, err);
	if (r < 0)
		return r;
	processes_drain(pipeline->processes);
	account_add_window(&pipeline->account, window);
	update_walker(pipeline, true);
	recording_add_window(&pipeline->recording, window, pipeline->processes, pipeline->walker);
	processes_forget_before(pipeline->processes, before_ns);
	report_progress(pipeline);
	return 0;
}

static int follow_hotplug(struct pipeline *pipeline, struct err *err)
{
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	int r = ticks_follow_hotplug(pipeline->ticks, err);

	if (r <= 0)
		return r;
	r = cpu_list_online(&online, err);
	vec_for_each(&online.ids, cpu)
		if (r == 0)
			r = processes_cpu_online(pipeline->processes, *cpu, err);
	return r;
}

/* Takes pending signals off, so that none strikes when they are let through again. */
static bool take_signals(const struct pipeline *pipeline)
{
	struct signalfd_siginfo info;
	bool any = false;

	while (pipeline->signal_fd >= 0 &&
	       read(pipeline->signal_fd, &info, sizeof(info)) == sizeof(info))
		any = true;
	return any;
}

static int handle_fd(struct pipeline *pipeline, int fd, struct err *err)
{
	if (fd == pipeline->signal_fd)
		pipeline->stopped |= take_signals(pipeline);
	else if (fd == pipeline->cpu_fd)
		return cpu_watch_drain(fd) ? follow_hotplug(pipeline, err) : 0;
	else if (fd != processes_poll_fd(pipeline->processes) &&
		 fd != sampler_poll_fd(pipeline->sampler)) /* these are drained anyway */
		target_note_end(&pipeline->target, fd);
	return 0;
}

static uint64_t deadline_ns(const struct pipeline *pipeline)
{
	return pipeline->options->duration_ns ?
		       pipeline->begin_ns + pipeline->options->duration_ns :
		       UINT64_MAX;
}

/* Waits for news, at most until the next drain or the end. */
static int wait_for_news(struct pipeline *pipeline, struct err *err)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC), end_ns = deadline_ns(pipeline);
	uint64_t left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
	uint64_t wait_ns = MIN(left_ns, DRAIN_INTERVAL_NS);
	struct epoll_event events[16];
	int count, r = 0;

	count = epoll_wait(pipeline->epoll_fd, events, ARRAY_SIZE(events),
			   (int)((wait_ns + NS_PER_MS - 1) / NS_PER_MS));
	if (count < 0 && errno != EINTR)
		return err_errno(err, -errno, "the event loop failed");
	for (int i = 0; i < count && r == 0; i++)
		r = handle_fd(pipeline, events[i].data.fd, err);
	return r;
}

static bool is_over(const struct pipeline *pipeline)
{
	return pipeline->stopped || clock_ns(CLOCK_MONOTONIC) >= deadline_ns(pipeline) ||
	       target_ended(&pipeline->target, pipeline->sampler);
}

static int run_once(struct pipeline *pipeline, struct err *err)
{
	int r = wait_for_news(pipeline, err);

	if (r == 0)
		r = sampler_consume(pipeline->sampler, err);
	if (r < 0)
		return r;
	processes_drain(pipeline->processes);
	update_walker(pipeline, false);
	if (clock_ns(CLOCK_MONOTONIC) - pipeline->window_begin_ns < pipeline->plan.window_ns)
		return 0;
	r = pipeline->cpu_fd < 0 ? follow_hotplug(pipeline, err) : 0;
	return r < 0 ? r : close_window(pipeline, err);
}

/*
 * The kernel's symbols are read while our own programs, which may have been sampled, are still among
 * them.
 */
static int open_symbolizer(struct pipeline *pipeline, struct err *err)
{
	char cache[PATH_MAX];
	struct symbolizer_options options = {
		.no_dwarf = pipeline->options->no_dwarf,
	};
	struct sym_result result;
	int kernel;

	if (!pipeline->options->no_cache)
		options.cache_directory = symbolizer_cache_directory(cache, sizeof(cache));
	kernel = symbolizer_new(&options, &pipeline->symbolizer);
	if (kernel == 0)
		kernel = symbolizer_add_kernel(pipeline->symbolizer);
	if (kernel < 0)
		return err_errno(err, kernel, "cannot read the kernel's symbols");
	symbolizer_lookup(pipeline->symbolizer, kernel, 0, &result);
	return 0;
}

/* What is still to do needs neither the kernel's side nor the memory shared with it. */
static void dismiss_sampler(struct pipeline *pipeline)
{
	ticks_read(pipeline->ticks, &pipeline->tick_account);
	snprintf(pipeline->event_name, sizeof(pipeline->event_name), "%s",
		 ticks_event_name(pipeline->ticks));
	pipeline->map_bytes = sampler_map_bytes(pipeline->sampler);
	pipeline->mapped_bytes = sampler_mapped_bytes(pipeline->sampler);
	pipeline->ticks = ticks_free(pipeline->ticks);
	pipeline->walker = walker_free(pipeline->walker);
	pipeline->sampler = sampler_free(pipeline->sampler);
}

static int run(struct pipeline *pipeline, struct err *err)
{
	int r = begin(pipeline, err);

	while (r == 0 && !is_over(pipeline))
		r = run_once(pipeline, err);
	if (r < 0)
		return r;
	ticks_disable(pipeline->ticks);
	pipeline->end_ns = clock_ns(CLOCK_MONOTONIC);
	r = close_window(pipeline, err);
	if (r == 0)
		r = open_symbolizer(pipeline, err);
	if (r == 0)
		dismiss_sampler(pipeline);
	return r;
}

/* ---- the profile ---- */

static void join_words(char *const *words, char *text, size_t size)
{
	size_t len = 0;

	text[0] = '\0';
	for (; *words && len < size; words++)
		len += (size_t)snprintf(text + len, size - len, "%s%s", len ? " " : "", *words);
}

static int describe_command(const struct pipeline *pipeline, struct profile *profile)
{
	char text[COMMAND_TEXT_MAX], status[128], comment[256];
	uint32_t id;

	if (pipeline->target.options.kind != TARGET_COMMAND)
		return 0;
	join_words(pipeline->target.options.command, text, sizeof(text));
	profile->command = profile_string(profile, text);
	if (profile->command == PROFILE_NONE)
		return -ENOMEM;
	if (!pipeline->target.command_ended)
		return 0;
	command_describe_status(pipeline->target.command.status, status, sizeof(status));
	snprintf(comment, sizeof(comment), "command %s", status);
	id = profile_string(profile, comment);
	return id == PROFILE_NONE ? -ENOMEM : vec_push(&profile->comments, id);
}

static int describe(const struct pipeline *pipeline, struct profile *profile)
{
	struct ledger *ledger = &profile->ledger;
	struct utsname host;

	uname(&host);
	profile->host = profile_string(profile, host.nodename);
	profile->time_ns = (int64_t)pipeline->begin_utc_ns;
	profile->duration_ns = (int64_t)(pipeline->end_ns - pipeline->begin_ns);
	profile->period = (int64_t)(NS_PER_SEC / pipeline->options->frequency_hz);
	memcpy(ledger->event, pipeline->event_name, sizeof(ledger->event));
	ledger->frequency_hz = pipeline->options->frequency_hz;
	ledger->duration_ns = (uint64_t)profile->duration_ns;
	ledger->self.map_bytes = pipeline->map_bytes;
	return profile->host == PROFILE_NONE ? -ENOMEM : describe_command(pipeline, profile);
}

static int build_profile(struct pipeline *pipeline, struct profile **ret_profile, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	int r = profile_new(&profile);

	if (r == 0)
		r = describe(pipeline, profile);
	if (r < 0)
		return err_errno(err, r, "cannot build the profile");
	account_to_ledger(&pipeline->account, &pipeline->tick_account, &pipeline->recording,
			  &profile->ledger);
	r = resolve_recording(&pipeline->recording, processes_objects(pipeline->processes),
			      pipeline->symbolizer, profile, err);
	if (r < 0)
		return r;
	account_self(&profile->ledger, pipeline->mapped_bytes);
	*ret_profile = TAKE_PTR(profile);
	return 0;
}

static void warn_of_silence(const struct pipeline *pipeline)
{
	const struct account *account = &pipeline->account;

	if (!account->stats[SMOLDER_STAT_SEEN])
		warn(pipeline, "not one tick arrived: see 'smolder doctor'");
	else if (!pipeline->recording.recorded)
		warn(pipeline, "nothing was recorded: the target used no CPU time");
	if (account->stats[SMOLDER_STAT_CHILD_LOST])
		warn(pipeline, "more processes than can be followed: some children were left out");
}

static void pipeline_done(struct pipeline *pipeline)
{
	ticks_free(pipeline->ticks);
	symbolizer_free(pipeline->symbolizer);
	walker_free(pipeline->walker);
	sampler_free(pipeline->sampler);
	processes_free(pipeline->processes);
	recording_free(&pipeline->recording);
	target_close(&pipeline->target);
	take_signals(pipeline);
	cleanup_close_(&pipeline->cpu_fd);
	cleanup_close_(&pipeline->signal_fd);
	cleanup_close_(&pipeline->epoll_fd);
	sigprocmask(SIG_SETMASK, &pipeline->old_signals, NULL);
}

int pipeline_run(const struct pipeline_options *options, struct profile **ret_profile,
		 struct err *err)
{
	_cleanup_(pipeline_done) struct pipeline pipeline = {
		.options = options,
		.epoll_fd = -1,
		.signal_fd = -1,
		.cpu_fd = -1,
	};
	int r;

	sigprocmask(SIG_SETMASK, NULL, &pipeline.old_signals);
	r = prepare(&pipeline, err);
	if (r == 0)
		r = run(&pipeline, err);
	if (r < 0)
		return r;
	warn_of_silence(&pipeline);
	return build_profile(&pipeline, ret_profile, err);
}
