// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "profiler/cli/verbs.h"
#include "profiler/sandbox/worker.h"
#include "version.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static const struct verb *const verbs[] = {
	&verb_record, &verb_agent,        &verb_report,    &verb_convert, &verb_merge,
	&verb_stack,  &verb_unwind_table, &verb_symbolize, &verb_doctor,  &verb_bench,
};

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		if (strcmp(verbs[i]->name, name) == 0)
			return verbs[i];
	return NULL;
}

static void print_help(void)
{
	puts("usage: smolder VERB [ARGUMENTS]\n\n"
	     "A CPU profiler for the whole host: complete, named, accounted for.\n");
	for (size_t i = 0; i < ARRAY_SIZE(verbs); i++)
		printf("  %-13s %s\n", verbs[i]->name, verbs[i]->summary);
	puts("\n'smolder VERB --help' tells its options; smolder(1) tells all.");
}

static int run_help(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 3) {
		print_help();
		return EXIT_DONE;
	}
	verb = find_verb(argv[2]);
	if (!verb) {
		msg_error("unknown verb '%s' (see 'smolder help')", argv[2]);
		return EXIT_USAGE;
	}
	if (argc > 3) {
		msg_error("help: more than one verb (see 'smolder help')");
		return EXIT_USAGE;
	}
	options_print_help(verb);
	return EXIT_DONE;
}

static int dispatch(int argc, char **argv)
{
	const struct verb *verb;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
	    strcmp(argv[1], "help") == 0)
		return run_help(argc, argv);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		puts("smolder " SMOLDER_VERSION);
		return EXIT_DONE;
	}
	verb = find_verb(argv[1]);
	if (!verb) {
		msg_error("unknown verb '%s' (see 'smolder help')", argv[1]);
		return EXIT_USAGE;
	}
	return verb->run(verb, argc - 1, argv + 1);
}

static bool is_reader_gone(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&out, 1, 0) == 1 && out.revents & POLLERR;
}

/*
 * A result that did not reach its reader is a failure: a full disk, a closed pipe. Of the latter its reader
 * knows, as "| head" does.
 */
static int close_stdout(int code)
{
	if (fflush(stdout) != 0 || ferror(stdout)) {
		if (!is_reader_gone())
			msg_error("cannot write to standard output: %m");
		return EXIT_FAILED;
	}
	return code;
}

/*
 * A standard stream that is closed stays so, but nothing else may get its number: a message would be
 * written into a map. O_PATH is refused by read and write (EBADF, open(2)), and a child does not get it.
 */
static void reserve_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/", O_PATH | O_CLOEXEC); /* gets the lowest number, this one */
}

int main(int argc, char **argv)
{
	reserve_standard_streams();
	if (worker_is_wanted(argc, argv))
		worker_main();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL); /* who waits for a child must find it */
	return close_stdout(dispatch(argc, argv));
}
