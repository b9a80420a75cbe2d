/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * jitdump files: what a run-time compiler has compiled, when, where, and from which lines, as binary
 * records that it appends (tools/perf/Documentation/jitdump-specification.txt in Linux). The machine
 * code itself, most of such a file, is passed over.
 */
#ifndef SMOLDER_SYMBOLIZE_JITDUMP_H
#define SMOLDER_SYMBOLIZE_JITDUMP_H

#include "symbolize/live_code.h"

#include <stdbool.h>
#include <stdint.h>

struct jitdump { /* how far a file has been read; all zero: not at all */
	uint64_t offset;
	bool is_timeless; /* its times are a processor's, not CLOCK_MONOTONIC's */
	size_t lost_cnt;  /* records that contradict themselves, or are over a cap */
};

/* Does the file begin as a jitdump of this machine's byte order does? */
bool jitdump_is(int fd);

/*
 * Adds the records that were written since the last time, whole ones only. Of a file that is shorter
 * now the new contents are read from the beginning. 0, -ENOEXEC (not a jitdump, or of another version
 * or byte order), -ENOMEM, or a negative errno of reading.
 */
int jitdump_read(int fd, struct jitdump *dump, struct live_code *code) _warn_unused_;

#endif
