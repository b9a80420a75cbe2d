// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Programs of the kernel by address and time; and as the side band tells of them. */
#include "profiler/process/kernel_programs.h"

#include "tests/unit/processes_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static uint32_t at(const struct kernel_programs *programs, uint64_t address)
{
	const struct kernel_program *program = kernel_programs_find(programs, address);

	return program ? program->object : 0;
}

static void add(struct kernel_programs *programs, uint64_t start, uint64_t limit, uint32_t object)
{
	kernel_programs_add(programs, &(struct kernel_program){
					      .start = start, .limit = limit, .object = object});
}

static void the_last_one_there_is_found(void **state)
{
	_cleanup_(kernel_programs_free) struct kernel_programs programs = {0};

	(void)state;
	assert_int_equal(at(&programs, 0x1000), 0);
	add(&programs, 0x3000, 0x3100, 3);
	add(&programs, 0x1000, 0x1100, 1);
	add(&programs, 0x2000, 0x2100, 2);
	add(&programs, 0x5000, 0x5000, 5); /* empty */
	assert_int_equal(at(&programs, 0xfff), 0);
	assert_int_equal(at(&programs, 0x1000), 1);
	assert_int_equal(at(&programs, 0x10ff), 1);
	assert_int_equal(at(&programs, 0x1100), 0);
	assert_int_equal(at(&programs, 0x3050), 3);
	assert_true(kernel_programs_end(&programs, 0x2000, 100));
	assert_false(kernel_programs_end(&programs, 0x2050, 100));
	assert_int_equal(at(&programs, 0x2050), 2); /* samples of it may still be on their way */
	add(&programs, 0x10f0, 0x3001, 4);
	assert_int_equal(programs.programs.len, 1); /* all it overlaps must have left */
	assert_int_equal(at(&programs, 0x2050), 4);
	add(&programs, 0x9000, 0x9001, 9);
	add(&programs, 0x10f0, 0x3001, 6);
	assert_int_equal(at(&programs, 0x2050), 6);
	assert_int_equal(at(&programs, 0x9000), 9);
}

static void the_gone_are_forgotten_in_time(void **state)
{
	_cleanup_(kernel_programs_free) struct kernel_programs programs = {0};

	(void)state;
	add(&programs, 0x1000, 0x1100, 1);
	add(&programs, 0x2000, 0x2100, 2);
	assert_true(kernel_programs_end(&programs, 0x1000, 100));
	kernel_programs_forget_before(&programs, 100);
	assert_int_equal(at(&programs, 0x1000), 1);
	kernel_programs_forget_before(&programs, 101);
	assert_int_equal(at(&programs, 0x1000), 0);
	assert_int_equal(at(&programs, 0x2000), 2);
}

static void there_is_an_end_to_it(void **state)
{
	_cleanup_(kernel_programs_free) struct kernel_programs programs = {0};

	(void)state;
	for (uint64_t i = 0; i < KERNEL_PROGRAMS_MAX + 5; i++)
		add(&programs, 0x1000 * i, 0x1000 * i + 16, 7);
	assert_int_equal(programs.over_cap, 5);
	assert_int_equal(programs.programs.len, KERNEL_PROGRAMS_MAX);
}

static void put_code(struct fixture *fixture, uint64_t time_ns, const char *name, bool gone)
{
	put(fixture, (struct written){.type = PERF_RECORD_KSYMBOL,
				      .time_ns = time_ns,
				      .start = 0xffffffffc0001000,
				      .len = 0x100,
				      .gone = gone,
				      .text = name});
}

static const char *name_at(const struct fixture *fixture, uint64_t address)
{
	uint32_t id = processes_kernel_object(fixture->processes, address);

	return objects_get(processes_objects(fixture->processes), id)->path;
}

static void as_the_side_band_tells(void **state)
{
	struct fixture *fixture = *state;

	assert_string_equal(name_at(fixture, 0xffffffffc0001010), "[kernel.kallsyms]");
	put_code(fixture, 10, "bpf_prog_1_before", true); /* we had missed its beginning */
	processes_drain(fixture->processes);
	assert_string_equal(name_at(fixture, 0xffffffffc0001010), "bpf_prog_1_before");
	put_code(fixture, 20, "bpf_prog_2_after", false);
	processes_drain(fixture->processes);
	assert_string_equal(name_at(fixture, 0xffffffffc0001010), "bpf_prog_2_after");
	put_code(fixture, 30, "bpf_prog_2_after", true);
	processes_drain(fixture->processes);
	assert_string_equal(name_at(fixture, 0xffffffffc00010ff), "bpf_prog_2_after");
	processes_forget_before(fixture->processes, 31);
	assert_string_equal(name_at(fixture, 0xffffffffc0001010), "[kernel.kallsyms]");
	assert_string_equal(name_at(fixture, 0xffffffff81000000), "[kernel.kallsyms]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_one_there_is_found),
		cmocka_unit_test(the_gone_are_forgotten_in_time),
		cmocka_unit_test(there_is_an_end_to_it),
		cmocka_unit_test_setup_teardown(as_the_side_band_tells, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
