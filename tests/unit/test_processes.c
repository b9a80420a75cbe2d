// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tracker, told stories by records and events of our own making. Their processes have pids no
 * kernel gives out, so that /proc knows nothing of them.
 */
#include "profiler/process/processes.h"
#include "tests/unit/processes_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define PARENT 4000000000u
#define CHILD 4000000001u
#define OTHER 4000000002u

static int set_up_small(void **state)
{
	return set_up_with(state, &(struct processes_options){.lives_max = 4});
}

static void put_fork(struct fixture *fixture, uint64_t time_ns, uint32_t parent, uint32_t child)
{
	put(fixture, (struct written){.type = PERF_RECORD_FORK,
				      .time_ns = time_ns,
				      .pid = child,
				      .tid = child,
				      .parent = parent});
}

static void put_event(struct fixture *fixture, enum smolder_event_type type, uint64_t time_ns,
		      struct smolder_task task)
{
	struct smolder_event event = {
		.type = type, .parent_tgid = PARENT, .task = task, .time_ns = time_ns};

	processes_handle_event(fixture->processes, &event);
}

static void expect_reason(struct fixture *fixture, struct smolder_task task, uint64_t address,
			  enum place_reason reason)
{
	struct place place;

	processes_normalize(fixture->processes, &task, address, &place);
	if (place.reason != reason)
		fail_msg("'%s' instead of '%s'", place_reason_name(place.reason),
			 place_reason_name(reason));
	if (reason != PLACE_ANONYMOUS)
		assert_int_equal(place.object, OBJECT_NONE);
	assert_int_equal(place.offset, address);
}

static void expect_file(struct fixture *fixture, struct smolder_task task, const char *file)
{
	struct place place;

	processes_normalize(fixture->processes, &task, 0x1010, &place);
	if (place.reason != PLACE_OK)
		fail_msg("'%s' instead of %s", place_reason_name(place.reason), file);
	assert_string_equal(objects_get(processes_objects(fixture->processes), place.object)->path,
			    file);
	assert_int_equal(place.offset, 0x410);
}

/* A child of a known parent runs "/bin/new" in its image 6, after its parent's "/bin/old". */
static void tell_usual_story(struct fixture *fixture)
{
	put_exec(fixture, 10, PARENT, "old");
	put_mmap_at(fixture, 11, PARENT, "/bin/old");
	put_fork(fixture, 21, PARENT, CHILD);
	put_event(fixture, SMOLDER_EVENT_FORK, 22, task_of(CHILD, 20, 5));
	put_exec(fixture, 30, CHILD, "new");
	put_mmap_at(fixture, 31, CHILD, "/bin/new");
	put_event(fixture, SMOLDER_EVENT_EXEC, 32, task_of(CHILD, 20, 6));
	processes_drain(fixture->processes);
}

static void follows_fork_and_exec(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task now = task_of(CHILD, 20, 6), before = task_of(CHILD, 20, 5);

	tell_usual_story(fixture);
	expect_file(fixture, now, "/bin/new");
	expect_file(fixture, before, "/bin/old");
	assert_string_equal(processes_comm(fixture->processes, &now), "new");
	assert_string_equal(processes_comm(fixture->processes, &before), "old");
	expect_reason(fixture, now, 0x2000, PLACE_UNMAPPED);
	expect_reason(fixture, now, 0xfff, PLACE_UNMAPPED);
	assert_int_equal(counters_of(fixture).forks, 1);
	assert_int_equal(counters_of(fixture).execs, 2);
	assert_int_equal(counters_of(fixture).mmaps, 2);
	assert_int_equal(counters_of(fixture).places[PLACE_OK], 2);
	assert_int_equal(counters_of(fixture).places[PLACE_UNMAPPED], 2);
}

