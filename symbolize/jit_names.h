/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What one file says of the code that a process compiled at run time: a perf map, or a jitdump. */
#ifndef SMOLDER_SYMBOLIZE_JIT_NAMES_H
#define SMOLDER_SYMBOLIZE_JIT_NAMES_H

#include "symbolize/jitdump.h"
#include "symbolize/live_code.h"
#include "symbolize/perf_map.h"

struct jit_names {
	int fd; /* owned */
	bool is_dump;
	struct perf_map map;
	struct jitdump dump;
	struct live_code code;
};

/*
 * Takes the descriptor over, on success, and reads all there is. 0, -ENOEXEC (a jitdump we cannot
 * read), -ENOMEM, or a negative errno of reading. What does not begin as a jitdump is a perf map.
 */
int jit_names_open(int fd, struct jit_names *ret_names) _warn_unused_;

/* Reads what was written since. As jit_names_open(); what is known already stays known. */
int jit_names_update(struct jit_names *names) _warn_unused_;

/* Functions and lines that the file has and we do not know, for our caps or its errors. */
size_t jit_names_lost(const struct jit_names *names);

void jit_names_close(struct jit_names *names);

#endif
