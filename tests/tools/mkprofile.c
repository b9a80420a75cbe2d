// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Writes a made-up profile, the same for the same seed: kernel, inlined, JIT, nameless and hostile
 * names; processes and threads; a ledger that closes. For tests of the viewer and of pprof's clients.
 *
 *	mkprofile [--nodes N] [--seed S] -o FILE [-o FILE]…
 */
#include "formats/format.h"

#include "base/parse.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FUNCTIONS 4000u
#define DEPTH_MAX 96u
#define OUTPUTS_MAX 8
#define PERIOD_NS INT64_C(10101010) /* 99 Hz */

struct make {
	struct profile *profile;
	uint64_t state; /* of the random numbers */
	uint32_t mappings[4];
	uint32_t frames[FUNCTIONS];
	uint32_t label_sets[24];
};

enum place {
	PLACE_PROGRAM,
	PLACE_LIBRARY,
	PLACE_KERNEL,
	PLACE_JIT,
};

/* splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t next_random(struct make *make)
{
	uint64_t z = make->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Small numbers are far more likely, as hot functions are. */
static uint32_t skewed(struct make *make, uint32_t below)
{
	uint64_t a = next_random(make) % below, b = next_random(make) % below;

	return (uint32_t)(a * b / below * (next_random(make) % below) / below);
}

static void make_mappings(struct make *make)
{
	static const struct {
		const char *name, *build_id;
		uint64_t start;
	} places[] = {
		[PLACE_PROGRAM] = {"/usr/bin/server", "0123456789abcdef0123456789abcdef01234567",
				   0x400000},
		[PLACE_LIBRARY] = {"/usr/lib/libwork.so.1", "fedcba98", 0x1000},
		[PLACE_KERNEL] = {"[kernel.kallsyms]", "", 0xffffffff81000000},
		[PLACE_JIT] = {"[jit]", "", 0},
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		struct profile_mapping mapping = {.start = places[i].start, .has_functions = true};

		mapping.name = profile_string(make->profile, places[i].name);
		mapping.build_id = profile_string(make->profile, places[i].build_id);
		mapping.limit = mapping.start ? mapping.start + 0x1000000 : 0;
		mapping.has_inline_frames = i == PLACE_PROGRAM;
		make->mappings[i] = profile_mapping(make->profile, &mapping);
	}
}

static enum place place_of(uint32_t i)
{
	return i % 5 == 3  ? PLACE_KERNEL :
	       i % 11 == 7 ? PLACE_JIT :
	       i % 2       ? PLACE_LIBRARY :
			     PLACE_PROGRAM;
}

/* What must not break anything; the long one has 10,000 characters. */
static void append_hostile_name(uint32_t i, struct buf *name)
{
	static const char *const names[] = {
		"</script><script>alert(1)</script>",
		"operator new 42",
		"a;b;c",
		"tab\tnewline\nend",
		"\xff\xfe broken \xc3(",
		"\xe2\x80\xaeright to left \xe2\x80\xa8 line",
		"\"quoted\" \\ 'name' & <T>",
		"_[k]",
	};

	if (i % ARRAY_SIZE(names) == 0 && i)
		for (int j = 0; j < 1000; j++)
			buf_append_str(name, "long_name_");
	buf_append_str(name, names[i % ARRAY_SIZE(names)]);
}

static void append_name(uint32_t i, struct buf *name)
{
	static const char *const spaces[] = {"net", "http", "json", "std::vector<int>", "db"};

	if (i % 100 == 99)
		append_hostile_name(i / 100, name);
	else if (i % 40 == 21)
		buf_appendf(name, "libwork.so.1+0x%x", i * 16);
	else if (place_of(i) == PLACE_KERNEL)
		buf_appendf(name, "do_work_%u", i);
	else
		buf_appendf(name, "%s::function_%u", spaces[i % ARRAY_SIZE(spaces)], i);
}

static void make_frame(struct make *make, uint32_t i)
{
	static const uint32_t kinds[] = {[PLACE_PROGRAM] = FRAME_USER,
					 [PLACE_LIBRARY] = FRAME_USER,
					 [PLACE_KERNEL] = FRAME_KERNEL,
					 [PLACE_JIT] = FRAME_JIT};
	_cleanup_buf_ struct buf name = {0};
	enum place place = place_of(i);
	struct profile_function function = {.start_line = i % 3 ? i % 900 + 1 : 0};
	struct profile_frame frame = {.mapping = make->mappings[place], .kind = kinds[place]};
	char file[32];

	append_name(i, &name);
	snprintf(file, sizeof(file), "/src/part%u/file%u.c", i % 7, i % 90);
	function.name = profile_string_len(make->profile, (const char *)name.data, name.len);
	function.system_name = function.name;
	function.file = function.start_line ? profile_string(make->profile, file) : 0;
	frame.function = profile_function(make->profile, &function);
	frame.line = function.start_line ? function.start_line + i % 9 : 0;
	frame.address = make->profile->mappings.items[frame.mapping].start + i * 64;
	make->frames[i] = profile_frame(make->profile, &frame);
}

/* A function inlined into the one that `stack` ends in. */
static uint32_t inlined_frame(struct make *make, uint32_t stack, uint32_t i)
{
	const struct profile *profile = make->profile;
	struct profile_frame frame = profile->frames.items[make->frames[i]];
	const struct profile_frame *caller =
		&profile->frames.items[profile->stacks.items[stack].frame];

	frame.mapping = caller->mapping;
	frame.address = caller->address;
	frame.kind = FRAME_INLINE;
	return profile_frame(make->profile, &frame);
}

