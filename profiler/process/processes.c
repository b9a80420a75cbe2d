// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/processes_internal.h"

#include "base/clock.h"
#include "profiler/process/jit_files.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#define SIDEBAND_BUDGET_DEFAULT ((uint64_t)16 << 20)
#define LIVES_MAX_DEFAULT 65536u
#define EVENTS_MAX (1u << 20)             /* between two drains */
#define INITIAL_PID_NAMESPACE 0xEFFFFFFCu /* PROC_PID_INIT_INO, include/linux/proc_ns.h */

/*
 * A record's time is taken a little before the record can be read: what carries a time from before
 * now has arrived after this.
 */
#define SETTLE_NS (200 * UINT64_C(1000))

/* Descriptors are what a host full of containers needs most of. */
static void raise_nofile(struct processes *processes)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &processes->nofile) < 0)
		return;
	limit = processes->nofile;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
		return; /* the old limit holds, and objects_new() goes by it */
}

void processes_restore_limits(const struct processes *processes)
{
	if (processes->nofile.rlim_cur && setrlimit(RLIMIT_NOFILE, &processes->nofile) < 0)
		return; /* lowering a soft limit does not fail */
}

static bool in_foreign_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino != INITIAL_PID_NAMESPACE;
}

int processes_new(const struct processes_options *options, struct processes **ret_processes,
		  struct err *err)
{
	_cleanup_processes_ struct processes *processes = calloc(1, sizeof(*processes));
	int r;

	if (!processes)
		return err_errno(err, -ENOMEM, "cannot follow processes");
	raise_nofile(processes);
	processes->sideband_budget_len = options->sideband_budget_len ?
						 options->sideband_budget_len :
						 SIDEBAND_BUDGET_DEFAULT;
	processes->counters.foreign_pid_namespace = in_foreign_pid_namespace();
	r = lives_init(&processes->lives,
		       options->lives_max ? options->lives_max : LIVES_MAX_DEFAULT);
	if (r == 0)
		r = objects_new(&options->objects, &processes->objects);
	if (r == 0)
		r = containers_new(&processes->containers);
	if (r < 0)
		return err_errno(err, r, "cannot follow processes");
	*ret_processes = TAKE_PTR(processes);
	return 0;
}

struct processes *processes_free(struct processes *processes)
{
	if (!processes)
		return NULL;
	sideband_free(processes->sideband);
	lives_free(&processes->lives);
	objects_free(processes->objects);
	containers_free(processes->containers);
	kernel_programs_free(&processes->programs);
	vec_free(&processes->events);
	vec_free(&processes->changed);
	buf_free(&processes->text);
	free(processes);
	return NULL;
}

int processes_open_sideband(struct processes *processes, struct err *err)
{
	return sideband_new(processes->sideband_budget_len, &processes->sideband, err);
}

/* From its start until now the CPU ran unwatched. */
int processes_cpu_online(struct processes *processes, unsigned int cpu, struct err *err)
{
	int r = processes->sideband ? sideband_add_cpu(processes->sideband, cpu, err) : 0;

	if (r != 0)
		processes->lost_ns = clock_ns(CLOCK_BOOTTIME);
	return MIN(r, 0);
}

void processes_cpu_offline(struct processes *processes, unsigned int cpu)
{
	if (processes->sideband)
		sideband_remove_cpu(processes->sideband, cpu);
}

int processes_poll_fd(const struct processes *processes)
{
	return processes->sideband ? sideband_poll_fd(processes->sideband) : -1;
}

/* Events arrive nearly in order: the place of a new one is at, or close to, the end. */
void processes_handle_event(struct processes *processes, const struct smolder_event *event)
{
	size_t at;

	processes->counters.events++;
	if (processes->events.len >= EVENTS_MAX || vec_push(&processes->events, *event) < 0) {
		processes->counters.events_dropped++;
		return;
	}
	for (at = processes->events.len - 1; at > processes->events_at; at--) {
		struct smolder_event *before = &processes->events.items[at - 1];

		if (before->time_ns <= event->time_ns)
			break;
		before[1] = *before;
	}
	processes->events.items[at] = *event;
}

static const struct smolder_event *next_event(const struct processes *processes, uint64_t until_ns)
{
	const struct smolder_event *event = &processes->events.items[processes->events_at];

	if (processes->events_at == processes->events.len || event->time_ns > until_ns)
		return NULL;
	return event;
}

static void drop_taken_events(struct processes *processes)
{
	size_t left = processes->events.len - processes->events_at;

	if (left)
		memmove(processes->events.items, processes->events.items + processes->events_at,
			left * sizeof(*processes->events.items));
	processes->events.len = left;
	processes->events_at = 0;
}

/* A ring that had to be emptied has lost what it held. */
static void check_rings(struct processes *processes, uint64_t now_ns)
{
	struct sideband_counters counters;

	if (!processes->sideband)
		return;
	sideband_counters(processes->sideband, &counters);
	if (counters.corrupt != processes->corrupt_seen)
		processes->lost_ns = now_ns;
	processes->corrupt_seen = counters.corrupt;
}

