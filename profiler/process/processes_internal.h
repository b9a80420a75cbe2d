/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the files of struct processes share:
 *	processes.c      the door: making, draining, forgetting, labels
 *	process_news.c   one record or event → lives, images, mappings
 *	process_scan.c   /proc → the same: the snapshot, and second looks
 *	process_place.c  (task, address) → (object, offset)
 *	process_text.c   code that was copied from a file into memory
 *	process_jit.c    who tells what code a process has compiled
 */
#ifndef SMOLDER_PROFILER_PROCESS_PROCESSES_INTERNAL_H
#define SMOLDER_PROFILER_PROCESS_PROCESSES_INTERNAL_H

#include "profiler/process/kernel_programs.h"
#include "profiler/process/lives.h"
#include "profiler/process/memory_compare.h"
#include "profiler/process/processes.h"
#include "profiler/process/procfs.h"

#include <sys/resource.h>

#define ANCESTORS_MAX 4u
#define CHANGED_MAX 4096u

struct processes {
	struct lives lives;
	struct objects *objects;
	struct containers *containers;
	struct kernel_programs programs;
	struct sideband *sideband; /* NULL: not open */
	uint64_t sideband_budget_len;
	uint64_t corrupt_seen;
	uint64_t lost_ns;                 /* records from before this time may be missing */
	VEC(struct smolder_event) events; /* by time, from events_at on */
	size_t events_at;
	struct memory_compare compare;
	VEC(uint32_t) changed; /* tgids; see processes_take_changed() */
	struct buf text;       /* of the /proc file being read */
	struct rlimit nofile;
	struct processes_counters counters;
	char comm[SMOLDER_COMM_LEN]; /* answer of processes_comm() */
};

/* May records about this image have been lost? */
static inline bool image_is_doubtful(const struct processes *processes, const struct image *image)
{
	return image->verified_ns < processes->lost_ns;
}

/* process_news.c */
void processes_apply_record(struct processes *processes, const struct sideband_record *record);
void processes_apply_event(struct processes *processes, const struct smolder_event *event);

/* process_scan.c. Puts one executable mapping into an image whose mappings are its own. */
void processes_map(struct processes *processes, struct mappings *mappings,
		   const struct mapping *mapping);

/* The object a file mapped by this process is; pins it. */
uint32_t processes_see(struct processes *processes, const struct life *life,
		       struct object_sighting *sighting);

/*
 * Reads the living process's mappings again, if it is time to. `exec_gen`: the image wanted. True when
 * the current image is that one and has just been read. Moves images.
 */
bool processes_reread(struct processes *processes, struct life *life, uint32_t exec_gen);

/* A life for a process nothing is known of, from /proc; NULL when there is none, or not this one. */
struct life *processes_discover(struct processes *processes, const struct smolder_task *task);

/* Finds out which life this is, the side band having told nothing of its start: the task's, or NULL. */
struct life *processes_identify(struct processes *processes, struct life *life,
				const struct smolder_task *task);

/* The tgids of the process's nearest ancestors, its parent first; returns how many. */
size_t processes_ancestors(struct processes *processes, const struct life *life,
			   uint32_t ret_tgids[ANCESTORS_MAX]);

/*
 * process_text.c. Programs that want huge pages under their code copy it into memory without a file, at the same
 * addresses: the mapping becomes one of the file that was or is mapped there or beside, if that has the same bytes.
 */
void processes_see_copied_text(struct processes *processes, const struct life *life,
			       const struct mappings *mappings, struct mapping *mapping);

/*
 * process_jit.c. The image has this executable mapping: if it is memory without a file, or a jitdump,
 * what tells of the code there is looked for.
 */
void processes_see_jit(struct processes *processes, const struct life *life, struct image *image,
		       const struct mapping *mapping);
void processes_see_jits(struct processes *processes, const struct life *life,
			struct image *image); /* all it has */

/* objects_private() for this image of the process; NULL: which one it was is not known. */
uint32_t processes_private(struct processes *processes, const struct life *life,
			   struct image *image, uint32_t object);

/* The process has just exited. */
void processes_end_jit(struct processes *processes, const struct life *life);

/* Gives back what is held of processes that are forgotten, and were never sampled in such code. */
void processes_forget_jit(struct processes *processes);

/* Is news of an exec of this process on its way, not applied yet? */
bool processes_exec_is_pending(struct processes *processes, uint32_t tgid);

#endif
