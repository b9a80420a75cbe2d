// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct message { /* a record as it lies on the ring */
	struct smolder_record head;
	uint64_t frames[8];
};

static const struct window_stack *find(const struct window *window, uint64_t hash, uint64_t check)
{
	struct smolder_stack_name name = {.hash = hash, .check = check};

	return window_find_stack(window, &name);
}

static void a_stack_is_known_by_its_name(void **state)
{
	_cleanup_(window_free) struct window window = {0};
	struct message message = {
		.head = {.type = SMOLDER_RECORD_STACK,
			 .user_len = 3,
			 .user_walked = 1,
			 .walk_end = 4,
			 .name = {.hash = 0xabc, .check = 1}},
		.frames = {7, 8, 9},
	};
	const struct window_stack *stack;

	(void)state;
	assert_null(find(&window, 0xabc, 1));
	intake_record(&window, &message.head);
	intake_record(&window, &message.head); /* as another CPU may send it too */
	stack = find(&window, 0xabc, 1);
	assert_non_null(stack);
	assert_int_equal(stack->len, 3);
	assert_int_equal(stack->walk_end, 4);
	assert_int_equal(window.addresses.items[stack->off], 7);
	assert_int_equal(window.addresses.items[stack->off + 2], 9);
	assert_int_equal(window.stacks.len, 1);
	assert_int_equal(window.samples.len, 0);
	assert_null(find(&window, 0xabc, 2));
}

static void a_cleared_window_knows_no_stack(void **state)
{
	_cleanup_(window_free) struct window window = {0};
	struct message message = {
		.head = {.type = SMOLDER_RECORD_STACK, .user_len = 1, .name = {.hash = 5}},
		.frames = {1}};

	(void)state;
	intake_record(&window, &message.head);
	window_clear(&window);
	assert_null(find(&window, 5, 0));
	message.frames[0] = 2;
	intake_record(&window, &message.head);
	assert_int_equal(window.addresses.items[find(&window, 5, 0)->off], 2);
}

static void an_exact_sample_has_both_stacks(void **state)
{
	_cleanup_(window_free) struct window window = {0};
	struct message message = {
		.head = {.type = SMOLDER_RECORD_EXACT,
			 .user_len = 2,
			 .kernel_len = 3,
			 .user_walked = 1,
			 .walk_end = 6,
			 .key = {.task = {.tgid = 77}, .comm = "exact"}},
		.frames = {1, 2, 11, 12, 13},
	};
	const struct window_sample *sample;

	(void)state;
	intake_record(&window, &message.head);
	assert_int_equal(window.samples.len, 1);
	sample = &window.samples.items[0];
	assert_int_equal(sample->key.task.tgid, 77);
	assert_string_equal(sample->key.comm, "exact");
	assert_int_equal(sample->count, 1);
	assert_true(sample->user_walked);
	assert_int_equal(sample->walk_end, 6);
	assert_int_equal(sample->copy, 0);
	assert_int_equal(sample->user_len, 2);
	assert_int_equal(window.addresses.items[sample->user_off], 1);
	assert_int_equal(sample->kernel_len, 3);
	assert_int_equal(window.addresses.items[sample->kernel_off], 11);
	assert_int_equal(window.addresses.items[sample->kernel_off + 2], 13);
}

/* Three pages in two runs; what is absent at the end is not kept. */
static void take_copy(struct window *window, uint32_t number, uint32_t absent)
{
	_cleanup_free_ struct smolder_copy *copy = calloc(1, sizeof(*copy) + 4 * SMOLDER_PAGE);

	assert_non_null(copy);
	copy->head.type = SMOLDER_RECORD_COPY;
	copy->head.kernel_len = number;
	copy->head.key.task.tgid = 100 + number;
	copy->kernel[0] = 1000 + number;
	copy->registers[UNWIND_REGISTER_RA] = 2000 + number;
	copy->call_site = number & 1;
	copy->runs[0] = (struct smolder_run){.begin = 0x1000, .page_cnt = 2};
	copy->runs[1] = (struct smolder_run){.begin = 0x9000, .page_cnt = 1};
	copy->absent = absent;
	memset(copy + 1, 'a' + (int)number, (size_t)4 * SMOLDER_PAGE);
	intake_record(window, &copy->head);
}

static void copies_keep_their_registers_and_memory(void **state)
{
	static const uint32_t absent[] = {0, 1, 2 | 4 | 8}, pages[] = {3, 3, 1};
	_cleanup_(window_free) struct window window = {0};

	(void)state;
	for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++)
		take_copy(&window, i, absent[i]);
	assert_int_equal(window.samples.len, ARRAY_SIZE(pages));
	assert_int_equal(window.copies.len, ARRAY_SIZE(pages));
	assert_int_equal(window.memory.len, 7 * SMOLDER_PAGE);
	for (uint32_t i = 0; i < ARRAY_SIZE(pages); i++) {
		const struct window_sample *sample = &window.samples.items[i];
		const struct window_copy *kept = &window.copies.items[sample->copy - 1];

		assert_int_equal(sample->key.task.tgid, 100 + i);
		assert_int_equal(sample->kernel_len, i);
		if (i)
			assert_int_equal(window.addresses.items[sample->kernel_off], 1000 + i);
		assert_int_equal(kept->registers[UNWIND_REGISTER_RA], 2000 + i);
		assert_int_equal(kept->call_site, i & 1);
		assert_int_equal(kept->absent, absent[i]);
		assert_int_equal(kept->runs[1].begin, 0x9000);
		assert_int_equal(kept->memory_len, pages[i] * SMOLDER_PAGE);
		for (uint32_t at = 0; at < kept->memory_len; at++)
			assert_int_equal(window.memory.data[kept->memory_off + at], 'a' + i);
	}
}

static void no_memory_is_counted_for_samples(void **state)
{
	struct window window = {.addresses = {.len = UINT32_MAX, .cap = SIZE_MAX}};
	struct message message = {.head = {.type = SMOLDER_RECORD_EXACT, .user_len = 1}};

	(void)state;
	intake_record(&window, &message.head);
	assert_int_equal(window.no_memory, 1);
	assert_int_equal(window.samples.len, 0);
	/* A stack without its definition is missed when its samples are drained. */
	message.head.type = SMOLDER_RECORD_STACK;
	intake_record(&window, &message.head);
	assert_int_equal(window.no_memory, 1);
	assert_int_equal(window.stacks.len, 0);
}

static void what_is_not_known_is_left(void **state)
{
	_cleanup_(window_free) struct window window = {0};
	struct message message = {.head = {.type = 99, .user_len = 1}};

	(void)state;
	intake_record(&window, &message.head);
	assert_int_equal(window.samples.len + window.stacks.len + window.addresses.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stack_is_known_by_its_name),
		cmocka_unit_test(a_cleared_window_knows_no_stack),
		cmocka_unit_test(an_exact_sample_has_both_stacks),
		cmocka_unit_test(copies_keep_their_registers_and_memory),
		cmocka_unit_test(no_memory_is_counted_for_samples),
		cmocka_unit_test(what_is_not_known_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
