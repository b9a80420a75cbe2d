// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder doctor: what works here, what does not, why, and what to do. */
#include "profiler/doctor/examine_host.h"

#include "base/parse.h"
#include "profiler/cli/confine.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "profiler/doctor/examine_process.h"

static int apply_no_sandbox(void *ctx, const struct option_spec *spec, const char *value)
{
	(void)spec, (void)value;
	*(bool *)ctx = true;
	return 0;
}

static const struct option_spec specs[] = {
	{0, "no-sandbox", false, apply_no_sandbox, 0},
	{0},
};

static int run_process(const struct verb *verb, const char *text, bool no_sandbox)
{
	struct sandbox *sandbox;
	uint32_t pid;
	struct err err;
	int r;

	if (parse_u32(text, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return options_error(verb, "'%s' is no pid", text), EXIT_USAGE;
	if (confine_open(no_sandbox, &sandbox) < 0)
		return EXIT_FAILED;
	r = examine_process(pid, sandbox, &err);
	sandbox_free(sandbox);
	if (r == 0)
		return EXIT_DONE;
	msg_error("%s", err.text);
	return EXIT_FAILED;
}

static int run_doctor(const struct verb *verb, int argc, char **argv)
{
	bool no_sandbox = false;
	int operands = options_parse(verb, specs, &no_sandbox, argv);

	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (argc - operands > 1)
		return options_error(verb, "more than one pid"), EXIT_USAGE;
	if (argc - operands == 1)
		return run_process(verb, argv[operands], no_sandbox);
	return examine_host() ? EXIT_DONE : EXIT_FAILED;
}

static const char help[] =
	"      --no-sandbox           parse files in this process, with all its privileges\n"
	"\n"
	"Without a pid: tries on this host what a recording needs, and tells of each thing whether "
	"it\n"
	"works, works by a fallback, or is missing, and what to do. Exit status 0: a recording of "
	"the\n"
	"whole host would work; 1: it would not.\n"
	"\n"
	"With a pid: which objects the process runs code of, whether their files can be reached, "
	"and\n"
	"where names for them come from.\n";

const struct verb verb_doctor = {
	.name = "doctor",
	.arguments = "[PID]",
	.summary = "Say what works here, what does not, why, and what to do",
	.help = help,
	.run = run_doctor,
};
