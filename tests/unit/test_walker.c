// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The walker's door, beside a kernel of plain memory; its map of processes is a real one, if may be. */
#include "profiler/walk/walker.h"

#include "base/clock.h"
#include "tests/unit/walk_self.h"

#include <bpf/bpf.h>
#include <string.h>
#include <ucontext.h>

struct door {
	struct self self;
	struct walker *walker;
	int processes_fd;
	int waits;
};

static int count_wait(void *ctx)
{
	struct door *door = ctx;

	door->waits++;
	return 0;
}

static int open_with(struct door *door, uint32_t pool_size)
{
	struct walker_kernel kernel = {
		.pool = door->self.pool,
		.pool_size = pool_size,
		.objects = door->self.objects,
		.processes_fd = door->processes_fd,
		.wait = count_wait,
		.ctx = door,
	};

	return walker_new(&kernel, door->self.processes, NULL, &door->walker, NULL);
}

static int set_up(void **state)
{
	struct door *door = calloc(1, sizeof(*door));

	if (!door || self_set_up(&door->self) < 0)
		return -1;
	door->processes_fd = bpf_map_create(BPF_MAP_TYPE_HASH, "test_processes", sizeof(uint32_t),
					    sizeof(struct walk_process), 64, NULL);
	*state = door;
	return open_with(door, SELF_POOL_SIZE);
}

static int tear_down(void **state)
{
	struct door *door = *state;

	walker_free(door->walker);
	if (door->processes_fd >= 0)
		close(door->processes_fd);
	self_tear_down(&door->self);
	free(door);
	return 0;
}

static struct door *with_map(void **state)
{
	struct door *door = *state;

	if (door->processes_fd < 0) {
		print_message("no map can be made: needs root and a kernel with BPF\n");
		skip();
	}
	return door;
}

static struct walker_counters counters_of(const struct door *door)
{
	struct walker_counters counters;

	walker_counters(door->walker, &counters);
	return counters;
}

static bool entry_of(const struct door *door, uint32_t tgid, struct walk_process *ret_entry)
{
	return bpf_map_lookup_elem(door->processes_fd, &tgid, ret_entry) == 0;
}

/* Looks at all processes, and waits for the tables they lack. */
static void update_all(struct door *door)
{
	walker_update(door->walker, true);
	assert_true(walker_settle(door->walker, 10 * NS_PER_SEC));
}

/* ---- copies: our own stack, read in place ---- */

static int read_here(void *ctx, void *to, size_t size, uint64_t address)
{
	(void)ctx;
	memcpy(to, (const void *)(uintptr_t)address, size);
	return 0;
}

static void spell_registers(const ucontext_t *context, uint64_t registers[UNWIND_REGISTER_CNT])
{
	static const unsigned char places[] = UNWIND_UCONTEXT_REGISTERS;

	for (int i = 0; i < UNWIND_REGISTER_CNT; i++)
		memcpy(&registers[i], (const char *)context + places[i], sizeof(registers[i]));
}

__attribute__((noinline)) static enum walk_end walk_here(struct door *door,
							 struct host_stepper_result *result)
{
	uint64_t registers[UNWIND_REGISTER_CNT];
	struct host_stepper_stack stack = {.registers = registers, .read = read_here};
	ucontext_t context;

	assert_int_equal(getcontext(&context), 0);
	spell_registers(&context, registers);
	walker_walk_copy(door->walker, &door->self.task, &stack, result);
	return result->end;
}

/* Is this frame in the function that begins here? */
static bool is_in(const struct door *door, uint64_t word, const void *function)
{
	const struct mapping *mapping = self_mapping_of(&door->self, function);
	uint64_t offset = (uint64_t)(uintptr_t)function - mapping->start + mapping->file_offset;

	return word >> WALK_OFFSET_BITS == mapping->object && (word & WALK_OFFSET_MASK) >= offset &&
	       (word & WALK_OFFSET_MASK) < offset + 2048;
}

