// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/window.h"

#include <errno.h>
#include <string.h>

/* Of copied stacks; more is given back. */
#define MEMORY_KEPT ((size_t)1 << 20)

void window_clear(struct window *window)
{
	window->samples.len = 0;
	window->addresses.len = 0;
	window->copies.len = 0;
	if (window->memory.cap > MEMORY_KEPT)
		buf_free(&window->memory);
	buf_clear(&window->memory);
	window->stacks.len = 0;
	hashindex_clear(&window->stacks_by_name);
	window->exact_taken = 0;
	window->stacks_taken = 0;
	memset(window->stats, 0, sizeof(window->stats));
	window->stack_missing = 0;
	window->no_memory = 0;
}

void window_free(struct window *window)
{
	vec_free(&window->samples);
	vec_free(&window->addresses);
	vec_free(&window->copies);
	buf_free(&window->memory);
	vec_free(&window->stacks);
	hashindex_free(&window->stacks_by_name);
}

int window_add_addresses(struct window *window, const uint64_t *addresses, uint32_t len,
			 uint32_t *ret_off)
{
	size_t off = window->addresses.len;

	if (off + len > UINT32_MAX || vec_reserve(&window->addresses, off + len) < 0)
		return -ENOMEM;
	if (len)
		memcpy(window->addresses.items + off, addresses, len * sizeof(*addresses));
	window->addresses.len += len;
	*ret_off = (uint32_t)off;
	return 0;
}

static int put_off_copy(struct window *window, const struct window *from,
			const struct window_sample *sample)
{
	struct window_copy copy = from->copies.items[sample->copy - 1];
	const unsigned char *memory = from->memory.data + copy.memory_off;
	size_t max_len = window->memory.max_len;

	if (max_len && max_len - window->memory.len < copy.memory_len)
		return -EFBIG;
	copy.memory_off = (uint32_t)window->memory.len;
	buf_append(&window->memory, memory, copy.memory_len);
	if (buf_error(&window->memory))
		return buf_error(&window->memory);
	return vec_push(&window->copies, copy);
}

int window_put_off(struct window *window, const struct window *from,
		   const struct window_sample *sample, uint64_t since_ns)
{
	struct window_sample own = *sample;
	int r = vec_reserve(&window->samples, window->samples.len + 1);

	if (r == 0)
		r = put_off_copy(window, from, sample);
	if (r == 0)
		r = window_add_addresses(window, from->addresses.items + sample->kernel_off,
					 sample->kernel_len, &own.kernel_off);
	if (r < 0)
		return r;
	own.copy = (uint32_t)window->copies.len;
	own.since_ns = sample->since_ns ? sample->since_ns : since_ns;
	window->samples.items[window->samples.len++] = own;
	return 0;
}

struct wanted {
	const struct window *window;
	const struct smolder_stack_name *name;
};

static bool same_name(const void *ctx, uint32_t position)
{
	const struct wanted *wanted = ctx;
	const struct smolder_stack_name *name = &wanted->window->stacks.items[position].name;

	return name->hash == wanted->name->hash && name->check == wanted->name->check;
}

const struct window_stack *window_find_stack(const struct window *window,
					     const struct smolder_stack_name *name)
{
	struct wanted wanted = {.window = window, .name = name};
	uint32_t position = hashindex_find(&window->stacks_by_name, name->hash, same_name, &wanted);

	return position == HASHINDEX_NONE ? NULL : &window->stacks.items[position];
}

/* Two CPUs may define a stack at the same moment. */
int window_add_stack(struct window *window, const struct window_stack *stack)
{
	int r = 0;

	if (window_find_stack(window, &stack->name))
		return 0;
	r = vec_reserve(&window->stacks, window->stacks.len + 1);
	if (r == 0)
		r = hashindex_add(&window->stacks_by_name, stack->name.hash,
				  (uint32_t)window->stacks.len);
	if (r == 0)
		window->stacks.items[window->stacks.len++] = *stack;
	return r;
}
