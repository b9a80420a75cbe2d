// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder record: profile now, write files when done. */
#include "base/clock.h"
#include "base/parse.h"
#include "base/vec.h"
#include "formats/format.h"
#include "formats/outfile.h"
#include "formats/short_names.h"
#include "profiler/cli/confine.h"
#include "profiler/cli/debug_servers.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "profiler/cli/summary.h"
#include "profiler/pipeline.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define DEFAULT_FREQUENCY_HZ 99
#define FREQUENCY_MAX_HZ 10000
#define OUTPUTS_MAX 16
#define PIDS_MAX 4096
#define HOTTEST_COUNT 10

struct record {
	const struct verb *verb;
	struct pipeline_options pipeline;
	struct pipeline_times times;
	VEC(uint32_t) pids;
	const char *outputs[OUTPUTS_MAX];
	size_t outputs_len;
	const char *ledger_path;
	bool whole_host;
	bool quiet, verbose, no_sandbox, short_names, debuginfod;
};

/* ---- options ---- */

static int apply_all(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;

	(void)spec, (void)value;
	record->whole_host = true;
	return 0;
}

static int add_pid(struct record *record, const char *text, size_t len, const char *list)
{
	uint64_t pid;

	if (parse_u64_len(text, len, 10, &pid) < 0 || pid == 0 || pid > INT32_MAX)
		return options_error(record->verb, "'%s' is no list of pids", list);
	if (record->pids.len >= PIDS_MAX)
		return options_error(record->verb, "more than %d pids", PIDS_MAX);
	return vec_push(&record->pids, (uint32_t)pid);
}

static int apply_pids(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;
	const char *at = value;

	(void)spec;
	for (;;) {
		size_t len = strcspn(at, ",");
		int r = add_pid(record, at, len, value);

		if (r < 0 || !at[len])
			return r;
		at += len + 1;
	}
}

static int apply_cgroup(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;

	(void)spec;
	record->pipeline.target.cgroup = value;
	return 0;
}

static int apply_frequency(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;
	uint32_t frequency_hz;

	(void)spec;
	if (parse_u32(value, &frequency_hz) < 0 || frequency_hz == 0 ||
	    frequency_hz > FREQUENCY_MAX_HZ)
		return options_error(record->verb, "frequency '%s' is not a number from 1 to %d",
				     value, FREQUENCY_MAX_HZ);
	record->pipeline.frequency_hz = frequency_hz;
	return 0;
}

static int apply_duration(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;
	uint64_t ns;

	(void)spec;
	if (parse_duration_ns(value, &ns) < 0 || ns == 0)
		return options_error(record->verb,
				     "duration '%s' is not a time such as 10, 0.5, 250ms or 5m",
				     value);
	record->pipeline.duration_ns = ns;
	return 0;
}

static int apply_output(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;

	(void)spec;
	if (record->outputs_len >= OUTPUTS_MAX)
		return options_error(record->verb, "more than %d outputs", OUTPUTS_MAX);
	record->outputs[record->outputs_len++] = value;
	return 0;
}

static int apply_call_graph(void *ctx, const struct option_spec *spec, const char *value)
{
	static const char *const names[] = {"auto", "fp", "dwarf"}; /* enum call_graph */
	struct record *record = ctx;

	(void)spec;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		record->pipeline.call_graph = (enum call_graph)i;
		return 0;
	}
	return options_error(record->verb, "call graph '%s' is not auto, fp or dwarf", value);
}

static int apply_max_frames(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;
	uint32_t frames;

	(void)spec;
	if (parse_u32(value, &frames) < 0 || frames == 0 || frames > WALK_FRAMES_MAX)
		return options_error(record->verb, "'%s' is not a number of frames from 1 to %d",
				     value, WALK_FRAMES_MAX);
	record->pipeline.frames_max = frames;
	return 0;
}

/* The kernel side masks addresses in the pool: its size is a power of two. */
static int apply_unwind_memory(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;
	uint64_t bytes;

	(void)spec;
	if (parse_size_bytes(value, &bytes) < 0 || bytes & (bytes - 1) ||
	    bytes < SAMPLER_POOL_SIZE_MIN || bytes > SAMPLER_POOL_SIZE_MAX)
		return options_error(record->verb,
				     "unwind memory '%s' is not a power of two from 1M to 256M",
				     value);
	record->pipeline.unwind_bytes = (uint32_t)bytes;
	return 0;
}

