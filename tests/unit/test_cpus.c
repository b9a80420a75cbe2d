// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/cpus.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static void check_list(const char *text, const uint32_t *ids, size_t len)
{
	_cleanup_(cpu_list_free) struct cpu_list list = {0};

	assert_int_equal(cpu_list_parse(text, &list), 0);
	assert_int_equal(list.ids.len, len);
	for (size_t i = 0; i < len; i++)
		assert_int_equal(list.ids.items[i], ids[i]);
}

static void reads_the_kernels_lists(void **state)
{
	(void)state;
	check_list("", NULL, 0);
	check_list("0", (const uint32_t[]){0}, 1);
	check_list("0-3", (const uint32_t[]){0, 1, 2, 3}, 4);
	check_list("0-1,5,8-9", (const uint32_t[]){0, 1, 5, 8, 9}, 5);
	check_list("65535", (const uint32_t[]){65535}, 1);
}

static void refuses_what_is_none(void **state)
{
	static const char *const broken[] = {
		"x",   "-",       "0-",    "-3", "3-1",   "1,,2",       ",1",
		"0-x", "0-65536", "65536", "0 ", "0-3-5", "4294967296", "99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
		struct cpu_list list = {.ids = {.len = 77}};

		if (cpu_list_parse(broken[i], &list) >= 0)
			fail_msg("'%s' was taken for a list", broken[i]);
		assert_int_equal(list.ids.len, 77);
	}
}

static void knows_the_cpus_of_this_host(void **state)
{
	_cleanup_(cpu_list_free) struct cpu_list online = {0};
	struct err err;

	(void)state;
	assert_int_equal(cpu_list_online(&online, &err), 0);
	assert_int_equal(online.ids.len, sysconf(_SC_NPROCESSORS_ONLN));
	assert_true(cpu_list_has(&online, online.ids.items[0]));
	assert_false(cpu_list_has(&online, 65535));
}

static void say(int fd, const char *message)
{
	assert_int_equal(send(fd, message, strlen(message), 0), strlen(message));
}

/* Messages as the kernel's, through a socket of our own. */
static void hears_of_cpus_and_of_nothing_else(void **state)
{
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
	assert_false(cpu_watch_drain(fds[0]));
	say(fds[1], "change@/devices/virtual/block/loop0");
	say(fds[1], "add@/devices/system/memory/memory9");
	assert_false(cpu_watch_drain(fds[0]));
	say(fds[1], "offline@/devices/system/cpu/cpu1");
	say(fds[1], "change@/devices/virtual/block/loop0");
	assert_true(cpu_watch_drain(fds[0]));
	assert_false(cpu_watch_drain(fds[0]));
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_kernels_lists),
		cmocka_unit_test(refuses_what_is_none),
		cmocka_unit_test(knows_the_cpus_of_this_host),
		cmocka_unit_test(hears_of_cpus_and_of_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