static void tells_whose_mappings_changed(void **state)
{
	struct fixture *fixture = *state;
	uint32_t tgid = 0;

	tell_usual_story(fixture);
	assert_true(processes_take_changed(fixture->processes, &tgid));
	assert_int_equal(tgid, CHILD);
	assert_true(processes_take_changed(fixture->processes, &tgid));
	assert_int_equal(tgid, PARENT);
	assert_false(processes_take_changed(fixture->processes, &tgid));
	put_mmap_at(fixture, 41, CHILD, "/bin/new"); /* as it was: no change */
	put_mmap_at(fixture, 42, PARENT, "/bin/older");
	processes_drain(fixture->processes);
	assert_true(processes_take_changed(fixture->processes, &tgid));
	assert_int_equal(tgid, PARENT);
	assert_false(processes_take_changed(fixture->processes, &tgid));
}

static void never_mixes_images_up(void **state)
{
	struct fixture *fixture = *state;

	tell_usual_story(fixture);
	expect_reason(fixture, task_of(CHILD, 20, 4), 0x1010, PLACE_UNKNOWN_IMAGE);
	expect_reason(fixture, task_of(CHILD, 20, 7), 0x1010, PLACE_UNKNOWN_IMAGE);
}

static void never_mixes_lives_up(void **state)
{
	struct fixture *fixture = *state;

	tell_usual_story(fixture);
	put_event(fixture, SMOLDER_EVENT_EXIT, 40, task_of(CHILD, 20, 6));
	put_fork(fixture, 51, PARENT, CHILD);
	put_exec(fixture, 60, CHILD, "other");
	put_mmap_at(fixture, 61, CHILD, "/bin/other");
	put_event(fixture, SMOLDER_EVENT_FORK, 52, task_of(CHILD, 50, 5));
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 6), "/bin/new");
	expect_file(fixture, task_of(CHILD, 50, 6), "/bin/other");
	expect_file(fixture, task_of(CHILD, 50, 5), "/bin/old");
	expect_reason(fixture, task_of(CHILD, 49, 5), 0x1010, PLACE_UNKNOWN_PROCESS);
	expect_reason(fixture, task_of(CHILD, 51, 5), 0x1010, PLACE_UNKNOWN_PROCESS);
	expect_reason(fixture, task_of(OTHER, 20, 6), 0x1010, PLACE_UNKNOWN_PROCESS);
}

/* The fork record alone tells a start nearly: enough if nothing else fits, and once only. */
static void takes_a_start_from_the_fork_record(void **state)
{
	struct fixture *fixture = *state;

	put_fork(fixture, 2 * NS_PER_SEC, PARENT, CHILD);
	put_mmap_at(fixture, 2 * NS_PER_SEC + 1, CHILD, "/bin/new");
	processes_drain(fixture->processes);
	expect_reason(fixture, task_of(CHILD, 2 * NS_PER_SEC + 1, 1), 0x1010,
		      PLACE_UNKNOWN_PROCESS);
	expect_reason(fixture, task_of(CHILD, NS_PER_SEC, 1), 0x1010, PLACE_UNKNOWN_PROCESS);
	expect_file(fixture, task_of(CHILD, 2 * NS_PER_SEC - 5, 1), "/bin/new");
	expect_reason(fixture, task_of(CHILD, 2 * NS_PER_SEC - 6, 1), 0x1010,
		      PLACE_UNKNOWN_PROCESS);
}

static void deduces_generations(void **state)
{
	struct fixture *fixture = *state;

	put_fork(fixture, 21, PARENT, CHILD);
	put_mmap_at(fixture, 22, CHILD, "/bin/first");
	put_exec(fixture, 30, CHILD, "second");
	put_mmap_at(fixture, 31, CHILD, "/bin/second");
	put_exec(fixture, 40, CHILD, "third");
	put_mmap_at(fixture, 41, CHILD, "/bin/third");
	processes_drain(fixture->processes);
	/* Any of three, for all we know. */
	expect_reason(fixture, task_of(CHILD, 20, 8), 0x1010, PLACE_UNKNOWN_IMAGE);
	put_event(fixture, SMOLDER_EVENT_EXEC, 42, task_of(CHILD, 20, 9));
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 7), "/bin/first");
	expect_file(fixture, task_of(CHILD, 20, 8), "/bin/second");
	expect_file(fixture, task_of(CHILD, 20, 9), "/bin/third");
	put_exec(fixture, 50, CHILD, "fourth");
	put_mmap_at(fixture, 51, CHILD, "/bin/fourth");
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 10), "/bin/fourth");
}

