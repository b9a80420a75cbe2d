// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/kernel_stack.h"

#include "formats/frametext.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define TRIES 5000

/* "name (module)", leaf first, joined by ';'. */
static void spell(const struct profile *profile, uint32_t stack, struct buf *out)
{
	for (; stack; stack = profile->stacks.items[stack].parent) {
		uint32_t frame = profile->stacks.items[stack].frame;

		assert_int_equal(profile->frames.items[frame].kind, FRAME_KERNEL);
		frametext_append_name(profile, frame, out);
		buf_appendf(out, " (%s);", frametext_module(profile, frame));
	}
	buf_append_byte(out, '\0');
}

static void assert_frames(const char *text, const char *wanted)
{
	_cleanup_(kernel_stack_free) struct kernel_stack stack = {0};
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_buf_ struct buf spelt = {0};
	uint32_t id = 0;
	struct err err;

	buf_append_str(&stack.text, text);
	assert_int_equal(profile_new(&profile), 0);
	assert_int_equal(kernel_stack_add(&stack, profile, &id), 0);
	if (profile_check(profile, &err) < 0)
		fail_msg("%s", err.text);
	spell(profile, id, &spelt);
	assert_string_equal((char *)spelt.data, wanted);
}

static void calls_are_in_the_order_of_the_text(void **state)
{
	(void)state;
	assert_frames("", "");
	assert_frames("[<0>] pipe_read+0x3/0x90\n[<0>] vfs_read+0x20/0x30\n",
		      "pipe_read ([kernel.kallsyms]);vfs_read ([kernel.kallsyms]);");
	assert_frames("[<0>] wait+0x41/0xd0 [nf_tables]\n[<0>] do_it.isra.0+0x1/0x2",
		      "wait ([nf_tables]);do_it.isra.0 ([kernel.kallsyms]);");
}

static void what_is_no_call_is_passed_over(void **state)
{
	(void)state;
	assert_frames("\n\n[<0>] \n[<0>] +0x1/0x2\nfoo+0x1/0x2\n[<0>] bar\n[<0>] x+1\n",
		      "x ([kernel.kallsyms]);");
}

static bool is_in_pause(const struct kernel_stack *stack)
{
	return stack->text.len && memmem(stack->text.data, stack->text.len, "pause", 5);
}

/* It may wait for other things before. */
static void who_waits_is_read(void **state)
{
	struct kernel_stack stack = {0};
	pid_t child = fork();
	int r = 0;

	(void)state;
	if (child == 0) {
		pause();
		_exit(0);
	}
	for (int i = 0; i < TRIES && !is_in_pause(&stack) && (r == 0 || r == -EAGAIN); i++) {
		usleep(1000);
		kernel_stack_free(&stack);
		r = kernel_stack_read((uint32_t)child, (uint32_t)child, &stack);
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	if (r == -EACCES || r == -EPERM || r == -ENOENT)
		skip(); /* not for us, or not in this kernel */
	assert_int_equal(r, 0);
	assert_true(stack.user_code != 0 && stack.user_stack != 0);
	assert_true(is_in_pause(&stack));
	kernel_stack_free(&stack);
	r = kernel_stack_read((uint32_t)child, (uint32_t)child, &stack);
	assert_true(r == -ENOENT || r == -ESRCH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_are_in_the_order_of_the_text),
		cmocka_unit_test(what_is_no_call_is_passed_over),
		cmocka_unit_test(who_waits_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
