// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Samples that came as copies of this very process's stack, before and after its tables are built. */
#include "profiler/recording.h"
#include "tests/unit/walk_self.h"

#include <string.h>
#include <sys/uio.h>
#include <ucontext.h>
#include <unistd.h>

#define COPIED 4096u
#define WINDOW_NS 77u

struct fixture {
	struct self self;
	struct walker *walker;
	struct recording recording;
	struct window window, late;
};

static int no_wait(void *ctx)
{
	(void)ctx;
	return 0;
}

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct walker_kernel kernel = {.pool_size = SELF_POOL_SIZE, .processes_fd = -1};

	if (!fixture || self_set_up(&fixture->self) < 0 || recording_init(&fixture->recording) < 0)
		return -1;
	kernel.pool = fixture->self.pool;
	kernel.objects = fixture->self.objects;
	kernel.wait = no_wait;
	*state = fixture;
	return walker_new(&kernel, fixture->self.processes, NULL, &fixture->walker, NULL);
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	window_free(&fixture->window);
	window_free(&fixture->late);
	recording_free(&fixture->recording);
	walker_free(fixture->walker);
	self_tear_down(&fixture->self);
	free(fixture);
	return 0;
}

/* As another process would: what lies between a stack's variables is not ours to read for a sanitizer. */
static void append_stack(struct window *window, uint64_t begin)
{
	struct iovec local = {.iov_base = buf_room(&window->memory, COPIED), .iov_len = COPIED};
	struct iovec remote = {.iov_base = (void *)(uintptr_t)begin, .iov_len = COPIED};

	assert_int_equal(process_vm_readv(getpid(), &local, 1, &remote, 1, 0), COPIED);
	window->memory.len += COPIED;
}

/* Of the stack we are on: enough to go through our caller's frame. */
__attribute__((noinline)) static void add_copy(struct fixture *fixture)
{
	static const unsigned char places[] = UNWIND_UCONTEXT_REGISTERS;
	static const uint64_t kernel[] = {UINT64_C(0xffffffff81000042)};
	struct window *window = &fixture->window;
	struct window_copy copy = {.memory_off = (uint32_t)window->memory.len,
				   .memory_len = COPIED};
	struct window_sample sample = {
		.key = {.task = fixture->self.task}, .count = 1, .kernel_len = ARRAY_SIZE(kernel)};
	ucontext_t context;

	assert_int_equal(getcontext(&context), 0);
	for (int i = 0; i < UNWIND_REGISTER_CNT; i++)
		memcpy(&copy.registers[i], (const char *)&context + places[i], sizeof(uint64_t));
	copy.runs[0] = (struct smolder_run){copy.registers[UNWIND_REGISTER_SP], 1};
	append_stack(window, copy.runs[0].begin);
	assert_int_equal(vec_push(&window->copies, copy), 0);
	sample.copy = (uint32_t)window->copies.len;
	assert_int_equal(
		window_add_addresses(window, kernel, ARRAY_SIZE(kernel), &sample.kernel_off), 0);
	assert_int_equal(vec_push(&window->samples, sample), 0);
}

static void add_window(struct fixture *fixture, const struct window *window, struct window *late)
{
	recording_add_window(&fixture->recording, &(struct recording_source){
							  .window = window,
							  .processes = fixture->self.processes,
							  .walker = fixture->walker,
							  .late = late,
							  .since_ns = WINDOW_NS,
						  });
}

/* How the walk of the recording's only stack ended, and how many frames of both sides it has. */
static uint32_t only_end(const struct fixture *fixture, uint32_t *ret_frames)
{
	const struct recording *recording = &fixture->recording;
	uint32_t node, frames = 0;

	assert_int_equal(recording->samples.len, 1);
	node = recording->samples.items[0].node;
	while (recording->nodes.items[node].parent) {
		node = recording->nodes.items[node].parent;
		frames++;
	}
	*ret_frames = frames;
	return recording->spots.items[recording->nodes.items[node].spot].object;
}