static void apply_until(struct processes *processes, uint64_t until_ns)
{
	for (;;) {
		const struct smolder_event *event = next_event(processes, until_ns);
		const struct sideband_record *record = NULL;

		if (processes->sideband)
			record = sideband_peek(processes->sideband,
					       event ? event->time_ns : until_ns);
		if (record) {
			processes_apply_record(processes, record);
			sideband_take(processes->sideband);
		} else if (event) {
			processes_apply_event(processes, event);
			processes->events_at++;
		} else {
			return;
		}
	}
}

void processes_drain(struct processes *processes)
{
	uint64_t now_ns = clock_ns(CLOCK_BOOTTIME);
	struct timespec settle = timespec_of_ns(SETTLE_NS);

	if (processes->sideband)
		nanosleep(&settle, NULL);
	apply_until(processes, now_ns);
	jit_files_poll(objects_jit_files(processes->objects), clock_ns(CLOCK_MONOTONIC));
	drop_taken_events(processes);
	check_rings(processes, now_ns);
}

/* Ends whose news was lost, or is not sent: without the kernel side there are no exit events. */
static void bury_vanished(struct processes *processes, uint64_t now_ns)
{
	vec_for_each(&processes->lives.items, life) {
		if (!life->used || life->exited_ns || !(life->leader_exited || life->seen_ns))
			continue;
		if (kill((pid_t)life->tgid, 0) < 0 && errno == ESRCH)
			lives_note_exit(&processes->lives, life, now_ns);
	}
}

void processes_forget_before(struct processes *processes, uint64_t time_ns)
{
	bury_vanished(processes, clock_ns(CLOCK_BOOTTIME));
	lives_forget_before(&processes->lives, time_ns);
	kernel_programs_forget_before(&processes->programs, time_ns);
	processes_forget_jit(processes);
}

void processes_settle(struct processes *processes)
{
	jit_files_poll(objects_jit_files(processes->objects), UINT64_MAX);
}

/* On hosts whose containers are not in v2: what /proc says, once per image; else the parent's. */
static uint32_t labels_of_process(struct processes *processes, struct life *life)
{
	struct procfs_stat stat;
	uint32_t labels;

	if (!life->labels_stale || life->exited_ns)
		return life->labels;
	life->labels_stale = false;
	labels = containers_by_process(processes->containers, life->tgid);
	if (labels != CONTAINER_NONE && procfs_read_stat(life->tgid, &stat) == 0 &&
	    stat.start_ticks == procfs_ticks_of_ns(life->start_ns))
		life->labels = labels;
	return life->labels;
}

static bool says_little(const struct container_labels *labels)
{
	return !labels->container_id[0] && (!labels->cgroup[0] || strcmp(labels->cgroup, "/") == 0);
}

void processes_labels(struct processes *processes, const struct smolder_task *task,
		      uint64_t cgroup_id, struct container_labels *ret_labels)
{
	struct life *life = lives_find(&processes->lives, task->tgid, task->start_ns);
	struct container_labels own;

	containers_labels(processes->containers,
			  containers_by_cgroup(processes->containers, cgroup_id), ret_labels);
	if (!says_little(ret_labels) || !life || !containers_need_process(processes->containers))
		return;
	containers_labels(processes->containers, labels_of_process(processes, life), &own);
	if (!says_little(&own))
		*ret_labels = own;
}

void processes_mark_object(struct processes *processes, uint32_t object)
{
	objects_mark(processes->objects, object);
}

static void mark_object(void *ctx, uint32_t object)
{
	processes_mark_object(ctx, object);
}

void processes_release(struct processes *processes, void (*forget)(void *ctx, uint32_t object),
		       void *ctx)
{
	vec_for_each(&processes->lives.items, life) {
		if (!life->used)
			continue;
		containers_mark(processes->containers, life->labels);
		vec_for_each(&life->images, image)
			mappings_name_objects(image->mappings, mark_object, processes);
	}
	vec_for_each(&processes->programs.programs, program)
		processes_mark_object(processes, program->object);
	jit_files_forget_samples(objects_jit_files(processes->objects));
	objects_release(processes->objects, forget, ctx);
	containers_release(processes->containers);
}

const struct objects *processes_objects(const struct processes *processes)
{
	return processes->objects;
}

void processes_counters(const struct processes *processes, struct processes_counters *ret_counters)
{
	*ret_counters = processes->counters;
	ret_counters->lives = processes->lives.count;
	ret_counters->lives_dead = processes->lives.dead;
	ret_counters->lives_over_cap = processes->lives.over_cap;
	ret_counters->programs_over_cap = processes->programs.over_cap;
	ret_counters->images_over_cap = processes->lives.images_over_cap;
	if (processes->sideband)
		sideband_counters(processes->sideband, &ret_counters->sideband);
}

const struct objects_counters *processes_objects_counters(const struct processes *processes)
{
	return objects_counters(processes->objects);
}

const struct containers_counters *processes_containers_counters(const struct processes *processes)
{
	return containers_counters(processes->containers);
}
