// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/sandbox.h"

#include "base/clock.h"
#include "profiler/sandbox/sandbox_internal.h"
#include "profiler/sandbox/worker_confine.h"

#include <errno.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define HANG_NS NS_PER_SEC
#define CPU_NS (2 * NS_PER_SEC)
/* Hostile files may waste so much time at once, and so much of all time. */
#define WASTE_NS (4 * NS_PER_SEC)
#define WASTE_PERCENT 1
#define LAST_WAIT_NS (200 * NS_PER_MS) /* for those who were killed to be gone */

const char *sandbox_failure_name(enum sandbox_failure failure)
{
	static const char *const names[SANDBOX_FAILURE_CNT] = {
		[SANDBOX_CRASHED] = "crashed",       [SANDBOX_HUNG] = "hung",
		[SANDBOX_EXHAUSTED] = "exhausted",   [SANDBOX_LIED] = "lied",
		[SANDBOX_UNSTARTED] = "not started",
	};

	return (unsigned int)failure < SANDBOX_FAILURE_CNT ? names[failure] : "unknown";
}

void sandbox_reply_free(struct sandbox_reply *reply)
{
	buf_free(&reply->bytes);
	buf_free(&reply->end);
}

/* ---- the dead ---- */

static uint64_t ns_of_timeval(const struct timeval *time)
{
	return (uint64_t)time->tv_sec * NS_PER_SEC + (uint64_t)time->tv_usec * 1000;
}

static void add_usage(struct sandbox_counters *counters, const struct rusage *usage)
{
	uint64_t rss_bytes = (uint64_t)usage->ru_maxrss * 1024;

	counters->cpu_ns += ns_of_timeval(&usage->ru_utime) + ns_of_timeval(&usage->ru_stime);
	counters->rss_bytes = MAX(counters->rss_bytes, rss_bytes);
}

/* One that waits for a disk or a file server may take its time to die; nobody waits for it. */
static void reap(struct sandbox *sandbox)
{
	for (size_t i = sandbox->dying.len; i-- > 0;) {
		struct rusage usage;
		pid_t pid = wait4(sandbox->dying.items[i], NULL, WNOHANG, &usage);

		if (pid == 0)
			continue;
		if (pid > 0)
			add_usage(&sandbox->counters, &usage);
		sandbox->dying.items[i] = *vec_last(&sandbox->dying);
		sandbox->dying.len--;
	}
}

static void reap_patiently(struct sandbox *sandbox)
{
	uint64_t until_ns = clock_ns(CLOCK_MONOTONIC) + LAST_WAIT_NS;
	struct timespec pause = timespec_of_ns(NS_PER_MS);

	reap(sandbox);
	while (sandbox->dying.len && clock_ns(CLOCK_MONOTONIC) < until_ns) {
		nanosleep(&pause, NULL);
		reap(sandbox);
	}
}

/* Without memory for its number, a dead process stays in the process table: until we end. */
void sandbox_bury(struct sandbox *sandbox, pid_t pid)
{
	pthread_mutex_lock(&sandbox->mutex);
	(void)!vec_push(&sandbox->dying, pid);
	reap(sandbox);
	pthread_mutex_unlock(&sandbox->mutex);
}

/* What is forgiven by now is forgotten. */
static void forgive(struct sandbox *sandbox)
{
	uint64_t now_ns = clock_ns(CLOCK_MONOTONIC);
	uint64_t forgiven_ns = (now_ns - sandbox->wasted_at_ns) / 100 * WASTE_PERCENT;

	sandbox->wasted_ns -= MIN(forgiven_ns, sandbox->wasted_ns);
	sandbox->wasted_at_ns = now_ns;
}

static struct sandbox_worker *take_spare(struct sandbox *sandbox)
{
	struct sandbox_worker *spare;

	pthread_mutex_lock(&sandbox->mutex);
	spare = TAKE_PTR(sandbox->spare);
	pthread_mutex_unlock(&sandbox->mutex);
	return spare;
}

/*
 * Workers of one zygote have one layout in memory. What a file may have found out about it by what became of
 * its worker is worth nothing in the next.
 */
static void change_zygote(struct sandbox *sandbox)
{
	sandbox_worker_end(take_spare(sandbox));
	sandbox_zygote_end(sandbox);
}

void sandbox_note_failure(struct sandbox *sandbox, enum sandbox_failure failure, uint64_t wasted_ns)
{
	pthread_mutex_lock(&sandbox->mutex);
	forgive(sandbox);
	sandbox->wasted_ns += wasted_ns;
	sandbox->counters.failed[failure]++;
	pthread_mutex_unlock(&sandbox->mutex);
	change_zygote(sandbox);
}