static void our_own_stack_is_walked(void **state)
{
	struct host_stepper_result result;
	struct door *door = *state;

	walker_prepare(door->walker, &door->self.task, 0);
	assert_int_equal(walk_here(door, &result), WALK_COMPLETE);
	assert_true(result.len > 4);
	assert_true(is_in(door, result.frames[0], (const void *)(uintptr_t)walk_here));
	assert_true(
		is_in(door, result.frames[1], (const void *)(uintptr_t)our_own_stack_is_walked));
	assert_int_equal(counters_of(door).copies, 1);
	assert_int_equal(counters_of(door).copies_complete, 1);
}

static void an_unknown_process_has_no_frames(void **state)
{
	struct smolder_task nobody = {.tgid = 0x3fffffff, .start_ns = 1};
	uint64_t registers[UNWIND_REGISTER_CNT] = {0};
	struct host_stepper_stack stack = {.registers = registers, .read = read_here};
	struct host_stepper_result result = {.len = 77};
	struct door *door = *state;

	walker_prepare(door->walker, &nobody, 0);
	walker_walk_copy(door->walker, &nobody, &stack, &result);
	assert_int_equal(result.end, WALK_NO_PROCESS);
	assert_int_equal(result.len, 0);
}

/* ---- publishing ---- */

static void who_is_wanted_is_published(void **state)
{
	struct door *door = with_map(state);
	struct walk_process entry;
	struct walk_mapset head;

	assert_false(entry_of(door, door->self.task.tgid, &entry));
	walker_want(door->walker, &door->self.task, NULL);
	walker_want(door->walker, &door->self.task, NULL);
	update_all(door);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_int_equal(entry.start_ns, door->self.task.start_ns);
	assert_int_equal(entry.exec_gen, door->self.task.exec_gen);
	assert_int_equal(entry.flags, 0);
	memcpy(&head, door->self.pool + entry.mapset_off, sizeof(head));
	assert_int_equal(head.id, entry.mapset_id);
	assert_int_equal(head.len, mappings_count(door->self.mappings));
	assert_int_equal(counters_of(door).published, 1);
	assert_int_equal(counters_of(door).mapsets, 1);
}

static void nothing_new_is_not_published_again(void **state)
{
	struct door *door = with_map(state);

	walker_want(door->walker, &door->self.task, NULL);
	update_all(door);
	update_all(door);
	walker_update(door->walker, false);
	assert_int_equal(counters_of(door).publications, 1);
	/* Whoever comes with a copy all the same may have changed. */
	walker_want(door->walker, &door->self.task, NULL);
	walker_update(door->walker, false);
	assert_int_equal(counters_of(door).publications, 2);
	assert_int_equal(counters_of(door).mapsets, 1);
}

/* Copies of stacks that lead outside all mappings are made in vain, and no more are made. */
static void vain_copies_are_no_more_made(void **state)
{
	uint64_t registers[UNWIND_REGISTER_CNT] = {[UNWIND_REGISTER_RA] = 0x1234};
	struct host_stepper_stack stack = {.registers = registers, .read = read_here};
	struct host_stepper_result result;
	struct door *door = with_map(state);
	struct walk_process entry;

	walker_want(door->walker, &door->self.task, NULL);
	update_all(door);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_int_equal(entry.flags, 0);
	for (int i = 0; i < 100; i++) {
		walker_walk_copy(door->walker, &door->self.task, &stack, &result);
		assert_int_equal(result.end, WALK_UNMAPPED);
	}
	walker_update(door->walker, false);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_int_equal(entry.flags, WALK_PROCESS_NO_COPIES);
}

/* The kernel is told as of which state of the address space it may believe what is published. */
static void what_is_published_says_as_of_when(void **state)
{
	struct smolder_space space = {.changes = 70, .code_pages = 3}, later = {.changes = 90};
	struct door *door = with_map(state);
	struct walk_process entry;

	walker_want(door->walker, &door->self.task, &space);
	update_all(door);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_memory_equal(&entry.space, &space, sizeof(space));
	walker_want(door->walker, &door->self.task, NULL);
	walker_update(door->walker, false);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_memory_equal(&entry.space, &space, sizeof(space));
	walker_want(door->walker, &door->self.task, &later);
	walker_update(door->walker, false);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_memory_equal(&entry.space, &later, sizeof(later));
}

