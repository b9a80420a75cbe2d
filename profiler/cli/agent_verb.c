// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder agent: profile always, into a store. */
#include "profiler/agent/agent.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"

#include <string.h>

#define SETTINGS_MAX 64

struct agent_arguments {
	const struct verb *verb;
	struct agent_setting settings[SETTINGS_MAX];
	size_t settings_len;
	struct agent_options agent;
	bool quiet, verbose;
};

/* Each option is a setting of the same name; checked one by one, so that the message names it. */
static int apply_setting(void *ctx, const struct option_spec *spec, const char *value)
{
	struct agent_arguments *arguments = ctx;
	struct agent_setting setting = {.name = spec->name, .value = value};
	struct agent_config config;
	struct err err;

	agent_config_init(&config);
	if (agent_config_set(&config, &setting, &err) < 0)
		return options_error(arguments->verb, "%s", err.text);
	if (arguments->settings_len == SETTINGS_MAX)
		return options_error(arguments->verb, "more than %d settings", SETTINGS_MAX);
	arguments->settings[arguments->settings_len++] = setting;
	return 0;
}

static int apply_config(void *ctx, const struct option_spec *spec, const char *value)
{
	struct agent_arguments *arguments = ctx;

	(void)spec;
	arguments->agent.sources.path = value;
	return 0;
}

static int apply_flag(void *ctx, const struct option_spec *spec, const char *value)
{
	struct agent_arguments *arguments = ctx;

	(void)value;
	*(bool *)((char *)arguments + spec->number) = true;
	return 0;
}

#define FLAG(letter, name, member)                                                                 \
	{                                                                                          \
		letter, name, false, apply_flag, offsetof(struct agent_arguments, member)          \
	}

static const struct option_spec specs[] = {
	{0, "store", true, apply_setting, 0},
	{'F', "frequency", true, apply_setting, 0},
	{0, "event", true, apply_setting, 0},
	{0, "window", true, apply_setting, 0},
	{0, "retain", true, apply_setting, 0},
	{0, "max-size", true, apply_setting, 0},
	{0, "max-cpu", true, apply_setting, 0},
	{0, "max-memory", true, apply_setting, 0},
	{0, "unwind-memory", true, apply_setting, 0},
	{0, "kill-switch", true, apply_setting, 0},
	{0, "config", true, apply_config, 0},
	FLAG(0, "no-cache", agent.no_cache),
	FLAG(0, "no-sandbox", agent.no_sandbox),
	FLAG('q', "quiet", quiet),
	FLAG('v', "verbose", verbose),
	{0},
};

static const char help[] =
	"      --store DIR            where windows are kept; made if it is not there\n"
	"  -F, --frequency HZ         samples a second on each CPU (default 19)\n"
	"      --event auto|cycles|cpu-clock\n"
	"                             default auto: hardware cycles, else cpu-clock\n"
	"      --window TIME          how long a window is (default 60s)\n"
	"\n"
	"Bounds (0: none):\n"
	"      --retain TIME          how old windows may get (default 7d)\n"
	"      --max-size BYTES       how large the store may get (default 2G)\n"
	"      --max-cpu PERCENT      of all CPUs' time, everything included (default 0.5%)\n"
	"      --max-memory BYTES     of all its processes (default 64M)\n"
	"      --unwind-memory BYTES  for unwind tables: a power of two (default 32M)\n"
	"\n"
	"      --config FILE          lines 'name = value' with the names above, read again on\n"
	"                             SIGHUP; what is given here comes before it\n"
	"      --kill-switch PATH     nothing is sampled while this file exists\n"
	"                             (default /run/smolder/stop)\n"
	"      --no-cache             neither read nor write the cache of symbols\n"
	"      --no-sandbox           parse files in this process, with all its privileges\n"
	"  -q, --quiet  -v, --verbose\n"
	"\n"
	"SIGTERM ends it with the window that has begun; SIGUSR1 cuts one now.\n";

static void show(void *ctx, enum agent_message kind, const char *text)
{
	(void)ctx;
	switch (kind) {
	case AGENT_ERROR:
		msg_error("%s", text);
		break;
	case AGENT_WARNING:
		msg_warning("%s", text);
		break;
	case AGENT_INFO:
		msg_info("%s", text);
		break;
	case AGENT_VERBOSE:
		msg_verbose("%s", text);
		break;
	}
}

static enum msg_level message_level(const struct agent_arguments *arguments)
{
	if (arguments->quiet)
		return MSG_QUIET;
	return arguments->verbose ? MSG_VERBOSE : MSG_NORMAL;
}

/* What is wrong with the settings is told before anything is begun. */
static int check(struct agent_arguments *arguments)
{
	struct agent_config config;
	struct err err;

	arguments->agent.sources.settings = arguments->settings;
	arguments->agent.sources.settings_len = arguments->settings_len;
	if (agent_config_load(&arguments->agent.sources, &config, &err) < 0)
		return options_error(arguments->verb, "%s", err.text);
	return 0;
}

static int run_agent(const struct verb *verb, int argc, char **argv)
{
	struct agent_arguments arguments = {.verb = verb, .agent.on_message = show};
	int operands = options_parse(verb, specs, &arguments, argv);
	struct err err;

	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (operands < argc)
		return options_error(verb, "'%s' is not an option", argv[operands]), EXIT_USAGE;
	if (check(&arguments) < 0)
		return EXIT_USAGE;
	msg_set_level(message_level(&arguments));
	if (agent_run(&arguments.agent, &err) == 0)
		return EXIT_DONE;
	msg_error("%s", err.text);
	return EXIT_FAILED;
}

const struct verb verb_agent = {
	.name = "agent",
	.arguments = "--store DIR [OPTIONS]",
	.summary = "Profile always, into a store",
	.help = help,
	.run = run_agent,
};
