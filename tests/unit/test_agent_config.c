// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/agent_config.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int parse(const char *text, struct agent_config *config, struct err *err)
{
	char copy[1024];

	snprintf(copy, sizeof(copy), "%s", text);
	agent_config_init(config);
	return agent_config_parse(config, copy, "the.conf", err);
}

static void defaults_are_what_the_manual_says(void **state)
{
	struct agent_config config;

	(void)state;
	agent_config_init(&config);
	assert_int_equal(config.frequency_hz, 19);
	assert_int_equal(config.window_ns, 60 * NS_PER_SEC);
	assert_int_equal(config.cpu_max_ppm, 5000);
	assert_int_equal(config.memory_max, 64 << 20);
	assert_string_equal(config.kill_switch, "/run/smolder/stop");
}

static void a_file_is_lines_of_settings(void **state)
{
	struct agent_config config;
	struct err err;

	(void)state;
	assert_int_equal(parse("# all of it\n\n  store=/var/x  \nfrequency = 99 # more\r\n"
			       "max-cpu = 0.25%\nmax-memory=0\nwindow = 5m\nevent=cpu-clock",
			       &config, &err),
			 0);
	assert_string_equal(config.store, "/var/x");
	assert_int_equal(config.frequency_hz, 99);
	assert_int_equal(config.cpu_max_ppm, 2500);
	assert_int_equal(config.memory_max, 0);
	assert_int_equal(config.window_ns, 300 * NS_PER_SEC);
	assert_int_equal(config.event, TICK_CPU_CLOCK);
}

static void what_is_wrong_is_named_with_its_line(void **state)
{
	static const struct {
		const char *text, *message;
	} bad[] = {
		{"frequency = 0", "the.conf:1: frequency '0' is not a number from 1 to 10000"},
		{"\n\nwindow = soon", "the.conf:3: window 'soon' is not a time from 1s to 1h"},
		{"window = 2h", "the.conf:1: window '2h' is not a time from 1s to 1h"},
		{"speed = 3", "the.conf:1: there is no setting 'speed'"},
		{"frequency 3", "the.conf:1: 'frequency 3' is not of the form 'name = value'"},
		{"max-cpu = 101%", "the.conf:1: max-cpu '101%' is not a share such as 0.5%, or 0"},
		{"max-memory = 1M",
		 "the.conf:1: max-memory '1M' is not a size of 16M or more, or 0"},
		{"unwind-memory = 3M",
		 "the.conf:1: unwind-memory '3M' is not a power of two from 1M to 256M"},
		{"store =", "the.conf:1: store '' is not a directory"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct agent_config config;
		struct err err;

		assert_int_equal(parse(bad[i].text, &config, &err), -EINVAL);
		assert_string_equal(err.text, bad[i].message);
	}
}

static void the_last_word_is_the_command_lines(void **state)
{
	const struct agent_setting settings[] = {{"store", "/s"}, {"frequency", "7"}};
	struct agent_sources sources = {.settings = settings, .settings_len = 2};
	struct agent_config config;
	struct err err;

	(void)state;
	assert_int_equal(agent_config_load(&sources, &config, &err), 0);
	assert_int_equal(config.frequency_hz, 7);
	sources.settings_len = 0;
	assert_int_equal(agent_config_load(&sources, &config, &err), -EINVAL);
	assert_string_equal(err.text, "no store: give --store DIR");
	sources.path = "/nonexistent/agent.conf";
	assert_int_equal(agent_config_load(&sources, &config, &err), -ENOENT);
}

static void some_changes_take_a_restart(void **state)
{
	struct agent_config a, b;

	(void)state;
	agent_config_init(&a);
	b = a;
	b.frequency_hz = 99;
	b.window_ns = NS_PER_SEC;
	assert_true(agent_config_is_compatible(&a, &b));
	strcpy(b.store, "/elsewhere");
	assert_false(agent_config_is_compatible(&a, &b));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_what_the_manual_says),
		cmocka_unit_test(a_file_is_lines_of_settings),
		cmocka_unit_test(what_is_wrong_is_named_with_its_line),
		cmocka_unit_test(the_last_word_is_the_command_lines),
		cmocka_unit_test(some_changes_take_a_restart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
