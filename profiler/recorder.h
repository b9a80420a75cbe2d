/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Runs the rooms that gather: the sampler and its ticks, the processes, the walker. Owns the event loop,
 * closes the kernel's windows in time, and hands over what has been gathered as a cut, at the end or
 * as often as is wished while sampling goes on. One thread.
 *
 *	recorder_open()
 *	recorder_watch()	what else the loop should wait for
 *	recorder_start()
 *	recorder_run_once()	again and again; recorder_cut() at any time between
 *	recorder_stop(), recorder_cut(), recorder_dismiss()
 */
#ifndef SMOLDER_PROFILER_RECORDER_H
#define SMOLDER_PROFILER_RECORDER_H

#include "base/err.h"
#include "profiler/account.h"
#include "profiler/collect/plan.h"
#include "profiler/collect/sampler.h"
#include "profiler/collect/ticks.h"
#include "profiler/process/processes.h"
#include "profiler/recording.h"

struct recorder;

struct recorder_options {
	struct smolder_config config;
	enum tick_event event;
	uint32_t frequency_hz;
	uint32_t unwind_bytes;    /* see sampler_options.walk_pool_size */
	uint64_t drain_ns;        /* the rings are emptied at least that often */
	struct plan_request maps; /* wishes; rate, CPUs and depth are filled in */
	struct processes_options processes;
	struct sandbox *sandbox; /* borrowed; NULL: files are parsed in this process */
	/* Called for a descriptor of recorder_watch() that is readable. < 0 ends the run. */
	int (*on_ready)(void *ctx, int fd, struct err *err);
	/* Called after each of the kernel's windows; may be NULL. */
	void (*on_window)(void *ctx);
	/* Called for what the user should know though the recording goes on; may be NULL. */
	void (*on_warning)(void *ctx, const char *text);
	void *ctx;
};

struct recorder_moment { /* by three clocks */
	uint64_t monotonic_ns, realtime_ns, boottime_ns;
};

struct recorder_cut { /* what was gathered since the cut before */
	struct recording recording;
	struct account account;
	struct tick_account ticks;
	uint32_t frequency_hz; /* what a sample stands for is a second by this */
	struct recorder_moment begin, end;
};

int recorder_open(const struct recorder_options *options, struct recorder **ret_recorder,
		  struct err *err) _warn_unused_;
struct recorder *recorder_free(struct recorder *recorder); /* NULL is legal */

/* A negative descriptor is none. 0 or a negative errno. */
int recorder_watch(struct recorder *recorder, int fd) _warn_unused_;

int recorder_start(struct recorder *recorder, struct err *err) _warn_unused_;

/* Waits for news until the next drain or `until_ns` (CLOCK_MONOTONIC), and deals with them. */
int recorder_run_once(struct recorder *recorder, uint64_t until_ns, struct err *err) _warn_unused_;

/*
 * As ticks_set_frequency(), ticks_pause() and ticks_resume(). The kernel's maps are planned for the rate
 * that was asked for at first: a higher one may lose samples, which are counted.
 */
int recorder_set_frequency(struct recorder *recorder, uint32_t frequency_hz, struct err *err)
	_warn_unused_;
int recorder_pause(struct recorder *recorder, bool pause, struct err *err) _warn_unused_;

/*
 * As ticks_hold(): so that a cut can lie between two rates. recorder_pause(…, false) goes on.
 */
void recorder_hold(struct recorder *recorder);

/* Takes in all that has been sampled so far: recorder_recording() and recorder_account() tell of it. */
int recorder_settle(struct recorder *recorder, struct err *err) _warn_unused_;

/* When it returns, no sampling program runs or will run. */
void recorder_stop(struct recorder *recorder);

/* The caller owns the recording in it. On failure nothing is cut: the next one may have it all. */
int recorder_cut(struct recorder *recorder, struct recorder_cut *ret_cut, struct err *err)
	_warn_unused_;

/*
 * After a cut whose recording was detached (recording.h): forgets files that nobody has mapped since some
 * cuts before. Who cuts again and again would else keep all there ever were.
 */
void recorder_release(struct recorder *recorder);

/* Frees the kernel's side. What is known of processes and their files stays. */
void recorder_dismiss(struct recorder *recorder);

struct sampler *recorder_sampler(struct recorder *recorder);
struct processes *recorder_processes(struct recorder *recorder);
const struct recording *recorder_recording(
	const struct recorder *recorder);                                /* since the last cut */
const struct account *recorder_account(const struct recorder *recorder); /* likewise */
const char *recorder_event_name(const struct recorder *recorder);        /* until dismissed */
uint64_t recorder_map_bytes(const struct recorder *recorder);    /* of kernel maps; likewise */
uint64_t recorder_mapped_bytes(const struct recorder *recorder); /* of these, in our memory */

void recorder_cut_free(struct recorder_cut *cut);

static inline void recorder_cleanup_(struct recorder **recorder)
{
	recorder_free(*recorder);
}

#define _cleanup_recorder_ _cleanup_(recorder_cleanup_)

#define _cleanup_recorder_cut_ _cleanup_(recorder_cut_free)

#endif
