/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The words between us and a worker: packets on a socket of type SOCK_SEQPACKET, each a kind, bytes, and
 * sometimes a descriptor. Both ends are the same program, so numbers are the machine's own; but what a
 * worker says may be anything, and whoever reads it checks it.
 *
 * The worker speaks first (READY), then answers what it is asked: any number of BYTES, then one END. In
 * between it may want files, each of which is answered by one FILE.
 */
#ifndef SMOLDER_SANDBOX_WORKER_CHANNEL_H
#define SMOLDER_SANDBOX_WORKER_CHANNEL_H

#include "base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

#define WORKER_FD 3 /* the worker's, or the zygote's, end of the socket */
#define WORKER_PACKET_MAX ((size_t)64 * 1024)
#define WORKER_PATH_MAX 4096 /* with its NUL: of a path that is wanted */

enum worker_kind {
	/* to the zygote (worker_zygote.h), which says READY, too */
	WORKER_FORK, /* a worker's end of its socket; answered by FORKED */
	/* from the zygote */
	WORKER_FORKED, /* int32_t: the worker's number, or -errno */
	/* to the worker */
	WORKER_OPEN, /* the object that all LOOKUPs are of: struct worker_open, two paths; its file */
	WORKER_LOOKUP, /* struct worker_lookup; answered by worker_answers.h, END by an about */
	WORKER_SAVE,   /* no more LOOKUPs will come; struct worker_save; answered by END alone */
	WORKER_TABLE,  /* the unwind table of a file; answered by worker_table.h */
	WORKER_FILE,   /* int32_t: 0 and the file, or -errno */
	/* from the worker */
	WORKER_READY, /* uint32_t: set of enum worker_right that it has given up */
	WORKER_BYTES,
	WORKER_END,         /* int32_t: 0 or -errno; then what the answer ends with */
	WORKER_WANT_HOST,   /* a path below the debug directory */
	WORKER_WANT_BESIDE, /* a path beside the object's */
	WORKER_WANT_INDEX,  /* the object's file of the cache */
	WORKER_INDEX,       /* the next bytes of it; none: these were all. Not answered */
	WORKER_KIND_CNT
};

struct worker_open {
	uint64_t jit_time_ns; /* as of symbolizer_add_jit() */
	uint32_t no_dwarf, no_demangle, has_cache;
	uint32_t is_jit;   /* the file is a perf map or a jitdump */
	uint32_t path_len; /* of the object's path; that of the debug directory is behind it */
};

struct worker_save {
	uint64_t complete_ns; /* of CPU, for what was not asked for: see symbolizer_complete() */
};

#define WORKER_OFFSETS_MAX 8000

struct worker_lookup {
	uint32_t by_address; /* offsets are addresses of the ELF file */
	uint32_t len;
	uint64_t offsets[WORKER_OFFSETS_MAX];
};

/* A packet that was received. */
struct worker_packet {
	uint32_t kind; /* below WORKER_KIND_CNT */
	int fd;        /* that came with it: the receiver's to close; -1: none */
	size_t len;
	unsigned char bytes[WORKER_PACKET_MAX];
};

struct worker_message { /* to be sent */
	enum worker_kind kind;
	int fd; /* borrowed; -1: none */
	const void *bytes;
	size_t len; /* up to WORKER_PACKET_MAX */
};

/* 0 or -errno; flags as of sendmsg(2). */
int worker_channel_send(int channel, const struct worker_message *message, int flags) _warn_unused_;

/* 0, -EPIPE (the other end is gone), -EBADMSG (no packet of ours) or -errno. */
int worker_channel_receive(int channel, struct worker_packet *ret_packet) _warn_unused_;

#endif
