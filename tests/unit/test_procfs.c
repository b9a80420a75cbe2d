// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/procfs.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static const char maps_text[] =
	"00400000-00401000 r--p 00000000 fe:00 17 /bin/x\n"
	"00401000-00402000 r-xp 00001000 fe:00 17                                 /bin/x\n"
	"no sense at all\n"
	"00500000-00500000 r-xp 00000000 00:00 0 \n"
	"7f00c0000000-7f00c0021000 rwxp 00000000 00:00 0 \n"
	"7f00d0000000-7f00d0001000 r-xp 000a2000 103:0a 18446744073709551615      /a dir/b "
	"c\\012d.so (deleted)\n"
	"7ffd1000-7ffd2000 r-xp 00000000 00:00 0                              [vdso]\n"
	"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]\n"
	"00600000-00601000 r-xp 00000000 00:00 0 /cut sho";

static void reads_maps(void **state)
{
	_cleanup_buf_ struct buf text = {0};
	struct procfs_map map;
	size_t at = 0;

	(void)state;
	buf_append(&text, maps_text, sizeof(maps_text) - 1);
	assert_true(procfs_next_map(&text, &at, &map));
	assert_false(map.executable);
	assert_string_equal(map.path, "/bin/x");
	assert_true(procfs_next_map(&text, &at, &map));
	assert_true(map.executable);
	assert_int_equal(map.start, 0x401000);
	assert_int_equal(map.limit, 0x402000);
	assert_int_equal(map.file_offset, 0x1000);
	assert_int_equal(map.major, 0xfe);
	assert_int_equal(map.minor, 0);
	assert_int_equal(map.inode, 17);
	assert_string_equal(map.path, "/bin/x");
	assert_true(procfs_next_map(&text, &at, &map));
	assert_int_equal(map.start, 0x7f00c0000000);
	assert_true(map.executable);
	assert_string_equal(map.path, "");
	assert_true(procfs_next_map(&text, &at, &map));
	assert_int_equal(map.major, 0x103);
	assert_int_equal(map.minor, 0xa);
	assert_true(map.inode == UINT64_MAX);
	assert_string_equal(map.path, "/a dir/b c\nd.so (deleted)");
	assert_true(procfs_next_map(&text, &at, &map));
	assert_string_equal(map.path, "[vdso]");
	assert_true(procfs_next_map(&text, &at, &map));
	assert_string_equal(map.path, "[vsyscall]");
	assert_int_equal(map.start, 0xffffffffff600000);
	assert_false(procfs_next_map(&text, &at, &map));
}

static int parse_stat(const char *text, struct procfs_stat *stat)
{
	return procfs_parse_stat(text, strlen(text), stat);
}

static void reads_stat(void **state)
{
	struct procfs_stat stat;

	(void)state;
	assert_int_equal(parse_stat("12 (a) b) c) S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 "
				    "98765 1000 3\n",
				    &stat),
			 0);
	assert_string_equal(stat.comm, "a) b) c");
	assert_int_equal(stat.parent_tgid, 7);
	assert_int_equal(stat.start_ticks, 98765);
	assert_false(stat.is_kernel);
	assert_false(stat.is_dead);
	assert_int_equal(stat.state, 'S');
	assert_int_equal(
		parse_stat("2 (kthreadd) Z 0 0 0 0 -1 2129984 1 2 3 4 5 6 7 8 20 0 1 0 3 ", &stat),
		0);
	assert_true(stat.is_kernel);
	assert_true(stat.is_dead);
	assert_int_equal(stat.state, 'Z');
	assert_int_equal(
		parse_stat("9 (sixteen chars and more) S 1 1 1 0 -1 0 1 2 3 4 5 6 7 8 20 0 "
			   "1 0 5 6",
			   &stat),
		0);
	assert_string_equal(stat.comm, "sixteen chars a");
}

static void refuses_bad_stat(void **state)
{
	static const char *const texts[] = {
		"",
		"12",
		"12 (a",
		")(",
		"12 (a)",
		"12 (a) S",
		"12 (a) S 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ",
		"12 (a) S x 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9"};
	struct procfs_stat stat;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		assert_int_equal(parse_stat(texts[i], &stat), -EINVAL);
}

/* The maps of this process hold this function, and its stat names a start not in the future. */
static void reads_itself(void **state)
{
	_cleanup_buf_ struct buf text = {0};
	uint64_t here = (uint64_t)(uintptr_t)reads_itself;
	struct procfs_stat stat;
	struct procfs_map map;
	bool found = false;
	size_t at = 0;

	(void)state;
	assert_int_equal(procfs_read_maps((uint32_t)getpid(), &text), 0);
	while (procfs_next_map(&text, &at, &map))
		found |= map.executable && map.start <= here && here < map.limit;
	assert_true(found);
	assert_int_equal(procfs_read_stat((uint32_t)getpid(), &stat), 0);
	assert_int_equal(stat.parent_tgid, getppid());
	assert_true(stat.start_ticks <= procfs_ticks_of_ns(clock_ns(CLOCK_BOOTTIME)));
}

static int parse_status(const char *text, struct procfs_status *ret_status)
{
	return procfs_parse_status(text, strlen(text), ret_status);
}

static void reads_status(void **state)
{
	struct procfs_status status;

	(void)state;
	assert_int_equal(parse_status("Name:\tx\nUid:\t1000\t1001\t1002\t1003\nGid:\t1\t1\t1\t1\n"
				      "NStgid:\t4711\t12\t1\nNSpid:\t9\n",
				      &status),
			 0);
	assert_int_equal(status.depth, 3);
	assert_int_equal(status.tgid, 4711);
	assert_int_equal(status.own_tgid, 1);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(status.uids[i], 1000 + i);
	assert_int_equal(procfs_read_status((uint32_t)getpid(), &status), 0);
	assert_int_equal(status.uids[0], getuid());
	assert_int_equal(status.own_tgid, getpid());
}

static void refuses_bad_status(void **state)
{
	struct procfs_status status;

	(void)state;
	assert_int_equal(parse_status("", &status), -EINVAL);
	assert_int_equal(parse_status("Name:\tx\nNStgid:\t1\n", &status), -EINVAL);
	assert_int_equal(parse_status("Name:\tx\nUid:\t1\t1\t1\nNStgid:\t1\n", &status), -EINVAL);
	assert_int_equal(parse_status("Name:\tx\nUid:\t1\t1\t1\t1\nNStgid:\tx\n", &status),
			 -EINVAL);
	assert_int_equal(parse_status("Name:\tx\nUid:\t1\t1\t1\t1\nNStgid:\t1", &status), -EINVAL);
}

static void tells_the_dead(void **state)
{
	struct procfs_stat stat;
	pid_t child = fork();
	siginfo_t info;

	(void)state;
	if (child == 0)
		_exit(0);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(procfs_read_stat((uint32_t)child, &stat), 0);
	assert_true(stat.is_dead);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(procfs_read_stat((uint32_t)child, &stat), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_maps),         cmocka_unit_test(reads_stat),
		cmocka_unit_test(refuses_bad_stat),   cmocka_unit_test(reads_itself),
		cmocka_unit_test(tells_the_dead),     cmocka_unit_test(reads_status),
		cmocka_unit_test(refuses_bad_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