static uint32_t incomplete_marker(struct make *make)
{
	struct profile_function function = {0};
	struct profile_frame frame = {.mapping = PROFILE_NONE, .kind = FRAME_MARKER};

	function.name = profile_string(make->profile, "[incomplete: no unwind info]");
	function.system_name = function.name;
	frame.function = profile_function(make->profile, &function);
	return profile_frame(make->profile, &frame);
}

static void make_label_sets(struct make *make)
{
	static const char *const comms[] = {"server", "kworker/0:1", "a;b 7", "java main"};
	struct profile *profile = make->profile;

	for (uint32_t i = 0; i < ARRAY_SIZE(make->label_sets); i++) {
		struct profile_label labels[] = {
			{.key = profile_string(profile, "comm"),
			 .str = profile_string(profile, comms[i % ARRAY_SIZE(comms)])},
			{.key = profile_string(profile, "pid"),
			 .num = i / 4,
			 .unit = profile_string(profile, "id")},
		};

		make->label_sets[i] = profile_label_set(profile, labels, ARRAY_SIZE(labels));
	}
}

/* Mostly one of a function's few usual callees, so that stacks share their beginnings. */
static uint32_t next_function(struct make *make, uint32_t caller)
{
	if (next_random(make) % 8 == 0)
		return skewed(make, FUNCTIONS);
	return (caller * 31 + skewed(make, 24) * 17 + 1) % FUNCTIONS;
}

static bool make_sample(struct make *make)
{
	struct profile *profile = make->profile;
	uint32_t depth = 3 + (uint32_t)(next_random(make) % (DEPTH_MAX - 3)), stack = 0;
	uint32_t function = skewed(make, 32);
	int64_t count = 1 + skewed(make, 40);
	int64_t values[] = {count, count * PERIOD_NS};

	if (next_random(make) % 50 == 0)
		stack = profile_stack(profile, 0, incomplete_marker(make));
	for (uint32_t i = 0; i < depth; i++) {
		bool inlined = i > 1 && next_random(make) % 9 == 0;
		uint32_t frame =
			inlined ? inlined_frame(make, stack, function) : make->frames[function];

		stack = profile_stack(profile, stack, frame);
		if (stack == PROFILE_NONE)
			return false;
		function = next_function(make, function);
	}
	return profile_sample(profile, stack,
			      make->label_sets[skewed(make, ARRAY_SIZE(make->label_sets))],
			      values) != PROFILE_NONE;
}

static void describe(struct make *make)
{
	struct profile *profile = make->profile;
	struct ledger *ledger = &profile->ledger;

	profile->period = PERIOD_NS;
	profile->time_ns = INT64_C(1700000000123456789);
	profile->duration_ns = INT64_C(30000000000);
	profile->host = profile_string(profile, "testhost");
	profile->command = profile_string(profile, "server --port 80");
	snprintf(ledger->event, sizeof(ledger->event), "cpu-clock");
	ledger->frequency_hz = 99;
	ledger->duration_ns = (uint64_t)profile->duration_ns;
	ledger->cpus = 2;
	ledger->samples.recorded = (uint64_t)profile_total(profile, 0);
	ledger->samples.idle = 1234;
	ledger_reasons_add(&ledger->samples.lost, "stack map full", 7);
	ledger->samples.expected = ledger->samples.recorded + 1234 + 7;
	ledger_reasons_add(&ledger->stacks.incomplete, "no unwind info", 3);
	ledger->stacks.distinct = profile->samples.len;
	ledger->frames.distinct = ledger->frames.named = profile->frames.len;
}

static int make_profile(struct make *make, uint32_t nodes)
{
	int r = profile_new(&make->profile);

	if (r < 0)
		return r;
	make_mappings(make);
	make_label_sets(make);
	for (uint32_t i = 0; i < FUNCTIONS; i++)
		make_frame(make, i);
	while (make->profile->stacks.len < nodes)
		if (!make_sample(make))
			return -1;
	describe(make);
	return 0;
}

struct arguments {
	uint32_t nodes, seed;
	const char *outputs[OUTPUTS_MAX];
	size_t outputs_len;
};

static int parse_arguments(int argc, char **argv, struct arguments *arguments)
{
	static const struct option options[] = {
		{"nodes", required_argument, NULL, 'n'},
		{"seed", required_argument, NULL, 's'},
		{"output", required_argument, NULL, 'o'},
		{0},
	};
	int option, r = 0;

	while (r == 0 && (option = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		if (option == 'n')
			r = parse_u32(optarg, &arguments->nodes);
		else if (option == 's')
			r = parse_u32(optarg, &arguments->seed);
		else if (option == 'o' && arguments->outputs_len < OUTPUTS_MAX)
			arguments->outputs[arguments->outputs_len++] = optarg;
		else
			r = -1;
	}
	return r < 0 || optind < argc || !arguments->outputs_len ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct arguments arguments = {.nodes = 1000, .seed = 1};
	struct make make = {0};
	struct err err;
	int r;

	if (parse_arguments(argc, argv, &arguments) < 0) {
		fprintf(stderr, "usage: mkprofile [--nodes N] [--seed S] -o FILE [-o FILE]...\n");
		return 2;
	}
	make.state = arguments.seed;
	r = make_profile(&make, arguments.nodes);
	if (r < 0)
		fprintf(stderr, "mkprofile: no memory\n");
	else
		r = format_write_files(make.profile, arguments.outputs, arguments.outputs_len,
				       &err);
	if (r < 0 && make.profile)
		fprintf(stderr, "mkprofile: %s\n", err.text);
	profile_free(make.profile);
	return r < 0;
}
