// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* What the tracker learns from /proc, about the one process sure to be there: this one. */
#include "profiler/process/processes.h"
#include "tests/unit/processes_fixture.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

static struct smolder_task own_task(uint32_t exec_gen)
{
	uint64_t tick_ns = NS_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK);
	struct procfs_stat stat;

	assert_int_equal(procfs_read_stat((uint32_t)getpid(), &stat), 0);
	return task_of((uint32_t)getpid(), stat.start_ticks * tick_ns + 12345, exec_gen);
}

static void expect_own_file(struct fixture *fixture, struct smolder_task task, uint64_t address)
{
	const struct object *object;
	unsigned char bytes[16];
	struct stat there, exe;
	struct place place;

	processes_normalize(fixture->processes, &task, address, &place);
	if (place.reason != PLACE_OK)
		fail_msg("'%s'", place_reason_name(place.reason));
	object = objects_get(processes_objects(fixture->processes), place.object);
	assert_true(object->fd >= 0);
	assert_int_equal(fstat(object->fd, &there), 0);
	assert_int_equal(stat("/proc/self/exe", &exe), 0);
	assert_int_equal(there.st_ino, exe.st_ino);
	/* The bytes in memory are those in the file. */
	assert_int_equal(pread(object->fd, bytes, sizeof(bytes), (off_t)place.offset),
			 sizeof(bytes));
	assert_memory_equal(bytes, (void *)(uintptr_t)address, sizeof(bytes));
}

static void reads_a_living_process(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task task = own_task(3), wrong = task;
	uint32_t self = (uint32_t)getpid();
	struct place place;

	assert_int_equal(processes_snapshot_one(fixture->processes, self, NULL), 0);
	assert_int_equal(counters_of(fixture).snapshot_processes, 1);
	/* From before it was read: part of what was read. */
	put_exec(fixture, 10, self, "stale");
	put_mmap_at(fixture, 11, self, "/bin/stale");
	processes_drain(fixture->processes);
	wrong.start_ns += NS_PER_SEC;
	processes_normalize(fixture->processes, &wrong, (uint64_t)(uintptr_t)tear_down, &place);
	assert_int_equal(place.reason, PLACE_UNKNOWN_PROCESS);
	expect_own_file(fixture, task, (uint64_t)(uintptr_t)tear_down);
	processes_normalize(fixture->processes, &task, 0x1010, &place);
	assert_int_equal(place.reason, PLACE_UNMAPPED);
}

static void finds_an_unknown_living_process(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task task = own_task(3), wrong = task;
	struct place place;

	wrong.start_ns += NS_PER_SEC;
	processes_normalize(fixture->processes, &wrong, (uint64_t)(uintptr_t)tear_down, &place);
	assert_int_equal(place.reason, PLACE_UNKNOWN_PROCESS);
	expect_own_file(fixture, task, (uint64_t)(uintptr_t)tear_down);
	assert_int_equal(counters_of(fixture).rereads_useful, 1);
	assert_int_equal(counters_of(fixture).rereads, 2);
	processes_normalize(fixture->processes, &wrong, (uint64_t)(uintptr_t)tear_down, &place);
	assert_int_equal(place.reason, PLACE_UNKNOWN_PROCESS);
	assert_int_equal(counters_of(fixture).rereads, 2);
}

/* No record tells of the mapping: the miss makes us look, but not again at once. */
static void looks_again_on_a_miss(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task task = own_task(3);
	_cleanup_close_ int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct place place;
	char *map;

	assert_int_equal(processes_snapshot_one(fixture->processes, (uint32_t)getpid(), NULL), 0);
	map = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, exe, 0);
	assert_true(map != MAP_FAILED);
	expect_own_file(fixture, task, (uint64_t)(uintptr_t)map + 16);
	assert_int_equal(counters_of(fixture).rereads, 1);
	assert_int_equal(counters_of(fixture).rereads_useful, 1);
	for (int i = 0; i < 10; i++) {
		processes_normalize(fixture->processes, &task, 0x10, &place);
		assert_int_equal(place.reason, PLACE_UNMAPPED);
	}
	assert_int_equal(counters_of(fixture).rereads_put_off, 10);
	assert_int_equal(counters_of(fixture).rereads, 1);
	munmap(map, 4096);
}

static void does_not_look_while_an_exec_is_pending(void **state)
{
	struct fixture *fixture = *state;
	struct smolder_task task = own_task(3);
	struct place place;

	assert_int_equal(processes_snapshot_one(fixture->processes, (uint32_t)getpid(), NULL), 0);
	expect_own_file(fixture, task, (uint64_t)(uintptr_t)tear_down);
	put_exec(fixture, clock_ns(CLOCK_BOOTTIME), task.tgid, "new");
	processes_normalize(fixture->processes, &task, 0x10, &place);
	assert_int_equal(place.reason, PLACE_UNMAPPED);
	assert_int_equal(counters_of(fixture).rereads_raced, 1);
}

/* Where v2 says nothing, /proc/PID/cgroup is asked, if there are v1 hierarchies at all. */
static void labels_a_living_process(void **state)
{
	struct fixture *fixture = *state;
	struct containers *containers = fixture->processes->containers;
	struct smolder_task task = own_task(3);
	struct container_labels labels, own = {"", ""};

	assert_int_equal(processes_snapshot_one(fixture->processes, task.tgid, NULL), 0);
	if (containers_need_process(containers))
		containers_labels(containers, containers_by_process(containers, task.tgid), &own);
	processes_labels(fixture->processes, &task, 0, &labels);
	assert_string_equal(labels.container_id, own.container_id);
	assert_string_equal(labels.cgroup, strcmp(own.cgroup, "/") == 0 ? "" : own.cgroup);
	task.start_ns += NS_PER_SEC;
	processes_labels(fixture->processes, &task, 0, &labels);
	assert_string_equal(labels.cgroup, "");
}

#define TOLD(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TOLD(reads_a_living_process),  TOLD(finds_an_unknown_living_process),
		TOLD(looks_again_on_a_miss),   TOLD(does_not_look_while_an_exec_is_pending),
		TOLD(labels_a_living_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