/* Whose code changes all the time is let be until the next look at all. */
static void the_restless_are_let_be(void **state)
{
	struct smolder_space space = {.changes = 2};
	struct door *door = with_map(state);
	struct walk_process entry;

	walker_note_change(door->walker,
			   door->self.task.tgid); /* of whom nothing is known: nothing */
	walker_want(door->walker, &door->self.task, &space);
	update_all(door);
	for (int i = 0; i < 255; i++) {
		walker_want(door->walker, &door->self.task, &space);
		walker_note_change(door->walker, door->self.task.tgid);
	}
	walker_update(door->walker, false);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_int_equal(entry.flags, 0);
	walker_want(door->walker, &door->self.task, &space);
	walker_note_change(door->walker, door->self.task.tgid);
	walker_update(door->walker, false);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_int_equal(entry.flags, WALK_PROCESS_RESTLESS);
	walker_update(door->walker, true);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_int_equal(entry.flags, 0);
}

static void who_is_gone_is_forgotten(void **state)
{
	struct smolder_task nobody = {.tgid = 0x3fffffff, .start_ns = 1};
	struct door *door = with_map(state);

	walker_want(door->walker, &nobody, NULL);
	update_all(door);
	assert_int_equal(counters_of(door).published, 0);
}

static void the_entry_of_a_later_process_is_left(void **state)
{
	struct smolder_task nobody = {.tgid = 0x3fffffff, .start_ns = 1};
	struct walk_process later = {.start_ns = 2}, entry;
	struct door *door = with_map(state);

	assert_int_equal(bpf_map_update_elem(door->processes_fd, &nobody.tgid, &later, BPF_ANY), 0);
	walker_want(door->walker, &nobody, NULL);
	update_all(door);
	assert_true(entry_of(door, nobody.tgid, &entry));
	assert_int_equal(entry.start_ns, 2);
}

/* The walker keeps its list while many come and go. */
static void many_are_kept_apart(void **state)
{
	struct door *door = with_map(state);
	struct walk_process entry;

	for (uint32_t i = 0; i < 300; i++) {
		struct smolder_task nobody = {.tgid = 0x3fff0000 + i % 200, .start_ns = i};

		walker_want(door->walker, &nobody, NULL);
		if (i == 150)
			walker_want(door->walker, &door->self.task, NULL);
	}
	assert_int_equal(counters_of(door).published, 201);
	update_all(door);
	assert_int_equal(counters_of(door).published, 1);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
}

/* ---- room ---- */

static void a_small_pool_degrades_by_name(void **state)
{
	struct host_stepper_result result;
	struct door *door = with_map(state);
	struct walk_process entry;

	walker_free(door->walker);
	assert_int_equal(open_with(door, 16384), 0);
	walker_want(door->walker, &door->self.task, NULL);
	update_all(door);
	assert_true(counters_of(door).tables.homeless > 0);
	assert_true(counters_of(door).sweeps > 0);
	assert_true(door->waits > 0);
	assert_true(counters_of(door).pool_used <= 16384);
	assert_true(entry_of(door, door->self.task.tgid, &entry));
	assert_int_equal(walk_here(door, &result), WALK_NO_ROOM);
}

#define DOOR_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		DOOR_TEST(our_own_stack_is_walked),
		DOOR_TEST(an_unknown_process_has_no_frames),
		DOOR_TEST(who_is_wanted_is_published),
		DOOR_TEST(nothing_new_is_not_published_again),
		DOOR_TEST(vain_copies_are_no_more_made),
		DOOR_TEST(what_is_published_says_as_of_when),
		DOOR_TEST(the_restless_are_let_be),
		DOOR_TEST(who_is_gone_is_forgotten),
		DOOR_TEST(the_entry_of_a_later_process_is_left),
		DOOR_TEST(many_are_kept_apart),
		DOOR_TEST(a_small_pool_degrades_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
