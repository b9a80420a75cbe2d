// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/options.h"

#include "base/cleanup.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#define WORDS_MAX 16

struct seen {
	char log[256]; /* "a=1;flag;", in the order applied */
};

static int note(void *ctx, const struct option_spec *spec, const char *value)
{
	struct seen *seen = ctx;
	size_t len = strlen(seen->log);

	if (value && strcmp(value, "bad") == 0)
		return -EINVAL;
	snprintf(seen->log + len, sizeof(seen->log) - len, "%s%s%s;", spec->name, value ? "=" : "",
		 value ? value : "");
	return 0;
}

static const struct option_spec specs[] = {
	{'a', "alpha", true, note, 0},
	{0, "album", true, note, 0},
	{'f', "flag", false, note, 0},
	{0},
};

static const struct verb verb = {
	.name = "test",
	.arguments = "[X]",
	.summary = "Test",
	.help = "  -a\n",
};

struct outcome {
	int operands;
	struct seen seen;
	char said[512];        /* on the redirected stream */
	char *argv[WORDS_MAX]; /* in the order options_parse() left */
	char text[256];
};

/* Everything written to `stream_fd` meanwhile goes to a file in memory. */
static int redirect(FILE *stream, int stream_fd, int to_fd)
{
	int saved = dup(stream_fd);

	fflush(stream);
	assert_true(saved >= 0 && dup2(to_fd, stream_fd) >= 0);
	return saved;
}

static void parse_words(struct outcome *outcome, FILE *stream, int stream_fd)
{
	int file = memfd_create("said", MFD_CLOEXEC), saved = redirect(stream, stream_fd, file);
	ssize_t len;

	outcome->operands = options_parse(&verb, specs, &outcome->seen, outcome->argv);
	close(redirect(stream, stream_fd, saved));
	close(saved);
	len = pread(file, outcome->said, sizeof(outcome->said) - 1, 0);
	assert_true(len >= 0);
	outcome->said[len] = '\0';
	close(file);
}

/* Parses the words of one line, as after "smolder". */
static struct outcome *parse(const char *line, FILE *stream, int stream_fd)
{
	static struct outcome outcome;
	int count = 0;

	outcome = (struct outcome){0};
	snprintf(outcome.text, sizeof(outcome.text), "%s", line);
	for (char *word = strtok(outcome.text, " "); word; word = strtok(NULL, " "))
		outcome.argv[count++] = word;
	parse_words(&outcome, stream, stream_fd);
	return &outcome;
}

static void check(const char *line, const char *log, int operands)
{
	struct outcome *outcome = parse(line, stderr, STDERR_FILENO);

	assert_string_equal(outcome->said, "");
	assert_string_equal(outcome->seen.log, log);
	assert_int_equal(outcome->operands, operands);
}

static void check_error(const char *line, const char *message)
{
	struct outcome *outcome = parse(line, stderr, STDERR_FILENO);
	char wanted[256];

	snprintf(wanted, sizeof(wanted), "smolder: test: %s (see 'smolder test --help')\n",
		 message);
	assert_string_equal(outcome->said, wanted);
	assert_int_equal(outcome->operands, -EINVAL);
}

static void applies_in_order(void **state)
{
	(void)state;
	check("test", "", 1);
	check("test -a 1 --album 2 --flag", "alpha=1;album=2;flag;", 6);
	check("test -a1 -fa 2 --album=3", "alpha=1;flag;alpha=2;album=3;", 5);
	check("test --alp=x", "alpha=x;", 2);
	check("test -a -f", "alpha=-f;", 3);
}

static void operands_end_up_behind(void **state)
{
	struct outcome *outcome;

	(void)state;
	check("test x -f y -a 1", "flag;alpha=1;", 4);
	outcome = parse("test x -f y", stderr, STDERR_FILENO);
	assert_string_equal(outcome->argv[outcome->operands], "x");
	assert_string_equal(outcome->argv[outcome->operands + 1], "y");
}

static void nothing_behind_two_dashes_is_ours(void **state)
{
	struct outcome *outcome = parse("test -f -- cmd -f --help -x", stderr, STDERR_FILENO);

	(void)state;
	assert_string_equal(outcome->seen.log, "flag;");
	assert_int_equal(outcome->operands, 3);
	assert_string_equal(outcome->argv[3], "cmd");
	assert_string_equal(outcome->argv[6], "-x");
}

static void names_the_culprit(void **state)
{
	(void)state;
	check_error("test -x", "unknown option '-x'");
	check_error("test -fx", "unknown option '-x'");
	check_error("test --frob", "unknown option '--frob'");
	check_error("test --frob=1", "unknown option '--frob=1'");
	check_error("test -f x --frob y", "unknown option '--frob'");
	check_error("test --al 1", "option '--al' is the beginning of several");
	check_error("test --al=1", "option '--al=1' is the beginning of several");
	check_error("test -a", "option '-a' needs a value");
	check_error("test --alpha", "option '--alpha' needs a value");
	check_error("test --album", "option '--album' needs a value");
	check_error("test --flag=1", "option '--flag' takes no value");
	check_error("test --help=1", "option '--help' takes no value");
}

static void stops_at_a_bad_value(void **state)
{
	struct outcome *outcome = parse("test -a 1 -a bad -f", stderr, STDERR_FILENO);

	(void)state;
	assert_int_equal(outcome->operands, -EINVAL);
	assert_string_equal(outcome->seen.log, "alpha=1;");
	assert_string_equal(outcome->said, ""); /* whoever applies it says why */
}

static void help_goes_to_standard_output(void **state)
{
	struct outcome *outcome = parse("test -f --help -x", stdout, STDOUT_FILENO);

	(void)state;
	assert_int_equal(outcome->operands, OPTIONS_HELP);
	assert_string_equal(outcome->said, "usage: smolder test [X]\n\nTest.\n\n  -a\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applies_in_order),
		cmocka_unit_test(operands_end_up_behind),
		cmocka_unit_test(nothing_behind_two_dashes_is_ours),
		cmocka_unit_test(names_the_culprit),
		cmocka_unit_test(stops_at_a_bad_value),
		cmocka_unit_test(help_goes_to_standard_output),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
