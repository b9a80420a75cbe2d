// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/pipeline.h"

#include "base/clock.h"
#include "profiler/recorder.h"
#include "profiler/resolve.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>

/* How often the rings are emptied: the BPF side wakes nobody, but for a copied stack. */
#define DRAIN_INTERVAL_NS (100 * NS_PER_MS)
#define COMMAND_TEXT_MAX 4096
/* Of CPU, for each object that the cache lacked something of: what the next recording asks is mostly near. */
#define COMPLETE_NS (30 * NS_PER_MS)

struct kernel_reader {
	pthread_t thread;
	bool is_running;
	int result;
};

struct pipeline {
	const struct pipeline_options *options;
	struct target target;
	struct recorder *recorder;
	struct namer *namer;         /* once the reader is done */
	struct kernel_reader reader; /* of the kernel's symbols */
	struct recorder_cut cut;     /* once the recording is over */
	int signal_fd;
	sigset_t old_signals;
	uint64_t begin_ns;   /* CLOCK_MONOTONIC */
	char event_name[32]; /* these three: of the run, once it is over */
	uint64_t map_bytes, mapped_bytes;
	struct pipeline_times times;
	bool stopped;
};

/* ---- setting up ---- */

/* nohup(1) means it. SIGINT is another matter: shells ignore it for all that runs in background. */
static bool hangup_is_ignored(void)
{
	struct sigaction action;

	return sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

static int open_signals(struct pipeline *pipeline, struct err *err)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	if (!hangup_is_ignored())
		sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, &pipeline->old_signals) == 0)
		pipeline->signal_fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return pipeline->signal_fd < 0 ? err_errno(err, -errno, "cannot watch signals") : 0;
}

static void warn(const struct pipeline *pipeline, const char *text)
{
	if (pipeline->options->on_warning)
		pipeline->options->on_warning(pipeline->options->ctx, text);
}

static void on_warning(void *ctx, const char *text)
{
	warn(ctx, text);
}

