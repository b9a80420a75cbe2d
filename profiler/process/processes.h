/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Who and where: which process a sample came from, and which file, at which offset, each of its user
 * addresses lay in. Learns from three sources: the perf side band (mappings, execs, forks), the kernel
 * side's process events (exact start times, exec generations, exits), and /proc, once at the start and
 * for what the other two miss.
 *
 * Order of calls, all from one thread:
 *	processes_new()
 *	processes_open_sideband()	before processes_snapshot(), or something falls between the two
 *	processes_snapshot()
 *	every 100 ms or so, and when processes_poll_fd() is readable:
 *		processes_handle_event() for what ring "events" holds, then processes_drain()
 *	at the end of a window: the same again, after the window's last sample was taken, and
 *		processes_settle(); then
 *		processes_normalize() and processes_labels() for its samples, then
 *		processes_forget_before(the time the window ended)
 *
 * An answer is about the very process, and the very image of it, that the sample names, or it is a
 * reason; never another one's. Pids must be those of the initial pid namespace.
 */
#ifndef SMOLDER_PROFILER_PROCESS_PROCESSES_H
#define SMOLDER_PROFILER_PROCESS_PROCESSES_H

#include "base/err.h"
#include "bpf/abi.h"
#include "profiler/process/container.h"
#include "profiler/process/mappings.h"
#include "profiler/process/objects.h"
#include "profiler/process/sideband.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct processes;

struct processes_options {            /* all zero: the defaults */
	uint64_t sideband_budget_len; /* bytes of all side-band rings together; 0: 16 MiB */
	uint32_t lives_max;           /* processes kept, dead ones included; 0: 65536 */
	struct objects_options objects;
};

/* Why an address has no place in a file. place_reason_name() gives the ledger's word for it. */
enum place_reason {
	PLACE_OK,
	PLACE_ANONYMOUS,       /* executable memory without a file: `object` is of that kind */
	PLACE_UNKNOWN_PROCESS, /* nothing is known of this process */
	PLACE_UNKNOWN_IMAGE, /* the process is known, this image (between two execs) of it is not */
	PLACE_UNMAPPED,      /* no executable mapping of the process holds the address */
	PLACE_NO_ROOM,       /* a cap of ours was reached */
	PLACE_CHANGED,       /* which of the mappings that were there in turn is not known */
	PLACE_REASON_COUNT
};

struct place {
	enum place_reason reason;
	uint32_t object; /* valid with PLACE_OK and PLACE_ANONYMOUS; else OBJECT_NONE */
	uint64_t offset; /* in the object's file; the address itself with all other reasons */
};

struct processes_counters {
	struct sideband_counters sideband;
	uint64_t forks, execs, exits, mmaps; /* of processes, not threads; mappings learned */
	uint64_t events;                     /* given to processes_handle_event() */
	uint64_t events_dropped;             /* of these, for want of memory */
	uint64_t snapshot_processes, snapshot_unreadable, snapshot_ns;
	uint32_t lives, lives_dead;          /* known now; of these, exited */
	uint64_t lives_over_cap;             /* dead processes forgotten early, for want of room */
	uint64_t images_over_cap;            /* earlier images of a process forgotten early */
	uint64_t mappings_over_cap;          /* mappings not kept */
	uint64_t programs_over_cap;          /* programs in the kernel not kept */
	uint64_t rereads;                    /* of /proc/PID/maps on a miss */
	uint64_t rereads_useful;             /* of these, the address was there */
	uint64_t rereads_raced;              /* of these, the process changed meanwhile: not used */
	uint64_t rereads_put_off;            /* misses not looked up again so soon */
	uint64_t places[PLACE_REASON_COUNT]; /* answers of processes_normalize() */
	uint64_t during_exec; /* of these, in the image the process was just leaving */
	uint64_t ambiguous; /* of these PLACE_OK, the address was another file's a moment before */
	uint64_t no_memory; /* facts dropped because memory ran out */
	bool foreign_pid_namespace; /* we are not in the initial one: pids will not match */
};

/* Raises RLIMIT_NOFILE's soft limit to the hard one; see processes_restore_limits(). */
int processes_new(const struct processes_options *options, struct processes **ret_processes,
		  struct err *err) _warn_unused_;
struct processes *processes_free(struct processes *processes); /* NULL is legal; returns NULL */

/* For a child about to become the profiled command: RLIMIT_NOFILE as we found it. */
void processes_restore_limits(const struct processes *processes);