bool sandbox_is_in_a_hurry(struct sandbox *sandbox)
{
	bool hurry;

	pthread_mutex_lock(&sandbox->mutex);
	forgive(sandbox);
	hurry = sandbox->wasted_ns > WASTE_NS;
	pthread_mutex_unlock(&sandbox->mutex);
	return hurry;
}

/* ---- the living ---- */

static void keep_spare(struct sandbox *sandbox, struct sandbox_worker *worker)
{
	pthread_mutex_lock(&sandbox->mutex);
	if (!sandbox->spare)
		sandbox->spare = TAKE_PTR(worker);
	pthread_mutex_unlock(&sandbox->mutex);
	sandbox_worker_end(worker);
}

/* Without a spare the next who wants one waits, that is all. */
void sandbox_start_spare(struct sandbox *sandbox)
{
	struct sandbox_worker *worker;
	bool has_spare;

	pthread_mutex_lock(&sandbox->mutex);
	has_spare = sandbox->spare;
	pthread_mutex_unlock(&sandbox->mutex);
	if (!has_spare && sandbox_worker_spawn(sandbox, &worker) == 0)
		keep_spare(sandbox, worker);
}

static int get_ready(struct sandbox *sandbox, struct sandbox_worker **ret_worker)
{
	_cleanup_sandbox_worker_ struct sandbox_worker *worker = take_spare(sandbox);
	int r = worker ? 0 : sandbox_worker_spawn(sandbox, &worker);

	if (r == 0)
		sandbox_worker_set_priority(worker);
	if (r == 0)
		r = sandbox_worker_await_ready(worker);
	if (r == 0)
		*ret_worker = TAKE_PTR(worker);
	return r;
}

/* A spare that died in its sleep is no reason to give up. */
int sandbox_worker_start(struct sandbox *sandbox, struct sandbox_worker **ret_worker)
{
	int r = get_ready(sandbox, ret_worker);

	if (r < 0)
		r = get_ready(sandbox, ret_worker);
	if (r == 0)
		return 0;
	pthread_mutex_lock(&sandbox->mutex);
	sandbox->counters.failed[SANDBOX_UNSTARTED]++;
	pthread_mutex_unlock(&sandbox->mutex);
	return r;
}

void sandbox_take_counters(struct sandbox *sandbox, struct sandbox_counters *ret_counters)
{
	pthread_mutex_lock(&sandbox->mutex);
	reap_patiently(sandbox);
	*ret_counters = TAKE(sandbox->counters, (struct sandbox_counters){0});
	pthread_mutex_unlock(&sandbox->mutex);
}

int sandbox_new(const struct sandbox_options *options, struct sandbox **ret_sandbox)
{
	struct sandbox *sandbox = calloc(1, sizeof(*sandbox));

	if (!sandbox)
		return -ENOMEM;
	pthread_mutex_init(&sandbox->mutex, NULL);
	pthread_mutex_init(&sandbox->zygote.mutex, NULL);
	sandbox->zygote.channel = -1;
	if (options)
		sandbox->options = *options;
	if (!sandbox->options.program)
		sandbox->options.program = "/proc/self/exe";
	if (!sandbox->options.hang_ns)
		sandbox->options.hang_ns = HANG_NS;
	if (!sandbox->options.cpu_ns)
		sandbox->options.cpu_ns = CPU_NS;
	sandbox_start_spare(sandbox);
	*ret_sandbox = sandbox;
	return 0;
}

int sandbox_check(struct sandbox *sandbox, struct err *err)
{
	struct sandbox_worker *worker;
	char missing[128];
	int r = sandbox_worker_start(sandbox, &worker);

	if (r < 0)
		return err_errno(err, r, "cannot start a worker without privileges");
	worker_confine_missing(sandbox_worker_gave(worker), missing, sizeof(missing));
	keep_spare(sandbox, worker); /* it was asked nothing */
	if (*missing)
		return err_set(err, -EPERM, "workers are not confined as they should be: they %s",
			       missing);
	return 0;
}

struct sandbox *sandbox_free(struct sandbox *sandbox)
{
	if (!sandbox)
		return NULL;
	sandbox_worker_end(sandbox->spare);
	sandbox_zygote_end(sandbox);
	reap_patiently(sandbox);
	vec_free(&sandbox->dying);
	pthread_mutex_destroy(&sandbox->zygote.mutex);
	pthread_mutex_destroy(&sandbox->mutex);
	free(sandbox);
	return NULL;
}
