// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The tracker on a real kernel: short programs are forked and run, and what the side band told of them
 * is looked at when they are gone. Needs the right to open perf events on all processes.
 */
#include "base/clock.h"
#include "base/fs.h"
#include "profiler/process/object_build_id.h"
#include "profiler/process/processes_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#define STORM_FORKS 200u

struct fixture {
	char directory[32];
	struct processes *processes;
};

static int set_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct err err;
	int r;

	if (!fixture)
		return -1;
	strcpy(fixture->directory, "/tmp/processes-XXXXXX");
	if (!mkdtemp(fixture->directory) ||
	    processes_new(&(struct processes_options){0}, &fixture->processes, &err) < 0)
		return -1;
	*state = fixture;
	r = processes_open_sideband(fixture->processes, &err);
	if (r < 0)
		print_message("%s\n", err.text);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *fixture = *state;

	processes_free(fixture->processes);
	rmdir(fixture->directory);
	free(fixture);
	return 0;
}

static struct fixture *need_sideband(void **state)
{
	struct fixture *fixture = *state;

	if (!fixture->processes->sideband || fixture->processes->counters.foreign_pid_namespace) {
		print_message("the side band cannot be opened here\n");
		skip();
	}
	assert_int_equal(processes_snapshot(fixture->processes, NULL), 0);
	return fixture;
}

static void copy_file(const char *from, const char *to)
{
	_cleanup_buf_ struct buf data = {0};
	_cleanup_close_ int fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0700);

	assert_true(fd >= 0);
	assert_int_equal(fs_read_file(from, 64u << 20, &data), 0);
	assert_int_equal(fs_write_all(fd, data.data, data.len), 0);
}

static pid_t start(const char *program, const char *argument)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		execl(program, program, argument, NULL);
		_exit(127);
	}
	return pid;
}

static void finish(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The object of this path among the mappings of the process's last image. */
static const struct object *find_object(struct fixture *fixture, pid_t pid, const char *path)
{
	struct life *life = lives_newest(&fixture->processes->lives, (uint32_t)pid);
	struct mappings *mappings;

	assert_non_null(life);
	assert_non_null(life_current(life));
	mappings = life_current(life)->mappings;
	for (size_t i = 0; i < mappings_count(mappings); i++) {
		uint32_t id = mappings_get(mappings, i)->object;
		const struct object *object =
			objects_get(processes_objects(fixture->processes), id);

		if (strcmp(object->path, path) == 0)
			return object;
	}
	fail_msg("%s is not among the %zu mappings of process %d", path, mappings_count(mappings),
		 pid);
	return NULL;
}

/* The descriptor held is that of a file with the same build-id as this one. */
static void expect_same_code(const struct object *object, const char *path)
{
	_cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct object_build_id there, here;

	if (object->fd < 0)
		fail_msg("%s: %s", object->path, object_unpinned_name(object->unpinned));
	assert_int_equal(object_build_id_read(fd, &there), 0);
	assert_int_equal(object_build_id_read(object->fd, &here), 0);
	assert_true(there.len == here.len && there.len > 0);
	assert_memory_equal(there.bytes, here.bytes, here.len);
}

/* A sample of the process's last image would be placed in this file. */
static void expect_place(struct fixture *fixture, pid_t pid, const char *path)
{
	struct life *life = lives_newest(&fixture->processes->lives, (uint32_t)pid);
	struct smolder_task task = {
		.tgid = (uint32_t)pid, .start_ns = life->fork_ns, .exec_gen = 9};
	struct mappings *mappings = life_current(life)->mappings;
	struct place place;

	/* What the event of the exec would have told. */
	life_current(life)->exec_gen = task.exec_gen;
	life_current(life)->exec_gen_known = true;
	for (size_t i = 0; i < mappings_count(mappings); i++) {
		const struct mapping *mapping = mappings_get(mappings, i);

		processes_normalize(fixture->processes, &task, mapping->start + 5, &place);
		assert_int_equal(place.reason, PLACE_OK);
		if (strcmp(objects_get(processes_objects(fixture->processes), place.object)->path,
			   path) == 0) {
			assert_int_equal(place.offset, mapping->file_offset + 5);
			return;
		}
	}
	fail_msg("nothing of %s", path);
}

static void sees_a_short_program(void **state)
{
	struct fixture *fixture = need_sideband(state);
	char true_path[PATH_MAX];
	pid_t pid;

	assert_non_null(realpath("/bin/true", true_path));
	pid = start("/bin/true", NULL);
	finish(pid);
	processes_drain(fixture->processes);
	expect_same_code(find_object(fixture, pid, true_path), "/bin/true");
	assert_int_equal(find_object(fixture, pid, "[vdso]")->kind, OBJECT_VDSO);
	expect_place(fixture, pid, true_path);
	assert_string_equal(
		life_current(lives_newest(&fixture->processes->lives, (uint32_t)pid))->comm,
		"true");
}

static void sees_a_deleted_program(void **state)
{
	struct fixture *fixture = need_sideband(state);
	char path[64];
	pid_t pid;

	snprintf(path, sizeof(path), "%s/napper", fixture->directory);
	copy_file("/bin/sleep", path);
	pid = start(path, "0.1");
	usleep(20000);
	unlink(path);
	processes_drain(fixture->processes);
	finish(pid);
	expect_same_code(find_object(fixture, pid, path), "/bin/sleep");
	expect_place(fixture, pid, path);
	assert_true(processes_objects_counters(fixture->processes)->by_map_files > 0);
}

/*
 * In a mount namespace of its own, where a file system only it sees hides the directory: runs one
 * program that will be gone when looked for, then becomes one that will not.
 */
static pid_t start_elsewhere(const char *directory, const char *gone, const char *there)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid)
		return pid;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("none", directory, "tmpfs", 0, NULL) < 0)
		_exit(77);
	copy_file("/bin/true", gone);
	copy_file("/bin/sleep", there);
	finish(start(gone, NULL));
	execl(there, there, "0.2", NULL);
	_exit(127);
}