static void takes_any_generation_of_an_only_image(void **state)
{
	struct fixture *fixture = *state;

	put_fork(fixture, 21, PARENT, CHILD);
	put_mmap_at(fixture, 22, CHILD, "/bin/first");
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 7), "/bin/first");
	expect_file(fixture, task_of(CHILD, 20, 7), "/bin/first");
	expect_reason(fixture, task_of(CHILD, 20, 8), 0x1010, PLACE_UNKNOWN_IMAGE);
	expect_reason(fixture, task_of(CHILD, 20, 6), 0x1010, PLACE_UNKNOWN_IMAGE);
}

static void doubts_when_records_were_lost(void **state)
{
	struct fixture *fixture = *state;

	put_fork(fixture, 21, PARENT, CHILD);
	put_mmap_at(fixture, 22, CHILD, "/bin/first");
	put(fixture, (struct written){.type = PERF_RECORD_LOST, .lost = 3, .time_ns = 30});
	put_fork(fixture, 41, PARENT, OTHER);
	put_mmap_at(fixture, 42, OTHER, "/bin/other");
	processes_drain(fixture->processes);
	expect_reason(fixture, task_of(CHILD, 20, 7), 0x1010, PLACE_UNKNOWN_IMAGE);
	expect_file(fixture, task_of(OTHER, 40, 7), "/bin/other");
	assert_int_equal(counters_of(fixture).sideband.lost, 3);
}

/* Its record was lost: the new image must not be given the mappings of the old one. */
static void notices_an_exec_without_record(void **state)
{
	struct fixture *fixture = *state;

	tell_usual_story(fixture);
	put_event(fixture, SMOLDER_EVENT_EXEC, 40, task_of(CHILD, 20, 7));
	processes_drain(fixture->processes);
	expect_reason(fixture, task_of(CHILD, 20, 7), 0x1010, PLACE_UNMAPPED);
	expect_file(fixture, task_of(CHILD, 20, 6), "/bin/new");
}

/* A sample from within execve(2) has the new generation, and registers of the image before. */
static void looks_back_during_an_exec(void **state)
{
	struct fixture *fixture = *state;

	put_fork(fixture, 21, PARENT, CHILD);
	put_event(fixture, SMOLDER_EVENT_FORK, 22, task_of(CHILD, 20, 5));
	put_mmap_at(fixture, 23, CHILD, "/bin/old");
	put_exec(fixture, 30, CHILD, "new");
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 6), "/bin/old");
	assert_int_equal(counters_of(fixture).during_exec, 1);
	put_mmap_at(fixture, 31, CHILD, "/bin/new");
	put_exec(fixture, 40, CHILD, "newer");
	put_exec(fixture, 50, CHILD, "newest");
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 6), "/bin/new");
	expect_file(fixture, task_of(CHILD, 20, 7), "/bin/new");
	expect_reason(fixture, task_of(CHILD, 20, 8), 0x1010, PLACE_UNMAPPED);
	processes_forget_before(fixture->processes, 41);
	expect_reason(fixture, task_of(CHILD, 20, 7), 0x1010, PLACE_UNMAPPED);
}

static void waits_for_a_pending_exec(void **state)
{
	struct fixture *fixture = *state;

	put_fork(fixture, 21, PARENT, CHILD);
	put_mmap_at(fixture, 22, CHILD, "/bin/first");
	processes_drain(fixture->processes);
	put_exec(fixture, 30, CHILD, "second");
	expect_reason(fixture, task_of(CHILD, 20, 2), 0x1010, PLACE_UNKNOWN_IMAGE);
	processes_drain(fixture->processes);
	put_mmap_at(fixture, 31, CHILD, "/bin/second");
	put_event(fixture, SMOLDER_EVENT_EXEC, 32, task_of(CHILD, 20, 2));
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 1), "/bin/first");
	expect_file(fixture, task_of(CHILD, 20, 2), "/bin/second");
}