static void a_copy_waits_for_its_tables(void **state)
{
	struct fixture *fixture = *state;
	struct window later = {0};
	uint32_t frames;

	add_copy(fixture);
	add_window(fixture, &fixture->window, &fixture->late);
	assert_int_equal(fixture->recording.recorded, 0);
	assert_int_equal(fixture->late.samples.len, 1);
	assert_int_equal(fixture->late.samples.items[0].since_ns, WINDOW_NS);

	assert_true(walker_settle(fixture->walker, 10 * NS_PER_SEC));
	add_window(fixture, &fixture->late, &later);
	assert_int_equal(later.samples.len, 0);
	assert_int_equal(fixture->recording.recorded, 1);
	assert_int_equal(fixture->recording.kernel, 1);
	assert_int_not_equal(only_end(fixture, &frames), WALK_NO_PROCESS);
	assert_true(frames > 3);
}

static void what_is_not_put_off_is_walked_as_far_as_can_be(void **state)
{
	struct fixture *fixture = *state;
	uint32_t frames;

	add_copy(fixture);
	add_window(fixture, &fixture->window, NULL);
	assert_int_equal(fixture->recording.recorded, 1);
	assert_int_equal(only_end(fixture, &frames), WALK_NO_PROCESS);
	assert_int_equal(frames, 2); /* the sampled address, and the kernel's */
}

/* Of a process that nothing is known of, nothing is known a window later either. */
static void an_unknown_process_is_waited_for_once(void **state)
{
	struct fixture *fixture = *state;
	struct window later = {0};

	fixture->self.task.tgid = 0x3fffffff;
	add_copy(fixture);
	add_window(fixture, &fixture->window, &fixture->late);
	assert_int_equal(fixture->late.samples.len, 1);
	add_window(fixture, &fixture->late, &later);
	assert_int_equal(later.samples.len, 0);
	assert_int_equal(fixture->recording.recorded, 1);
}

static void there_is_room_for_so_many(void **state)
{
	struct fixture *fixture = *state;

	fixture->late.memory.max_len = 2 * COPIED + 1;
	for (int i = 0; i < 5; i++)
		add_copy(fixture);
	add_window(fixture, &fixture->window, &fixture->late);
	assert_int_equal(fixture->late.samples.len, 2);
	assert_int_equal(fixture->late.memory.len, 2 * COPIED);
	assert_int_equal(fixture->recording.recorded, 3);
}

/* Put off again and again, a sample is what it was. */
static void who_waits_keeps_what_is_known(void **state)
{
	struct fixture *fixture = *state;
	const struct window *from = &fixture->window, *to = &fixture->late;
	struct window again = {0};

	add_copy(fixture);
	add_copy(fixture);
	assert_int_equal(window_put_off(&fixture->late, from, &from->samples.items[1], 5), 0);
	assert_int_equal(window_put_off(&again, to, &to->samples.items[0], 9), 0);
	assert_int_equal(again.samples.items[0].since_ns, 5);
	assert_int_equal(again.samples.items[0].copy, 1);
	assert_memory_equal(&again.samples.items[0].key, &from->samples.items[1].key,
			    sizeof(struct smolder_key));
	assert_memory_equal(again.memory.data, from->memory.data + COPIED, COPIED);
	assert_memory_equal(again.copies.items[0].registers, from->copies.items[1].registers,
			    sizeof(from->copies.items[1].registers));
	assert_int_equal(again.addresses.items[again.samples.items[0].kernel_off],
			 from->addresses.items[0]);
	window_free(&again);
}

#define RECORDING_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RECORDING_TEST(a_copy_waits_for_its_tables),
		RECORDING_TEST(what_is_not_put_off_is_walked_as_far_as_can_be),
		RECORDING_TEST(an_unknown_process_is_waited_for_once),
		RECORDING_TEST(there_is_room_for_so_many),
		RECORDING_TEST(who_waits_keeps_what_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