static int apply_event(void *ctx, const struct option_spec *spec, const char *value)
{
	static const char *const names[] = {"auto", "cycles", "cpu-clock"}; /* enum tick_event */
	struct record *record = ctx;

	(void)spec;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], value) != 0)
			continue;
		record->pipeline.event = (enum tick_event)i;
		return 0;
	}
	return options_error(record->verb, "event '%s' is not auto, cycles or cpu-clock", value);
}

static int apply_ledger(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;

	(void)spec;
	record->ledger_path = value;
	return 0;
}

static int apply_flag(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;

	(void)value;
	*(bool *)((char *)record + spec->number) = true;
	return 0;
}

static int apply_window(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;

	(void)spec;
	if (parse_duration_ns(value, &record->pipeline.window_ns) < 0 ||
	    record->pipeline.window_ns < PLAN_WINDOW_MIN_NS)
		return options_error(record->verb, "window '%s' is not a time of 100ms or more",
				     value);
	return 0;
}

static int apply_map_memory(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;

	(void)spec;
	if (parse_size_bytes(value, &record->pipeline.budget_bytes) < 0 ||
	    record->pipeline.budget_bytes < UINT64_C(1) << 20)
		return options_error(record->verb, "map memory '%s' is not a size of 1M or more",
				     value);
	return 0;
}

/* "stacks=8", "counts=16", "ring=4K" */
static int apply_map_size(void *ctx, const struct option_spec *spec, const char *value)
{
	struct record *record = ctx;
	const struct {
		const char *name;
		uint32_t *size;
	} maps[] = {
		{"stacks=", &record->pipeline.stack_buckets},
		{"counts=", &record->pipeline.count_entries},
		{"ring=", &record->pipeline.ring_bytes},
	};

	(void)spec;
	for (size_t i = 0; i < ARRAY_SIZE(maps); i++) {
		size_t len = strlen(maps[i].name);
		uint64_t size;

		if (strncmp(value, maps[i].name, len) != 0)
			continue;
		if (parse_size_bytes(value + len, &size) < 0 || size == 0 || size > 1u << 28)
			break;
		*maps[i].size = (uint32_t)size;
		return 0;
	}
	return options_error(record->verb, "map size '%s' is not stacks=N, counts=N or ring=BYTES",
			     value);
}

#define FLAG(letter, name, member)                                                                 \
	{                                                                                          \
		letter, name, false, apply_flag, offsetof(struct record, member)                   \
	}

static const struct option_spec specs[] = {
	{'a', "all", false, apply_all, 0},
	{'p', "pid", true, apply_pids, 0},
	{0, "cgroup", true, apply_cgroup, 0},
	{'F', "frequency", true, apply_frequency, 0},
	{'d', "duration", true, apply_duration, 0},
	{'o', "output", true, apply_output, 0},
	{0, "call-graph", true, apply_call_graph, 0},
	{0, "max-frames", true, apply_max_frames, 0},
	{0, "event", true, apply_event, 0},
	FLAG(0, "user", pipeline.user_only),
	FLAG(0, "kernel", pipeline.kernel_only),
	FLAG(0, "threads", pipeline.keep_threads),
	FLAG(0, "children", pipeline.target.follow_children),
	FLAG(0, "no-inline", pipeline.no_dwarf),
	FLAG(0, "short-names", short_names),
	FLAG(0, "no-cache", pipeline.no_cache),
	FLAG(0, "no-sandbox", no_sandbox),
	FLAG(0, "debuginfod", debuginfod),
	{0, "ledger", true, apply_ledger, 0},
	{0, "window", true, apply_window, 0},
	{0, "map-memory", true, apply_map_memory, 0},
	{0, "map-size", true, apply_map_size, 0},
	{0, "unwind-memory", true, apply_unwind_memory, 0},
	FLAG('q', "quiet", quiet),
	FLAG('v', "verbose", verbose),
	{0},
};

