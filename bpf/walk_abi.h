/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Walking user stacks by unwind tables: what the walker reads (mapping sets, beside the tables of
 * unwind_abi.h in one pool) and what it says (frame words and how the walk ended).
 *
 * Nothing in the pool changes while a program may read it: user space writes a table or a mapping set into
 * free memory, then makes the map entry that leads there, and reuses memory only after it has taken
 * that entry away and waited for all running programs to end.
 */
#ifndef SMOLDER_BPF_WALK_ABI_H
#define SMOLDER_BPF_WALK_ABI_H

#include "bpf/abi.h"
#include "bpf/unwind_abi.h"

#define WALK_FRAMES_MAX 1024 /* the most that can be asked for */
#define WALK_FRAMES_DEFAULT 512
#define WALK_MAPPINGS_MAX 4096       /* executable mappings of a process */
#define WALK_MAPPING_SEARCH_STEPS 12 /* log2 of it */
#define WALK_OBJECTS_MAX 16384       /* tables in the pool */
#define WALK_PROCESSES_MAX 32768
#define WALK_NO_TABLE 0xffffffffu      /* the object has no unwind information */
#define WALK_TABLE_NO_ROOM 0xfffffffeu /* it has, but the pool has no room for it */
#define WALK_TABLE_BROKEN 0xfffffffdu  /* it has, but whoever was to read it died of it */
#define WALK_POOL_SLACK                                                                            \
	64 /* bytes a pool has beyond its size: loads are wider than an index is fine */

/*
 * A frame as it leaves the kernel. A call site is already adjusted by -1.
 *   bit  63     0: bits 47-62 are the object's id, bits 0-46 the offset in its file (the address itself
 *                  where there is no file)
 *               1: bits 0-46 are an address outside all known mappings
 * User addresses are below 2^47; with five-level paging, programs that ask for more are not walked.
 */
#define WALK_OFFSET_BITS 47
#define WALK_OFFSET_MASK ((1ull << WALK_OFFSET_BITS) - 1)
#define WALK_OBJECT_ID_MAX 0xffffu
#define WALK_UNPLACED (1ull << 63)

/* Objects below are the kernel's own; up to the last of these, memory without a file; then files. */
#define WALK_OBJECT_MEMORY_FIRST 3
#define WALK_OBJECT_MEMORY_LAST 5

/* One executable mapping. Its start is in the set's array of starts. */
struct walk_mapping {
	__u64 limit;
	__u64 table_bias; /* address - table_bias: the address the table speaks of */
	__u64 file_bias;  /* address - file_bias: the offset in the file */
	__u32 object;     /* id, for frame words */
	__u32 table;      /* position in map "walk_objects", or one of WALK_NO_TABLE, … */
};

/*
 * The executable mappings of an address space, shared by all processes in which they are the same.
 * In the pool: this head, then __u64 starts[len], ascending, then struct walk_mapping [len].
 */
struct walk_mapset {
	__u32 id;  /* as in struct walk_process: a torn read of that is noticed */
	__u32 len; /* 1 to WALK_MAPPINGS_MAX */
};

/* Value of map "walk_processes", by tgid. Valid for this image of this process only. */
struct walk_process {
	__u64 start_ns;
	__u32 exec_gen;
	__u32 mapset_id;
	__u32 mapset_off; /* in the pool */
	__u32 flags;      /* WALK_PROCESS_* */
	/* What has not changed since then is as the mapping set has it; the programs renew it at fork. */
	struct smolder_space space;
};

/* Copies of this process's stacks did not help: its mappings are known, its stacks lead elsewhere. */
#define WALK_PROCESS_NO_COPIES 0x1
/* Its code changes so often that for a while no more copies are made for that reason. */
#define WALK_PROCESS_RESTLESS 0x2

/* How a walk ended. WALK_COMPLETE: at the base of the stack; all others: before. */
enum walk_end {
	WALK_RUNNING = 0,
	WALK_COMPLETE,
	WALK_DEPTH,         /* as many frames as may be */
	WALK_NO_PROCESS,    /* the process's mappings are not known yet */
	WALK_UNMAPPED,      /* an address in no known mapping */
	WALK_NO_INFO,       /* no unwind information and no frame pointer to go by */
	WALK_NO_ROOM,       /* the object's table found the pool full */
	WALK_BROKEN,        /* the object's table could not be built: its worker failed */
	WALK_UNSUPPORTED,   /* unwind information that no rule can say */
	WALK_UNREADABLE,    /* stack memory that cannot be read now */
	WALK_BAD_FRAME,     /* a frame that does not lie above the last: corrupt, or misread */
	WALK_FP_LOST,       /* a rule needs the frame pointer, which a callee did not keep */
	WALK_REGISTER_LOST, /* a rule needs a register known only in a leaf */
	WALK_COMPAT,        /* 32-bit code */
	WALK_SHORT_COPY,    /* of a copied stack: more than was copied */
	WALK_CHANGED,     /* the mapping has changed since the process's mappings were published */
	WALK_CHAIN_ENDED, /* by frame pointers alone: their chain ended, wherever that was */
	WALK_END_CNT
};

_Static_assert(sizeof(struct walk_mapping) == 32, "walk abi");
_Static_assert(sizeof(struct walk_mapset) == 8, "walk abi");
_Static_assert(sizeof(struct walk_process) == 32, "walk abi");
_Static_assert(1 << WALK_MAPPING_SEARCH_STEPS >= WALK_MAPPINGS_MAX, "walk abi");

#endif
