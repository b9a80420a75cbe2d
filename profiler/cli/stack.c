// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* smolder stack: every thread's stack, now. */
#include "base/parse.h"
#include "base/plain.h"
#include "formats/callnames.h"
#include "formats/frametext.h"
#include "profiler/cli/confine.h"
#include "profiler/cli/msg.h"
#include "profiler/cli/options.h"
#include "profiler/thread_stacks.h"

#include <inttypes.h>

struct stack {
	struct thread_stacks_options options;
	bool no_sandbox;
};

static int apply_no_cache(void *ctx, const struct option_spec *spec, const char *value)
{
	struct stack *stack = ctx;

	(void)spec, (void)value;
	stack->options.no_cache = true;
	return 0;
}

static int apply_no_sandbox(void *ctx, const struct option_spec *spec, const char *value)
{
	struct stack *stack = ctx;

	(void)spec, (void)value;
	stack->no_sandbox = true;
	return 0;
}

static const struct option_spec specs[] = {
	{0, "no-cache", false, apply_no_cache, 0},
	{0, "no-sandbox", false, apply_no_sandbox, 0},
	{0},
};

static const char help[] =
	"      --no-cache             neither read nor write the cache of symbols\n"
	"      --no-sandbox           parse files in this process, with all its privileges\n";

static void print_location(const struct profile *profile, const struct profile_frame *frame)
{
	const struct profile_function *function = &profile->functions.items[frame->function];
	const char *file = strtab_get(&profile->strings, function->file);

	if (*file)
		printf(" at %s:%" PRIu32, file, frame->line);
}

/* "#3  main at main.c:12 (program)" */
static void print_frame(const struct profile *profile, uint32_t number, uint32_t id)
{
	const struct profile_frame *frame = &profile->frames.items[id];
	_cleanup_buf_ struct buf name = {0};

	frametext_append_name(profile, id, &name);
	buf_append_byte(&name, '\0');
	if (buf_error(&name))
		return;
	printf("#%-2" PRIu32 " %s", number, plain_text((char *)name.data));
	print_location(profile, frame);
	if (frame->kind == FRAME_INLINE)
		printf(" (inlined)");
	else if (frame->kind != FRAME_MARKER)
		printf(" (%s)", frametext_module(profile, id));
	putchar('\n');
}

static void print_sample(const struct profile *profile, const struct profile_sample *sample)
{
	const struct profile_label *tid = profile_label_find(profile, sample->labels, "tid");
	const struct profile_label *comm = profile_label_find(profile, sample->labels, "comm");
	uint32_t number = 0;

	printf("thread %" PRId64, tid ? tid->num : 0);
	if (comm)
		printf(" (%s)", strtab_get(&profile->strings, comm->str));
	putchar('\n');
	for (uint32_t node = sample->stack; node; node = profile->stacks.items[node].parent)
		print_frame(profile, number++, profile->stacks.items[node].frame);
	putchar('\n');
}

static int take_and_print(struct stack *stack)
{
	_cleanup_profile_ struct profile *profile = NULL;
	struct err err;
	int r = confine_open(stack->no_sandbox, &stack->options.sandbox);

	if (r < 0)
		return EXIT_FAILED;
	r = thread_stacks_take(&stack->options, &profile, &err);
	confine_tell_failures(stack->options.sandbox);
	sandbox_free(stack->options.sandbox);
	if (r < 0) {
		msg_error("%s", err.text);
		return EXIT_FAILED;
	}
	vec_for_each(&profile->samples, sample)
		print_sample(profile, sample);
	return EXIT_DONE;
}

static int run_stack(const struct verb *verb, int argc, char **argv)
{
	struct stack stack = {0};
	int operands = options_parse(verb, specs, &stack, argv);

	if (operands == OPTIONS_HELP)
		return EXIT_DONE;
	if (operands < 0)
		return EXIT_USAGE;
	if (argc - operands != 1)
		return options_error(verb, "give one pid"), EXIT_USAGE;
	if (parse_u32(argv[operands], &stack.options.pid) < 0 || stack.options.pid == 0)
		return options_error(verb, "'%s' is no pid", argv[operands]), EXIT_USAGE;
	return take_and_print(&stack);
}

const struct verb verb_stack = {
	.name = "stack",
	.arguments = "PID",
	.summary = "Print every thread's stack, now",
	.help = help,
	.run = run_stack,
};
