/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What processes say of the code they compile at run time: /tmp/perf-PID.map below a process's own root,
 * PID being the one it knows itself by, and the jitdump files it maps. Found while the process
 * lives, held open from then on. Only regular files that belong to the process's user or to root are
 * taken, never over a symbolic link that leads out of its root. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_JIT_FILES_H
#define SMOLDER_PROFILER_PROCESS_JIT_FILES_H

#include "profiler/process/objects.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JIT_NONE 0u
#define JIT_LIST_MAX 16 /* files that jit_files_list() gives at most */

struct jit_files;

struct jit_file {
	int fd; /* belongs to the table */
	bool is_dump;
	char name[32];          /* for messages: "perf-4711.map" */
	uint64_t device, inode; /* by which it is known again */
};

/* Why there is no file. jit_lack_name() gives the ledger's word for it. */
enum jit_lack {
	JIT_NO_FILE, /* the process has written none, or was gone before we looked */
	JIT_REFUSED, /* not a regular file, or somebody else's */
	JIT_NO_ROOM, /* as many files are open, or processes followed, as may be */
	JIT_LACK_COUNT
};

struct jit_files_counters {
	uint64_t maps, dumps; /* opened */
	uint64_t refused, over_budget;
	uint64_t evicted; /* closed again, of processes that are gone, to make room */
};

int jit_files_new(struct jit_files **ret_files) _warn_unused_;
struct jit_files *jit_files_free(struct jit_files *files); /* NULL is legal; returns NULL */

/*
 * The id of a process that has, or may run, such code. `parent`: that of the process whose code it
 * inherited by fork, or JIT_NONE. JIT_NONE: there is no room. Reads /proc.
 */
uint32_t jit_files_follow(struct jit_files *files, uint32_t tgid, uint32_t parent);

/*
 * Looks for the process's perf map, if it is not held yet or another file is in its place now.
 * `tgids`: the process's nearest ancestors, by whose root it is looked for when it is gone.
 */
void jit_files_look(struct jit_files *files, uint32_t id, const uint32_t *tgids, size_t tgids_len);

/* The same for all that have no file yet and are due; with UINT64_MAX for a time, for all. */
void jit_files_poll(struct jit_files *files, uint64_t now_ns);

/* The process has mapped a file whose name is a jitdump's. */
void jit_files_see_dump(struct jit_files *files, uint32_t id,
			const struct object_sighting *sighting);
bool jit_files_is_dump_name(const char *path);

/* Samples lay in this process's code: its files are kept when it is gone. */
void jit_files_note_sample(struct jit_files *files, uint32_t id);

/* What was sampled so far has been handed over: the next sweep forgets those who are gone. */
void jit_files_forget_samples(struct jit_files *files);

/*
 * Puts the process, and those it inherited code from, with descriptors of their own into another table. Its
 * id there; JIT_NONE when there is no room. A descriptor too many is left out.
 */
uint32_t jit_files_copy(const struct jit_files *files, uint32_t id, struct jit_files *into);

/* Forgets those neither marked since the last sweep nor sampled. */
void jit_files_mark(struct jit_files *files, uint32_t id);
void jit_files_sweep(struct jit_files *files);

/*
 * The files that speak of the process's code, the most trustworthy first: jitdumps, then perf maps, each
 * the newest first, then its parent's. Returns how many; when there are none, *ret_lack says why.
 */
size_t jit_files_list(const struct jit_files *files, uint32_t id,
		      const struct jit_file *list[JIT_LIST_MAX], enum jit_lack *ret_lack);

const struct jit_files_counters *jit_files_counters(const struct jit_files *files);
const char *jit_lack_name(enum jit_lack lack);

#endif