static void report_progress(void *ctx)
{
	struct pipeline *pipeline = ctx;
	const struct recording *recording = recorder_recording(pipeline->recorder);
	const uint64_t *stats = recorder_account(pipeline->recorder)->stats;
	struct pipeline_progress progress = {
		.elapsed_ns = clock_ns(CLOCK_MONOTONIC) - pipeline->begin_ns,
		.recorded = recording->recorded,
		.stacks = recording->samples.len,
		.lost = stats[SMOLDER_STAT_LOST_COUNT_MAP] + stats[SMOLDER_STAT_LOST_BUSY] +
			stats[SMOLDER_STAT_LOST_RING] + stats[SMOLDER_STAT_LOST_OTHER] +
			stats[SMOLDER_STAT_UNATTENDED],
	};

	if (pipeline->options->on_progress)
		pipeline->options->on_progress(pipeline->options->ctx, &progress);
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

static int on_ready(void *ctx, int fd, struct err *err)
{
	struct pipeline *pipeline = ctx;

	(void)err;
	if (fd == pipeline->signal_fd)
		pipeline->stopped |= take_signals(pipeline);
	else
		target_note_end(&pipeline->target, fd);
	return 0;
}

static int open_recorder(struct pipeline *pipeline, const struct smolder_config *config,
			 struct err *err)
{
	const struct pipeline_options *options = pipeline->options;
	struct recorder_options recorder = {
		.config = *config,
		.event = options->event,
		.frequency_hz = options->frequency_hz,
		.unwind_bytes = options->unwind_bytes,
		.drain_ns = DRAIN_INTERVAL_NS,
		.sandbox = options->sandbox,
		.maps = {.window_ns = options->window_ns,
			 .budget_bytes = options->budget_bytes,
			 .stack_buckets = options->stack_buckets,
			 .count_entries = options->count_entries,
			 .ring_bytes = options->ring_bytes},
		.on_ready = on_ready,
		.on_window = report_progress,
		.on_warning = on_warning,
		.ctx = pipeline,
	};

	return recorder_open(&recorder, &pipeline->recorder, err);
}

static void in_command_child(void *ctx)
{
	const struct pipeline *pipeline = ctx;

	processes_restore_limits(recorder_processes(pipeline->recorder));
}

static int watch_fd(void *ctx, int fd)
{
	struct pipeline *pipeline = ctx;

	return recorder_watch(pipeline->recorder, fd);
}

static int watch_fds(struct pipeline *pipeline, struct err *err)
{
	int r = watch_fd(pipeline, pipeline->signal_fd);

	if (r == 0)
		r = target_for_each_fd(&pipeline->target, watch_fd, pipeline);
	return r < 0 ? err_errno(err, r, "cannot watch signals and processes") : 0;
}

static int open_namer(struct pipeline *pipeline)
{
	char cache[PATH_MAX];
	struct namer_options options = {
		.symbols.no_dwarf = pipeline->options->no_dwarf,
		.symbols.fetch_debug = pipeline->options->fetch_debug,
		.symbols.fetch_ctx = pipeline->options->fetch_ctx,
		.sandbox = pipeline->options->sandbox,
		.workers_max = NAMER_WORKERS_MAX,
		.complete_ns = COMPLETE_NS,
	};
	struct sym_result result;
	int kernel;

	if (!pipeline->options->no_cache)
		options.symbols.cache_directory = symbolizer_cache_directory(cache, sizeof(cache));
	resolve_set_opener(processes_objects(recorder_processes(pipeline->recorder)),
			   &options.symbols);
	kernel = namer_new(&options, &pipeline->namer);
	if (kernel == 0)
		kernel = namer_add_kernel(pipeline->namer);
	if (kernel < 0)
		return kernel;
	namer_lookup(pipeline->namer, kernel, 0, &result);
	return 0;
}

static void *read_kernel(void *ctx)
{
	struct pipeline *pipeline = ctx;

	pipeline->reader.result = open_namer(pipeline);
	return NULL;
}

/*
 * The kernel's symbols are read while the recording begins, not while its end is waited for. Our own programs,
 * which may be sampled, are among them by now; of programs that come later the side band tells, and when modules
 * came the symbols are read again. Signals are the main thread's.
 */
static void begin_reading(struct pipeline *pipeline)
{
	sigset_t all, before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	pipeline->reader.is_running =
		pthread_create(&pipeline->reader.thread, NULL, read_kernel, pipeline) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!pipeline->reader.is_running)
		read_kernel(pipeline);
}

static int end_reading(struct pipeline *pipeline, struct err *err)
{
	int r;

	if (pipeline->reader.is_running)
		pthread_join(pipeline->reader.thread, NULL);
	pipeline->reader.is_running = false;
	r = pipeline->reader.result;
	return r < 0 ? err_errno(err, r, "cannot read the kernel's symbols") : 0;
}

static int prepare(struct pipeline *pipeline, struct err *err)
{
	const struct pipeline_options *options = pipeline->options;
	struct smolder_config config = {
		.keep_threads = options->keep_threads,
		.user_only = options->user_only,
		.kernel_only = options->kernel_only,
		.walk_tables = options->call_graph != CALL_GRAPH_FP,
		.walk_frames_max = options->frames_max,
	};
	int r = target_prepare(&options->target, &pipeline->target, &config, err);

	if (r == 0)
		r = open_signals(pipeline, err);
	if (r == 0)
		r = open_recorder(pipeline, &config, err);
	if (r == 0)
		begin_reading(pipeline);
	if (r == 0)
		r = target_start(&pipeline->target, in_command_child, pipeline, err);
	if (r == 0)
		r = target_arm(&pipeline->target, recorder_sampler(pipeline->recorder), err);
	return r < 0 ? r : watch_fds(pipeline, err);
}

/* ---- running ---- */

static uint64_t deadline_ns(const struct pipeline *pipeline)
{
	return pipeline->options->duration_ns ?
		       pipeline->begin_ns + pipeline->options->duration_ns :
		       UINT64_MAX;
}

static bool is_over(const struct pipeline *pipeline)
{
	return pipeline->stopped || clock_ns(CLOCK_MONOTONIC) >= deadline_ns(pipeline) ||
	       target_ended(&pipeline->target, recorder_sampler(pipeline->recorder));
}