static void sees_programs_of_another_mount_namespace(void **state)
{
	struct fixture *fixture = need_sideband(state);
	char gone[64], there[64];
	bool found = false;
	int status;
	pid_t pid;

	snprintf(gone, sizeof(gone), "%s/gone", fixture->directory);
	snprintf(there, sizeof(there), "%s/there", fixture->directory);
	pid = start_elsewhere(fixture->directory, gone, there);
	usleep(100000);
	processes_drain(fixture->processes);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WEXITSTATUS(status) == 77) {
		print_message("no mount namespaces here\n");
		skip();
	}
	assert_int_equal(access(there, F_OK), -1);
	expect_same_code(find_object(fixture, pid, there), "/bin/sleep");
	expect_place(fixture, pid, there);
	for (uint32_t id = 0; id < objects_count(processes_objects(fixture->processes)); id++) {
		const struct object *object =
			objects_get(processes_objects(fixture->processes), id);

		if (strcmp(object->path, gone) != 0)
			continue;
		found = true;
		expect_same_code(object, "/bin/true");
	}
	assert_true(found);
	assert_true(processes_objects_counters(fixture->processes)->by_ancestor > 0);
}

static void follows_a_storm(void **state)
{
	struct fixture *fixture = need_sideband(state);
	uint32_t objects_before, fds_before;
	struct processes_counters counters;
	char true_path[PATH_MAX];
	pid_t pids[STORM_FORKS];

	assert_non_null(realpath("/bin/true", true_path));
	finish(start("/bin/true", NULL));
	processes_drain(fixture->processes);
	objects_before = objects_count(processes_objects(fixture->processes));
	fds_before = objects_fds(processes_objects(fixture->processes));
	for (size_t i = 0; i < STORM_FORKS; i++) {
		pids[i] = start("/bin/true", NULL);
		finish(pids[i]);
		if (i % 20 == 0)
			processes_drain(fixture->processes);
	}
	processes_drain(fixture->processes);
	processes_counters(fixture->processes, &counters);
	assert_true(counters.forks > STORM_FORKS);
	assert_true(counters.execs > STORM_FORKS);
	assert_int_equal(counters.sideband.lost, 0);
	assert_int_equal(counters.sideband.corrupt, 0);
	for (size_t i = 0; i < STORM_FORKS; i++)
		assert_true(find_object(fixture, pids[i], true_path)->fd >= 0);
	/* Other programs may run on this host, but not hundreds of new ones. */
	assert_true(objects_count(processes_objects(fixture->processes)) < objects_before + 100);
	assert_true(objects_fds(processes_objects(fixture->processes)) < fds_before + 100);
	processes_forget_before(fixture->processes, UINT64_MAX);
	for (size_t i = 0; i < STORM_FORKS; i++)
		assert_null(lives_newest(&fixture->processes->lives, (uint32_t)pids[i]));
}

static void survives_hotplug(void **state)
{
	struct fixture *fixture = need_sideband(state);
	struct processes_counters counters;
	char true_path[PATH_MAX];
	uint32_t cpus;
	pid_t pid;

	assert_non_null(realpath("/bin/true", true_path));
	processes_counters(fixture->processes, &counters);
	cpus = counters.sideband.cpus;
	assert_true(cpus > 0);
	assert_int_equal(processes_cpu_online(fixture->processes, 0, NULL), 0);
	processes_counters(fixture->processes, &counters);
	assert_int_equal(counters.sideband.cpus, cpus);
	assert_int_equal(fixture->processes->lost_ns, 0);
	pid = start("/bin/true", NULL);
	finish(pid);
	processes_cpu_offline(fixture->processes, 0);
	assert_int_equal(processes_cpu_online(fixture->processes, 0, NULL), 0);
	processes_drain(fixture->processes);
	processes_drain(fixture->processes);
	find_object(fixture, pid, true_path);
	processes_counters(fixture->processes, &counters);
	assert_int_equal(counters.sideband.cpus, cpus);
	pid = start("/bin/true", NULL);
	finish(pid);
	processes_drain(fixture->processes);
	find_object(fixture, pid, true_path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sees_a_short_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sees_a_deleted_program, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sees_programs_of_another_mount_namespace, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(follows_a_storm, set_up, tear_down),
		cmocka_unit_test_setup_teardown(survives_hotplug, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
