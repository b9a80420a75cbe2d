/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The walked stack through a window: a piece of it is read at once, as a helper call costs more than
 * the memory of several frames does, and lines that lie side by side come from memory together.
 */
#ifndef SMOLDER_BPF_STACK_WINDOW_BPF_H
#define SMOLDER_BPF_STACK_WINDOW_BPF_H

#ifndef STACK_WINDOW_WORDS    /* bench/depth.sh takes fewer */
#define STACK_WINDOW_WORDS 64 /* a power of two, so that a mask proves an index */
#endif
#define STACK_WINDOW_LEN (STACK_WINDOW_WORDS * sizeof(__u64))
#define STACK_WINDOW_PAGE 4096 /* no piece crosses into a page that may not be there */

struct stack_window {
	__u64 begin;
	__u64 len; /* bytes, a multiple of 8; 0: nothing has been read */
	__u64 words[STACK_WINDOW_WORDS];
};

/* Puts the window where it begins with the address. 0, or not 0 when nothing can be read there. */
static __noinline long stack_window_move(struct stack_window *window, __u64 address)
{
	__u32 len = STACK_WINDOW_PAGE - (address & (STACK_WINDOW_PAGE - 1));

	if (!window)
		return -1;
	if (len > STACK_WINDOW_LEN)
		len = STACK_WINDOW_LEN;
	window->begin = address;
	window->len = 0;
	if (bpf_probe_read_user(window->words, len, (void *)address))
		return -1;
	window->len = len;
	return 0;
}

static __always_inline bool stack_window_has(const struct stack_window *window, __u64 address,
					     __u64 size)
{
	__u64 off = address - window->begin;

	return off < window->len && window->len - off >= size;
}

/* Reads one or two words of the stack. What is not aligned, or crosses pages, is read by itself. */
static __always_inline long stack_window_read(struct stack_window *window, void *to, __u32 size,
					      __u64 address)
{
	__u64 at, *words = to;

	if (address % sizeof(__u64))
		return bpf_probe_read_user(to, size, (const void *)address);
	if (!stack_window_has(window, address, size)) {
		if (stack_window_move(window, address))
			return -1;
		if (window->len < size)
			return bpf_probe_read_user(to, size, (const void *)address);
	}
	at = (address - window->begin) / sizeof(__u64);
	words[0] = window->words[at & (STACK_WINDOW_WORDS - 1)];
	if (size > sizeof(__u64))
		words[1] = window->words[(at + 1) & (STACK_WINDOW_WORDS - 1)];
	return 0;
}

#endif