/* Without privileges for it: -EACCES or -EPERM. The tracker then works from /proc alone. */
int processes_open_sideband(struct processes *processes, struct err *err) _warn_unused_;

/* All processes of /proc, or one. One that vanishes meanwhile is no error. */
int processes_snapshot(struct processes *processes, struct err *err) _warn_unused_;
int processes_snapshot_one(struct processes *processes, uint32_t tgid, struct err *err)
	_warn_unused_;

/* CPU hotplug. CPUs that are followed already may be named again. */
int processes_cpu_online(struct processes *processes, unsigned int cpu, struct err *err)
	_warn_unused_;
void processes_cpu_offline(struct processes *processes, unsigned int cpu);

/* Readable when processes_drain() should not wait any longer; -1 without a side band. */
int processes_poll_fd(const struct processes *processes);

/* Takes note of an event; it takes effect in processes_drain(), in the order of time stamps. */
void processes_handle_event(struct processes *processes, const struct smolder_event *event);

/* Applies all news up to now, and pins the files they tell of. Does file I/O, on new files only. */
void processes_drain(struct processes *processes);

/*
 * At the end of a window: looks once more for what its processes say of code they compiled, which they
 * may have written anew, or only now.
 */
void processes_settle(struct processes *processes);

/*
 * Where a user-space address of this process lies. For all but the leaf of a stack, give the return
 * address minus 1: the call, not what follows it. Always answers. May read /proc/PID/maps when the
 * address is unknown and the process lives, but seldom for one process.
 */
void processes_normalize(struct processes *processes, const struct smolder_task *task,
			 uint64_t address, struct place *ret_place);

/* The object that holds an address of the kernel: OBJECT_ID_KERNEL, or a program that came or went. */
uint32_t processes_kernel_object(const struct processes *processes, uint64_t address);

/*
 * The same for a frame whose object, as a mapping has it, and offset are known from a walk by mappings:
 * completes the place.
 */
void processes_place(struct processes *processes, const struct smolder_task *task,
		     struct place *place);

/*
 * The executable mappings of this image of this process and when they last changed (CLOCK_BOOTTIME),
 * or NULL when they are unknown. Valid until the next call of any.
 */
const struct mappings *processes_mappings(struct processes *processes,
					  const struct smolder_task *task,
					  uint64_t *ret_changed_ns);

/*
 * A reference to the mappings as they were at that time: see mappings_at(). -ESRCH: this image of this process is
 * not known.
 */
int processes_mappings_at(struct processes *processes, const struct smolder_task *task,
			  uint64_t time_ns, struct mappings **ret_mappings) _warn_unused_;

/*
 * A process whose mappings have changed since this was last asked; each maybe several times. False: no more, or
 * none that was noted, as only so many are.
 */
bool processes_take_changed(struct processes *processes, uint32_t *ret_tgid);

/* Is the process known, and not known to have exited? */
bool processes_is_alive(struct processes *processes, const struct smolder_task *task);

/*
 * Lets go of objects that no process, living or dead and not forgotten, has mapped for a while, nor anybody has
 * marked: see objects_release(); and of control groups that nobody has been seen in: see containers_release().
 * Only while no place and no label that was given out is in use any more.
 */
void processes_mark_object(struct processes *processes, uint32_t object);
void processes_release(struct processes *processes, void (*forget)(void *ctx, uint32_t object),
		       void *ctx);

/* The process's name (its main thread's), or "" when unknown; valid until the next call of any. */
const char *processes_comm(struct processes *processes, const struct smolder_task *task);

/* Control group and container; both "" when unknown. May read /proc/PID/cgroup, once per image. */
void processes_labels(struct processes *processes, const struct smolder_task *task,
		      uint64_t cgroup_id, struct container_labels *ret_labels);

/* Forgets processes that exited, and images that ended, before this time (CLOCK_BOOTTIME). */
void processes_forget_before(struct processes *processes, uint64_t time_ns);

const struct objects *processes_objects(const struct processes *processes);
void processes_counters(const struct processes *processes, struct processes_counters *ret_counters);
const struct objects_counters *processes_objects_counters(const struct processes *processes);
const struct containers_counters *processes_containers_counters(const struct processes *processes);

const char *place_reason_name(enum place_reason reason);

static inline void processes_cleanup_(struct processes **processes)
{
	processes_free(*processes);
}

#define _cleanup_processes_ _cleanup_(processes_cleanup_)

#endif