/* What is still to do needs neither the kernel's side nor the memory shared with it. */
static void dismiss_recorder(struct pipeline *pipeline)
{
	snprintf(pipeline->event_name, sizeof(pipeline->event_name), "%s",
		 recorder_event_name(pipeline->recorder));
	pipeline->map_bytes = recorder_map_bytes(pipeline->recorder);
	pipeline->mapped_bytes = recorder_mapped_bytes(pipeline->recorder);
	recorder_dismiss(pipeline->recorder);
}

/* What passed since *at, which becomes now. */
static uint64_t lap_ns(uint64_t *at_ns)
{
	uint64_t before_ns = *at_ns;

	*at_ns = clock_ns(CLOCK_MONOTONIC);
	return *at_ns - before_ns;
}

static int stop(struct pipeline *pipeline, struct err *err)
{
	uint64_t at_ns = clock_ns(CLOCK_MONOTONIC);
	int r;

	recorder_stop(pipeline->recorder);
	r = recorder_cut(pipeline->recorder, &pipeline->cut, err);
	pipeline->times.stop_ns = lap_ns(&at_ns);
	if (r == 0)
		r = end_reading(pipeline, err);
	pipeline->times.kernel_ns = lap_ns(&at_ns);
	if (r == 0)
		dismiss_recorder(pipeline);
	pipeline->times.dismiss_ns = lap_ns(&at_ns);
	return r;
}

static int run(struct pipeline *pipeline, struct err *err)
{
	int r;

	pipeline->begin_ns = clock_ns(CLOCK_MONOTONIC);
	r = recorder_start(pipeline->recorder, err);
	if (r == 0)
		r = target_release(&pipeline->target, err);
	while (r == 0 && !is_over(pipeline))
		r = recorder_run_once(pipeline->recorder, deadline_ns(pipeline), err);
	return r < 0 ? r : stop(pipeline, err);
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
	profile->time_ns = (int64_t)pipeline->cut.begin.realtime_ns;
	profile->duration_ns =
		(int64_t)(pipeline->cut.end.monotonic_ns - pipeline->cut.begin.monotonic_ns);
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
	uint64_t at_ns = clock_ns(CLOCK_MONOTONIC);
	int r = profile_new(&profile);

	if (r == 0)
		r = describe(pipeline, profile);
	if (r < 0)
		return err_errno(err, r, "cannot build the profile");
	account_to_ledger(&pipeline->cut.account, &pipeline->cut.ticks, &pipeline->cut.recording,
			  &profile->ledger);
	r = resolve_recording(&pipeline->cut.recording,
			      processes_objects(recorder_processes(pipeline->recorder)),
			      pipeline->namer, profile, err);
	if (r < 0)
		return r;
	account_self(&profile->ledger, pipeline->mapped_bytes);
	account_sandbox(&profile->ledger, pipeline->options->sandbox);
	pipeline->times.name_ns = lap_ns(&at_ns);
	if (pipeline->options->ret_times)
		*pipeline->options->ret_times = pipeline->times;
	*ret_profile = TAKE_PTR(profile);
	return 0;
}

static void warn_of_silence(const struct pipeline *pipeline)
{
	const struct account *account = &pipeline->cut.account;

	if (!account->stats[SMOLDER_STAT_SEEN])
		warn(pipeline, "not one tick arrived: see 'smolder doctor'");
	else if (!pipeline->cut.recording.recorded)
		warn(pipeline, "nothing was recorded: the target used no CPU time");
	if (account->stats[SMOLDER_STAT_CHILD_LOST])
		warn(pipeline, "more processes than can be followed: some children were left out");
}

static void pipeline_done(struct pipeline *pipeline)
{
	(void)!end_reading(pipeline, NULL);
	namer_free(pipeline->namer);
	recorder_free(pipeline->recorder);
	recorder_cut_free(&pipeline->cut);
	target_close(&pipeline->target);
	take_signals(pipeline);
	cleanup_close_(&pipeline->signal_fd);
	sigprocmask(SIG_SETMASK, &pipeline->old_signals, NULL);
}

int pipeline_run(const struct pipeline_options *options, struct profile **ret_profile,
		 struct err *err)
{
	_cleanup_(pipeline_done) struct pipeline pipeline = {
		.options = options,
		.signal_fd = -1,
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