static const char help[] =
	"What to profile:\n"
	"  -a, --all                  the whole host (the default)\n"
	"  -p, --pid PID[,PID...]     these processes, all their threads\n"
	"      --children             and the processes they start from now on\n"
	"      --cgroup PATH          what runs in this control group (v1 or v2) and below it\n"
	"  -- COMMAND [ARG...]        start the command; profile it and what it starts\n"
	"      --user, --kernel       only ticks that hit user code, or the kernel\n"
	"      --threads              keep threads apart\n"
	"\n"
	"How:\n"
	"  -F, --frequency HZ         samples a second on each CPU (default 99)\n"
	"  -d, --duration SECONDS     default: until Ctrl-C, or the command or processes end\n"
	"      --event auto|cycles|cpu-clock\n"
	"                             default auto: hardware cycles, else cpu-clock\n"
	"      --call-graph auto|fp|dwarf\n"
	"                             how user stacks are walked: by frame pointers, or by\n"
	"                             unwind tables (default auto: unwind tables)\n"
	"      --max-frames N         frames of a user stack (default 512)\n"
	"      --no-inline            names from symbol tables only: no lines, no inlined frames\n"
	"      --debuginfod           get missing debug files from the servers in DEBUGINFOD_URLS\n"
	"      --short-names          names of functions without parameters and template "
	"arguments\n"
	"      --no-cache             neither read nor write the cache of symbols\n"
	"      --no-sandbox           parse files in this process, with all its privileges\n"
	"\n"
	"Output:\n"
	"  -o, --output FILE          repeatable; .folded .folded.zst .pb.gz .html .json, or -\n"
	"      --ledger FILE          the sample ledger as JSON\n"
	"  -q, --quiet  -v, --verbose\n"
	"\n"
	"Kernel memory:\n"
	"      --unwind-memory BYTES  for unwind tables: a power of two (default 64M)\n"
	"      --map-memory BYTES     budget of all other maps (default 64M)\n"
	"      --window TIME          how often the maps are drained (default 1s)\n"
	"      --map-size stacks=N|counts=N|ring=BYTES\n"
	"                             instead of what rate, CPUs and window ask for\n";

/* ---- checks ---- */

static int check_one_target(struct record *record, char **operands)
{
	struct target_options *target = &record->pipeline.target;
	int given = record->whole_host + (record->pids.len > 0) + (target->cgroup != NULL) +
		    (*operands != NULL);

	if (given > 1)
		return options_error(record->verb,
				     "give one target: -a, -p, --cgroup or -- COMMAND");
	if (target->follow_children && !record->pids.len)
		return options_error(record->verb, "--children goes with -p");
	if (record->pipeline.user_only && record->pipeline.kernel_only)
		return options_error(record->verb, "--user and --kernel exclude each other");
	return 0;
}

static void set_target(struct record *record, char **operands)
{
	struct target_options *target = &record->pipeline.target;

	target->pids = record->pids.items;
	target->pids_len = record->pids.len;
	target->command = operands;
	if (record->pids.len)
		target->kind = TARGET_PIDS;
	else if (target->cgroup)
		target->kind = TARGET_CGROUP;
	else if (*operands)
		target->kind = TARGET_COMMAND;
}

static int check_ledger_path(const struct record *record, struct err *err)
{
	const char *path = record->ledger_path;

	if (!path)
		return 0;
	for (size_t i = 0; i < record->outputs_len; i++)
		if (strcmp(record->outputs[i], path) == 0 ||
		    (outfile_is_stdout(record->outputs[i]) && outfile_is_stdout(path)))
			return err_set(err, -EINVAL, "output '%s' is given twice", path);
	return outfile_check(path, err);
}

/* Told now, not after an hour of recording. */
static int check_outputs(const struct record *record, struct err *err)
{
	int r = format_check_outputs(record->outputs, record->outputs_len, err);

	return r < 0 ? r : check_ledger_path(record, err);
}

/* ---- the run ---- */

static void show_progress(void *ctx, const struct pipeline_progress *progress)
{
	const struct record *record = ctx;

	if (record->quiet)
		return;
	msg_progress("%.0f s: %llu samples, %llu stacks, %llu lost",
		     (double)progress->elapsed_ns / NS_PER_SEC,
		     (unsigned long long)progress->recorded, (unsigned long long)progress->stacks,
		     (unsigned long long)progress->lost);
}

static void show_warning(void *ctx, const char *text)
{
	(void)ctx;
	msg_warning("%s", text);
}

static int write_ledger(const struct record *record, const struct profile *profile, struct err *err)
{
	_cleanup_buf_ struct buf json = {0};

	if (!record->ledger_path)
		return 0;
	ledger_to_json(&profile->ledger, &json);
	buf_append_byte(&json, '\n');
	if (buf_error(&json))
		return err_errno(err, buf_error(&json), "cannot write the ledger");
	return format_write_bytes(record->ledger_path, json.data, json.len, err);
}

static bool writes_to_stdout(const struct record *record)
{
	for (size_t i = 0; i < record->outputs_len; i++)
		if (strcmp(record->outputs[i], "-") == 0)
			return true;
	return record->ledger_path && strcmp(record->ledger_path, "-") == 0;
}

