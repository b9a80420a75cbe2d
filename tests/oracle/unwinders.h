/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The oracles: two unwinders that others wrote, over a copied stack. */
#ifndef UNWINDERS_H
#define UNWINDERS_H

#include "bpf/walk_abi.h"
#include "tests/oracle/space.h"

enum unwound_end {
	UNWOUND_COMPLETE,   /* at the base of the stack, as it says itself */
	UNWOUND_SHORT_COPY, /* it needed more of the stack than was copied */
	UNWOUND_LOST,       /* it could not go on, for want of information */
};

struct unwound {
	uint64_t frames[WALK_FRAMES_MAX]; /* frame words of bpf/walk_abi.h, leaf first */
	uint32_t len;
	enum unwound_end end;
};

/* Adds a frame; call sites are adjusted already. False: there is no room for more. */
static inline bool unwound_push(struct unwound *unwound, const struct space *space,
				uint64_t address)
{
	unwound->frames[unwound->len++] = space_frame_word(space, address);
	return unwound->len < WALK_FRAMES_MAX;
}

/*
 * libdwfl, as perf and systemtap use it: CFI of .eh_frame and .debug_frame. One for each set of
 * mappings: it keeps what it has read. The space is borrowed for the time of a call.
 */
struct dwfl_unwinder;

int dwfl_unwinder_new(const struct space *space, struct dwfl_unwinder **ret_unwinder) _warn_unused_;
struct dwfl_unwinder *dwfl_unwinder_free(struct dwfl_unwinder *unwinder);
void dwfl_unwinder_unwind(struct dwfl_unwinder *unwinder, struct space *space,
			  struct unwound *ret_unwound);

/* libunwind, with accessors of our own. */
struct libunwind_unwinder;

int libunwind_unwinder_new(struct libunwind_unwinder **ret_unwinder) _warn_unused_;
struct libunwind_unwinder *libunwind_unwinder_free(struct libunwind_unwinder *unwinder);
void libunwind_unwinder_unwind(struct libunwind_unwinder *unwinder, struct space *space,
			       struct unwound *ret_unwound);

#endif