static void shares_mappings_until_changed(void **state)
{
	struct fixture *fixture = *state;

	put_exec(fixture, 10, PARENT, "old");
	put_mmap_at(fixture, 11, PARENT, "/bin/old");
	put_fork(fixture, 21, PARENT, CHILD);
	put_fork(fixture, 31, PARENT, OTHER);
	put_mmap_at(fixture, 40, CHILD, "/lib/child");
	put_mmap_at(fixture, 41, PARENT, "/lib/parent");
	put_event(fixture, SMOLDER_EVENT_EXIT, 42, task_of(CHILD, 20, 1));
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 1), "/lib/child");
	expect_file(fixture, task_of(OTHER, 30, 1), "/bin/old");
	assert_int_equal(counters_of(fixture).ambiguous, 1);
}

static void forgets_the_dead_in_time(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task task = task_of(CHILD, 20, 6), before = task_of(CHILD, 20, 5);

	tell_usual_story(fixture);
	processes_forget_before(fixture->processes, 30);
	expect_file(fixture, before, "/bin/old");
	processes_forget_before(fixture->processes, 31);
	expect_reason(fixture, before, 0x1010, PLACE_UNKNOWN_IMAGE);
	put_event(fixture, SMOLDER_EVENT_EXIT, 40, task);
	processes_drain(fixture->processes);
	assert_int_equal(counters_of(fixture).exits, 1);
	processes_forget_before(fixture->processes, 40);
	expect_file(fixture, task, "/bin/new");
	processes_forget_before(fixture->processes, 41);
	expect_reason(fixture, task, 0x1010, PLACE_UNKNOWN_PROCESS);
	assert_string_equal(processes_comm(fixture->processes, &task), "");
}

static void keeps_to_its_cap(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i < 3; i++) {
		put_fork(fixture, 10 * i + 1, PARENT, CHILD + i);
		put_mmap_at(fixture, 10 * i + 2, CHILD + i, "/bin/x");
		put_event(fixture, SMOLDER_EVENT_EXIT, 10 * i + 3, task_of(CHILD + i, 10 * i, 1));
	}
	put_fork(fixture, 101, PARENT, CHILD + 10);
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 0 + 1, 1), "/bin/x");
	put_fork(fixture, 111, PARENT, CHILD + 11);
	processes_drain(fixture->processes);
	assert_int_equal(counters_of(fixture).lives, 2);
	assert_int_equal(counters_of(fixture).lives_over_cap, 3);
	for (uint32_t i = 0; i < 5; i++)
		put_fork(fixture, 201 + 2 * i, PARENT, CHILD + 20 + i);
	processes_drain(fixture->processes);
	assert_int_equal(counters_of(fixture).lives, 4);
	assert_int_equal(counters_of(fixture).lives_over_cap, 6);
}

static void leaves_threads_out(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task task = task_of(CHILD, 20, 6);

	tell_usual_story(fixture);
	put(fixture, (struct written){.type = PERF_RECORD_FORK,
				      .time_ns = 40,
				      .pid = CHILD,
				      .tid = OTHER,
				      .parent = CHILD});
	put(fixture, (struct written){.type = PERF_RECORD_COMM,
				      .time_ns = 41,
				      .pid = CHILD,
				      .tid = OTHER,
				      .text = "a thread"});
	put(fixture, (struct written){.type = PERF_RECORD_EXIT,
				      .time_ns = 42,
				      .pid = CHILD,
				      .tid = OTHER,
				      .parent = CHILD});
	processes_drain(fixture->processes);
	expect_file(fixture, task, "/bin/new");
	assert_string_equal(processes_comm(fixture->processes, &task), "new");
	assert_int_equal(counters_of(fixture).forks, 1);
	put(fixture, (struct written){.type = PERF_RECORD_COMM,
				      .time_ns = 50,
				      .pid = CHILD,
				      .tid = CHILD,
				      .text = "renamed"});
	processes_drain(fixture->processes);
	assert_string_equal(processes_comm(fixture->processes, &task), "renamed");
}

