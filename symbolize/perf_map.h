/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Perf maps: the text files by which run-time compilers tell profilers where their code is, one line
 * "START SIZE NAME" a function, both numbers hexadecimal (tools/perf/Documentation/jit-interface.txt in
 * Linux). The process appends to its file as it compiles, or writes it anew now and then.
 */
#ifndef SMOLDER_SYMBOLIZE_PERF_MAP_H
#define SMOLDER_SYMBOLIZE_PERF_MAP_H

#include "symbolize/live_code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PERF_MAP_LEN_MAX ((uint64_t)256 << 20) /* what is read of a file */
#define PERF_MAP_TAIL_LEN 64

struct perf_map { /* how far a file has been read; all zero: not at all */
	uint64_t offset;
	char tail[PERF_MAP_TAIL_LEN]; /* the bytes before the offset */
	bool is_cut;                  /* there is more than PERF_MAP_LEN_MAX */
};

/*
 * Adds what was written since the last time: whole lines only. A file that is shorter now, or has
 * other bytes where the last ones were, was written anew and is read from its beginning; what it said
 * before stays, as the earlier word. 0 or a negative errno of reading; -ENOMEM. Lines that make no
 * sense are passed over.
 */
int perf_map_read(int fd, struct perf_map *map, struct live_code *code) _warn_unused_;

#endif
