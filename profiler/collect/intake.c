// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/intake.h"

#include <string.h>

static const uint64_t *frames_of(const struct smolder_record *record)
{
	return (const uint64_t *)(record + 1);
}

static int take_stack(struct window *window, const struct smolder_record *record)
{
	struct window_stack stack = {
		.name = record->name,
		.len = record->user_len,
		.user_walked = record->user_walked,
		.walk_end = record->walk_end,
	};
	int r = window_add_addresses(window, frames_of(record), record->user_len, &stack.off);

	return r < 0 ? r : window_add_stack(window, &stack);
}

static int take_exact(struct window *window, const struct smolder_record *record)
{
	const uint64_t *frames = frames_of(record);
	struct window_sample sample = {
		.key = record->key,
		.count = 1,
		.user_len = record->user_len,
		.kernel_len = record->kernel_len,
		.user_walked = record->user_walked,
		.walk_end = record->walk_end,
	};
	int r = window_add_addresses(window, frames, record->user_len, &sample.user_off);

	if (r == 0)
		r = window_add_addresses(window, frames + record->user_len, record->kernel_len,
					 &sample.kernel_off);
	return r < 0 ? r : vec_push(&window->samples, sample);
}

/* More than a window may hold: the sample counts all the same, only its stack is lost. */
static uint32_t affordable(const struct window *window, uint32_t len)
{
	size_t max = window->memory.max_len;

	return max && window->memory.len + len > max ? 0 : len;
}

/* Bytes of all its pages, but for absent ones at the end. */
static uint32_t len_of_pages(const struct smolder_copy *copy)
{
	uint64_t cnt = copy->runs[0].page_cnt + copy->runs[1].page_cnt;

	while (cnt && copy->absent >> (cnt - 1) & 1)
		cnt--;
	return (uint32_t)cnt * SMOLDER_PAGE;
}

static int take_memory(struct window *window, const struct smolder_copy *from)
{
	struct window_copy copy = {
		.time_ns = from->time_ns,
		.call_site = from->call_site,
		.absent = from->absent,
		.memory_off = (uint32_t)window->memory.len,
		.memory_len = affordable(window, len_of_pages(from)),
	};

	memcpy(copy.registers, from->registers, sizeof(copy.registers));
	memcpy(copy.runs, from->runs, sizeof(copy.runs));
	buf_append(&window->memory, from + 1, copy.memory_len);
	if (buf_error(&window->memory))
		return buf_error(&window->memory);
	return vec_push(&window->copies, copy);
}

static int take_copy(struct window *window, const struct smolder_copy *from)
{
	struct window_sample sample = {
		.key = from->head.key,
		.count = 1,
		.kernel_len = from->head.kernel_len,
		.user_walked = true,
	};
	int r = window_add_addresses(window, (const uint64_t *)from->kernel, sample.kernel_len,
				     &sample.kernel_off);

	if (r == 0)
		r = take_memory(window, from);
	sample.copy = (uint32_t)window->copies.len;
	return r < 0 ? r : vec_push(&window->samples, sample);
}

/* A stack that is not taken in makes its samples' ids name nothing; they are counted then. */
void intake_record(struct window *window, const struct smolder_record *record)
{
	switch (record->type) {
	case SMOLDER_RECORD_STACK:
		window->stacks_taken++;
		(void)!take_stack(window, record);
		break;
	case SMOLDER_RECORD_EXACT:
		window->exact_taken++;
		window->no_memory += take_exact(window, record) < 0;
		break;
	case SMOLDER_RECORD_COPY:
		window->exact_taken++;
		window->no_memory += take_copy(window, (const struct smolder_copy *)record) < 0;
		break;
	}
}
