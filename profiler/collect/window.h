/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A closed window: everything sampled between two flips of the epoch, raw. Addresses, not names;
 * plain memory that nobody else writes any more, handed over whole.
 */
#ifndef SMOLDER_COLLECT_WINDOW_H
#define SMOLDER_COLLECT_WINDOW_H

#include "base/vec.h"
#include "bpf/abi.h"

#include <stdint.h>

struct window_sample {
	struct smolder_key key; /* its stack ids mean nothing outside the collector */
	uint64_t count;
	uint32_t kernel_off, kernel_len; /* into window.addresses, leaf first */
	uint32_t user_off, user_len;
};

struct window {
	VEC(struct window_sample) samples;
	VEC(uint64_t) addresses;
	uint64_t stats[SMOLDER_STAT_COUNT]; /* of this window, all CPUs together */
	uint64_t stack_missing; /* samples whose stack id named nothing; not among `samples` */
	uint64_t no_memory;     /* samples for which user space had no memory; likewise */
};

/* Forgets the contents, keeps the memory. */
void window_clear(struct window *window);

void window_free(struct window *window);

/* Appends `len` addresses; their position in *ret_off. 0 or -ENOMEM. */
int window_add_addresses(struct window *window, const uint64_t *addresses, uint32_t len,
			 uint32_t *ret_off) _warn_unused_;

#endif
