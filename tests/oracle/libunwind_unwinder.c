// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "tests/oracle/libunwind_view.h"
#include "tests/oracle/unwinders.h"

#include <errno.h>
#include <libunwind.h>

struct libunwind_unwinder {
	unw_addr_space_t accessors;
};

struct sample_view {
	struct libunwind_view view;
	struct space *space;
};

static bool find_module_table(struct libunwind_view *view, uint64_t address,
			      struct search_table *ret_table)
{
	const struct module *module = space_module(((struct sample_view *)view)->space, address);

	if (!module || !search_table_find(module->image, module->bias, ret_table))
		return false;
	ret_table->start = module->start;
	ret_table->limit = module->limit;
	return true;
}

static bool read_sample_word(struct libunwind_view *view, uint64_t address, uint64_t *ret_word)
{
	return space_read(((struct sample_view *)view)->space, address, ret_word);
}

int libunwind_unwinder_new(struct libunwind_unwinder **ret_unwinder)
{
	struct libunwind_unwinder *unwinder = calloc(1, sizeof(*unwinder));

	if (!unwinder)
		return -ENOMEM;
	unwinder->accessors = libunwind_view_space();
	if (!unwinder->accessors) {
		free(unwinder);
		return -ENOMEM;
	}
	*ret_unwinder = unwinder;
	return 0;
}

struct libunwind_unwinder *libunwind_unwinder_free(struct libunwind_unwinder *unwinder)
{
	if (unwinder)
		unw_destroy_addr_space(unwinder->accessors);
	free(unwinder);
	return NULL;
}

/*
 * Frames from the cursor's on. Returns what the last step said: 0 at the base, else an error. Without
 * unwind information libunwind would guess, and call the end of its guesses a base.
 */
static int take_frames(unw_cursor_t *cursor, struct sample_view *sample, struct unwound *unwound)
{
	int r = 1;

	while (r > 0) {
		/* What libunwind calls a signal frame is the one that was interrupted. */
		bool is_call = unwound->len && unw_is_signal_frame(cursor) <= 0;
		unw_word_t ip;

		if (unw_get_reg(cursor, UNW_REG_IP, &ip) < 0)
			return -UNW_EBADREG;
		if (!ip) /* nobody's caller */
			return 0;
		if (!unwound_push(unwound, sample->space, ip - is_call))
			return -UNW_ENOMEM;
		sample->view.no_info = false;
		r = unw_step(cursor);
		if (sample->view.no_info)
			return -UNW_ENOINFO;
	}
	return r;
}

void libunwind_unwinder_unwind(struct libunwind_unwinder *unwinder, struct space *space,
			       struct unwound *ret_unwound)
{
	struct sample_view sample = {
		.view = {.registers = space->sample->registers,
			 .read_word = read_sample_word,
			 .find_table = find_module_table},
		.space = space,
	};
	unw_cursor_t cursor;
	int r;

	space->unread = false;
	ret_unwound->len = 0;
	r = unw_init_remote(&cursor, unwinder->accessors, &sample);
	if (r == 0)
		r = take_frames(&cursor, &sample, ret_unwound);
	if (r == 0)
		ret_unwound->end = UNWOUND_COMPLETE;
	else
		ret_unwound->end = space->unread ? UNWOUND_SHORT_COPY : UNWOUND_LOST;
}