static int tell_end(const struct record *record, const struct profile *profile, struct err *err)
{
	int r = 0;

	vec_for_each(&profile->comments, comment)
		msg_info("%s", strtab_get(&profile->strings, *comment));
	if (!record->quiet && !writes_to_stdout(record))
		r = summary_print_hottest(profile, HOTTEST_COUNT, err);
	summary_tell_ledger(&profile->ledger);
	for (size_t i = 0; i < record->outputs_len; i++)
		if (strcmp(record->outputs[i], "-") != 0)
			msg_info("wrote %s", record->outputs[i]);
	return r;
}

/* From the last tick to the last file on disk. */
static void tell_finishing(const struct record *record, const struct profile *profile)
{
	const struct pipeline_times *times = &record->times;
	uint64_t end_ns = (uint64_t)(profile->time_ns + profile->duration_ns);
	uint64_t all_ns = clock_ns(CLOCK_REALTIME) - end_ns;
	uint64_t told_ns = times->stop_ns + times->kernel_ns + times->dismiss_ns + times->name_ns;

	msg_verbose("finishing took %" PRIu64 " ms: %" PRIu64 " to stop, %" PRIu64
		    " for the kernel's symbols, %" PRIu64 " to unload, %" PRIu64
		    " for names, %" PRIu64 " for files",
		    all_ns / NS_PER_MS, times->stop_ns / NS_PER_MS, times->kernel_ns / NS_PER_MS,
		    times->dismiss_ns / NS_PER_MS, times->name_ns / NS_PER_MS,
		    (all_ns - MIN(told_ns, all_ns)) / NS_PER_MS);
}

static int record_and_write(struct record *record, struct err *err)
{
	_cleanup_profile_ struct profile *profile = NULL;
	int r = pipeline_run(&record->pipeline, &profile, err);

	if (r == 0 && record->short_names && short_names_apply(profile) < 0)
		r = err_errno(err, -ENOMEM, "cannot shorten names");
	if (r == 0)
		r = format_write_files(profile, record->outputs, record->outputs_len, err);
	if (r == 0)
		r = write_ledger(record, profile, err);
	if (r < 0)
		return r;
	tell_finishing(record, profile);
	return tell_end(record, profile, err);
}

/* An output that no format or sense can be made of is a slip of the pen, not a failure. */
static int run_checked(struct record *record)
{
	struct debuginfod *servers = NULL;
	struct err err;
	int r = check_outputs(record, &err), code = r == -EINVAL ? EXIT_USAGE : EXIT_FAILED;

	if (r == 0 && (debug_servers_open(record->debuginfod, &servers) < 0 ||
		       confine_open(record->no_sandbox, &record->pipeline.sandbox) < 0)) {
		debuginfod_close(servers);
		return EXIT_FAILED;
	}
	record->pipeline.fetch_debug = servers ? debuginfod_fetch : NULL;
	record->pipeline.fetch_ctx = servers;
	if (r == 0)
		r = record_and_write(record, &err);
	sandbox_free(record->pipeline.sandbox);
	debuginfod_close(servers);
	if (r == 0)
		return EXIT_DONE;
	msg_error("%s", err.text);
	return code;
}

static enum msg_level message_level(const struct record *record)
{
	if (record->quiet)
		return MSG_QUIET;
	return record->verbose ? MSG_VERBOSE : MSG_NORMAL;
}

static int run_record(const struct verb *verb, int argc, char **argv)
{
	struct record record = {
		.verb = verb,
		.pipeline.frequency_hz = DEFAULT_FREQUENCY_HZ,
		.pipeline.frames_max = WALK_FRAMES_DEFAULT,
		.pipeline.unwind_bytes = SAMPLER_POOL_SIZE,
		.pipeline.on_progress = show_progress,
		.pipeline.on_warning = show_warning,
	};
	int operands = options_parse(verb, specs, &record, argv);
	int code = operands == OPTIONS_HELP ? EXIT_DONE : EXIT_USAGE;

	(void)argc;
	record.pipeline.ctx = &record;
	record.pipeline.ret_times = &record.times;
	if (operands > 0 && check_one_target(&record, argv + operands) == 0) {
		msg_set_level(message_level(&record));
		set_target(&record, argv + operands);
		code = run_checked(&record);
	}
	vec_free(&record.pids);
	return code;
}

const struct verb verb_record = {
	.name = "record",
	.arguments = "[-a | -p PID[,PID...] | --cgroup PATH] [OPTIONS] [-- COMMAND [ARG...]]",
	.summary = "Profile now, write files when done",
	.help = help,
	.run = run_record,
};