static void sorts_late_events(void **state)
{
	struct fixture *fixture = *state;

	put_event(fixture, SMOLDER_EVENT_EXIT, 50, task_of(CHILD, 20, 6));
	put_event(fixture, SMOLDER_EVENT_EXEC, 32, task_of(CHILD, 20, 6));
	put_event(fixture, SMOLDER_EVENT_FORK, 22, task_of(CHILD, 20, 5));
	put_event(fixture, SMOLDER_EVENT_FORK, 62, task_of(CHILD, 60, 5));
	put_fork(fixture, 21, PARENT, CHILD);
	put_exec(fixture, 30, CHILD, "new");
	put_mmap_at(fixture, 31, CHILD, "/bin/new");
	put_fork(fixture, 61, PARENT, CHILD);
	processes_drain(fixture->processes);
	expect_file(fixture, task_of(CHILD, 20, 6), "/bin/new");
	assert_int_equal(counters_of(fixture).lives_dead, 1);
	assert_int_equal(counters_of(fixture).events, 4);
}

/* Without any record, from events alone, nothing is made up. */
static void lives_on_events_alone(void **state)
{
	struct fixture *fixture = *state;

	put_event(fixture, SMOLDER_EVENT_FORK, 22, task_of(CHILD, 20, 5));
	put_event(fixture, SMOLDER_EVENT_EXEC, 32, task_of(CHILD, 20, 6));
	put_event(fixture, SMOLDER_EVENT_EXEC, 33, task_of(OTHER, 20, 3));
	put_event(fixture, SMOLDER_EVENT_EXIT, 40, task_of(PARENT, 1, 3));
	processes_drain(fixture->processes);
	expect_reason(fixture, task_of(CHILD, 20, 6), 0x1010, PLACE_UNMAPPED);
	expect_reason(fixture, task_of(OTHER, 20, 3), 0x1010, PLACE_UNMAPPED);
	expect_reason(fixture, task_of(PARENT, 1, 3), 0x1010, PLACE_UNKNOWN_PROCESS);
}

static void names_memory_without_file(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task a = task_of(CHILD, 20, 6), b = task_of(OTHER, 40, 5);
	struct place place;
	uint32_t object;

	tell_usual_story(fixture);
	put_mmap_at(fixture, 40, CHILD, "//anon");
	put_fork(fixture, 41, CHILD, OTHER);
	processes_drain(fixture->processes);
	expect_reason(fixture, a, 0x1010, PLACE_ANONYMOUS);
	processes_normalize(fixture->processes, &a, 0x1010, &place);
	object = place.object;
	assert_int_equal(objects_get(processes_objects(fixture->processes), object)->owner.tgid,
			 CHILD);
	b.exec_gen = 6;
	processes_normalize(fixture->processes, &b, 0x1010, &place);
	assert_int_not_equal(place.object, object);
	assert_int_equal(
		objects_get(processes_objects(fixture->processes), place.object)->owner.tgid,
		OTHER);
}

static void knows_the_vsyscall_page(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task nobody = task_of(OTHER, 1, 1);
	struct place place;

	processes_normalize(fixture->processes, &nobody, 0xffffffffff600400, &place);
	assert_int_equal(place.reason, PLACE_OK);
	assert_int_equal(place.object, OBJECT_ID_VSYSCALL);
	assert_int_equal(place.offset, 0x400);
	expect_reason(fixture, nobody, 0xffffffffff601000, PLACE_UNKNOWN_PROCESS);
}

#define TOLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD(follows_fork_and_exec),
		TOLD(tells_whose_mappings_changed),
		TOLD(never_mixes_images_up),
		TOLD(never_mixes_lives_up),
		TOLD(takes_a_start_from_the_fork_record),
		TOLD(deduces_generations),
		TOLD(takes_any_generation_of_an_only_image),
		TOLD(doubts_when_records_were_lost),
		TOLD(notices_an_exec_without_record),
		TOLD(looks_back_during_an_exec),
		TOLD(waits_for_a_pending_exec),
		TOLD(shares_mappings_until_changed),
		TOLD(forgets_the_dead_in_time),
		cmocka_unit_test_setup_teardown(keeps_to_its_cap, set_up_small, tear_down),
		TOLD(leaves_threads_out),
		TOLD(sorts_late_events),
		TOLD(lives_on_events_alone),
		TOLD(names_memory_without_file),
		TOLD(knows_the_vsyscall_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
