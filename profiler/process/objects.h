/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The object files code was seen in: each distinct one once, named by a small id that stays valid as
 * long as the table, and held open by a file descriptor from its first sight on, so that it can be
 * read after its process, its mount namespace or its directory entry is gone.
 *
 * A file is opened only if it proves to be the one that was mapped (build-id, else device and inode).
 * One that cannot be proven, or is not an ELF file, is in the table without a descriptor, with the
 * reason. Ids below OBJECT_FIRST_FILE exist from the start. Not thread-safe.
 */
#ifndef SMOLDER_PROFILER_PROCESS_OBJECTS_H
#define SMOLDER_PROFILER_PROCESS_OBJECTS_H

#include "base/err.h"
#include "profiler/process/idle_mark.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OBJECT_NONE UINT32_MAX
#define OBJECT_BUILD_ID_MAX 20 /* BUILD_ID_SIZE_MAX, include/linux/buildid.h: longest in a record */

enum object_id {
	OBJECT_ID_KERNEL = 0, /* an offset is the address */
	OBJECT_ID_VDSO = 1,   /* this machine's own: the same image in every 64-bit process */
	OBJECT_ID_VSYSCALL = 2,
	OBJECT_ID_ANON = 3, /* stands for a process's own in mappings; see objects_private() */
	OBJECT_ID_HEAP = 4,
	OBJECT_ID_STACK = 5,
	OBJECT_FIRST_FILE
};

enum object_kind {
	OBJECT_KERNEL,
	OBJECT_VDSO,
	OBJECT_FILE,
	OBJECT_ANONYMOUS, /* memory of one process without a file: an offset is the address */
	OBJECT_PROGRAM, /* code in the kernel that came while we looked: an offset is the address */
	OBJECT_SPECIAL, /* "[vsyscall]", "[uprobes]", …: has a name, holds nothing to look up */
};

/* Why a file has no descriptor. object_unpinned_name() gives the ledger's word for it. */
enum object_unpinned {
	OBJECT_PINNED,
	OBJECT_GONE,        /* process and file were gone, or out of reach, when first looked for */
	OBJECT_DENIED,      /* opening it was refused */
	OBJECT_CHANGED,     /* what is found at its path is another file now */
	OBJECT_NOT_REGULAR, /* a device, a pipe, … */
	OBJECT_NOT_ELF,
	OBJECT_OVER_BUDGET, /* as many files are open as may be */
	OBJECT_UNPINNED_COUNT
};

struct object_owner { /* whose memory it is */
	uint32_t tgid;
	uint32_t jit; /* who tells what lies there: id in struct jit_files, or JIT_NONE */
	uint64_t start_ns;
};

struct object {
	enum object_kind kind;
	enum object_unpinned unpinned; /* of kind OBJECT_FILE */
	const char *path; /* as its process sees it, without " (deleted)"; belongs to the table */
	int fd;           /* read-only; belongs to the table; -1 when there is none */
	unsigned char build_id[OBJECT_BUILD_ID_MAX];
	uint8_t build_id_len;      /* 0: has none, or unknown */
	bool deleted;              /* had no directory entry any more when it was seen */
	uint32_t root;             /* which root its path is below: objects_open_beside() */
	struct object_owner owner; /* of OBJECT_ANONYMOUS */
};

struct objects;
struct jit_files;

struct objects_options {
	uint32_t fds_max;     /* descriptors held at most; 0: half of what RLIMIT_NOFILE allows */
	uint32_t objects_max; /* 0: 65536 */
};

struct objects_counters {
	uint64_t by_map_files, by_root, by_ancestor, by_host; /* ways files were pinned */
	uint64_t unpinned[OBJECT_UNPINNED_COUNT];             /* files, by reason */
	uint64_t repinned; /* files first not found, opened through a later process */
	uint64_t over_cap; /* things that found the table full and became OBJECT_NONE */
	uint64_t released; /* things that nobody named any more */
};

/* A file as a mapping shows it. */
struct object_sighting {
	const char *path; /* may end in " (deleted)" */
	uint32_t major, minor;
	uint64_t inode; /* 0: device and inode are unknown */
	const unsigned char *build_id;
	uint8_t build_id_len;  /* 0: unknown */
	uint64_t start, limit; /* the mapping, exactly */
	const uint32_t *tgids; /* the process, then its nearest ancestors */
	size_t tgids_len;      /* at least 1 */
};

int objects_new(const struct objects_options *options, struct objects **ret_objects) _warn_unused_;
struct objects *objects_free(struct objects *objects); /* NULL is legal; closes all; returns NULL */

/*
 * The id of the file, pinned if this is its first sight, or if it had not been found before. Also takes
 * names that are no files ("[vdso]", "//anon", "[heap]", "/memfd:…", "/dev/zero (deleted)", …).
 * OBJECT_NONE when the table is full or memory ran out.
 */
uint32_t objects_see(struct objects *objects, const struct object_sighting *sighting);

/* The kernel's code of this name. OBJECT_ID_KERNEL when there is no room. */
uint32_t objects_see_program(struct objects *objects, const char *name);

/*
 * The process's own object for what a mapping shows as OBJECT_ID_ANON, _HEAP or _STACK; any other id
 * is returned as it is.
 */
uint32_t objects_private(struct objects *objects, uint32_t id, const struct object_owner *owner);

/* What processes say of the code in such memory; belongs to the table. */
struct jit_files *objects_jit_files(const struct objects *objects);

/*
 * A table of its own for these objects, with descriptors of its own, for another thread: ids[i] is
 * OBJECT_FIRST_FILE + i there, and the well-known ones are where they always are. -ENOMEM. A
 * descriptor too many is left out, and the object says so.
 */
int objects_extract(const struct objects *objects, const uint32_t *ids, size_t len,
		    struct objects **ret_objects) _warn_unused_;

/*
 * Letting go: marks name what is still in use; what has had no mark for some releases in a row
 * (IDLE_MARK_MAX) is no more, as `forget` (NULL is legal) is told before, and its id may become another's. Takes all marks off.
 */
void objects_mark(struct objects *objects, uint32_t id);
void objects_release(struct objects *objects, void (*forget)(void *ctx, uint32_t id), void *ctx);

uint32_t objects_count(const struct objects *objects); /* ids are 0 to count - 1, or free */

/* The pointer is valid until the next objects_see() or objects_private(). */
const struct object *objects_get(const struct objects *objects, uint32_t id);

uint32_t objects_fds(const struct objects *objects); /* descriptors held now */
uint32_t objects_fds_max(const struct objects *objects);
const struct objects_counters *objects_counters(const struct objects *objects);

/*
 * Opens a regular file for reading by a path as an object's process saw it, while it lived or not; what is
 * not there is looked for in our own root, too. A descriptor or -errno.
 */
int objects_open_beside(const struct objects *objects, uint32_t id, const char *path);

/* The name to put before "+0x1234": the path's last component, or "[anon]" and the like whole. */
const char *object_basename(const struct object *object);

const char *object_unpinned_name(enum object_unpinned unpinned);

#endif
