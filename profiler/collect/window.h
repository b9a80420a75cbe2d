/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A closed window: everything sampled between two flips of the epoch, raw. Addresses, not names;
 * plain memory that nobody else writes any more, handed over whole.
 */
#ifndef SMOLDER_COLLECT_WINDOW_H
#define SMOLDER_COLLECT_WINDOW_H

#include "base/buf.h"
#include "base/hashindex.h"
#include "base/vec.h"
#include "bpf/abi.h"
#include "bpf/unwind_abi.h"

#include <stdbool.h>
#include <stdint.h>

struct window_sample {
	struct smolder_key key; /* its stack id and name mean nothing outside the collector */
	uint64_t count;
	uint32_t kernel_off, kernel_len; /* into window.addresses, leaf first */
	uint32_t user_off, user_len;
	bool user_walked;  /* user frames are frame words of bpf/walk_abi.h, not addresses */
	uint32_t walk_end; /* enum walk_end */
	uint32_t copy;     /* 1 + position in window.copies; then there are no user frames yet */
	uint64_t since_ns; /* of one that was put off: see window_put_off(); else 0 */
};

struct window_copy {      /* the user stack of one sample, to be walked yet */
	uint64_t time_ns; /* CLOCK_BOOTTIME */
	uint64_t registers[UNWIND_REGISTER_CNT];
	uint32_t call_site;
	uint32_t absent; /* as in struct smolder_copy */
	struct smolder_run runs[SMOLDER_RUNS];
	uint32_t memory_off, memory_len; /* into window.memory; may end before the runs do */
};

struct window_stack { /* a walked stack */
	struct smolder_stack_name name;
	uint32_t off, len; /* into window.addresses */
	bool user_walked;  /* as in struct window_sample */
	uint32_t walk_end;
};

struct window {
	VEC(struct window_sample) samples;
	VEC(uint64_t) addresses;
	VEC(struct window_copy) copies;
	struct buf memory;
	VEC(struct window_stack) stacks;
	struct hashindex stacks_by_name;
	uint64_t exact_taken, stacks_taken; /* records that arrived: samples; walked stacks */
	uint64_t stats[SMOLDER_STAT_COUNT]; /* of this window, all CPUs together */
	uint64_t stack_missing; /* samples whose stack id named nothing; not among `samples` */
	uint64_t no_memory;     /* samples for which user space had no memory; likewise */
};

/* Forgets the contents, keeps the memory, but for large copies of stacks. */
void window_clear(struct window *window);

void window_free(struct window *window);

/* Appends `len` addresses; their position in *ret_off. 0 or -ENOMEM. */
int window_add_addresses(struct window *window, const uint64_t *addresses, uint32_t len,
			 uint32_t *ret_off) _warn_unused_;

/*
 * Takes over from another window a sample that came as a copy, with its kernel stack and its memory. `since_ns`
 * becomes its own, unless it was put off before. 0, -EFBIG (more than `memory.max_len`) or -ENOMEM.
 */
int window_put_off(struct window *window, const struct window *from,
		   const struct window_sample *sample, uint64_t since_ns) _warn_unused_;

/* Makes a walked stack known. One that is known already is no error. */
int window_add_stack(struct window *window, const struct window_stack *stack) _warn_unused_;

/* The walked stack of this name, or NULL. */
const struct window_stack *window_find_stack(const struct window *window,
					     const struct smolder_stack_name *name);

#endif
