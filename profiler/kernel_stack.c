// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/kernel_stack.h"

#include "base/fs.h"
#include "base/parse.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TEXT_LEN_MAX ((size_t)64 * 1024) /* MAX_STACK_TRACE_DEPTH, 64 lines: fs/proc/base.c */
#define LINE_PREFIX "[<0>] "
#define CORE_MAPPING "[kernel.kallsyms]"

/* ---- reading ---- */

/* The last two words, "0x7ffd… 0x7f2c…"; "running" has none. */
static int parse_syscall(const char *line, struct kernel_stack *stack)
{
	const char *code = strrchr(line, ' '), *sp = code;

	while (sp && sp > line && sp[-1] != ' ')
		sp--;
	if (!sp || sp == line || strncmp(sp, "0x", 2) != 0 || strncmp(code, " 0x", 3) != 0 ||
	    parse_u64_len(sp + 2, (size_t)(code - sp) - 2, 16, &stack->user_stack) < 0 ||
	    parse_u64_len(code + 3, strlen(code + 3), 16, &stack->user_code) < 0)
		return -EAGAIN;
	return 0;
}

int kernel_stack_read(uint32_t tgid, uint32_t tid, struct kernel_stack *ret_stack)
{
	struct kernel_stack stack = {0};
	char path[64], line[256];
	int r;

	snprintf(path, sizeof(path), "/proc/%u/task/%u/syscall", tgid, tid);
	r = fs_read_line(path, line, sizeof(line));
	if (r == 0)
		r = parse_syscall(line, &stack);
	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%u/task/%u/stack", tgid, tid);
	r = fs_read_file(path, TEXT_LEN_MAX, &stack.text);
	if (r < 0)
		kernel_stack_free(&stack);
	else
		*ret_stack = stack;
	return r;
}

void kernel_stack_free(struct kernel_stack *stack)
{
	buf_free(&stack->text);
}

/* ---- frames ---- */

struct call {                      /* in a line of the text */
	const char *name, *module; /* module: with its brackets */
	size_t name_len, module_len;
};

/* "[<0>] nf_hook_slow+0x41/0xd0 [nf_tables]"; false: it is no call. */
static bool parse_call(const char *line, size_t len, struct call *call)
{
	size_t prefix_len = strlen(LINE_PREFIX);
	const char *plus, *bracket;

	if (len <= prefix_len || memcmp(line, LINE_PREFIX, prefix_len) != 0)
		return false;
	plus = memchr(line, '+', len);
	if (!plus || plus == line + prefix_len)
		return false;
	call->name = line + prefix_len;
	call->name_len = (size_t)(plus - call->name);
	bracket = memchr(plus, '[', len - (size_t)(plus - line));
	call->module = bracket ? bracket : CORE_MAPPING;
	call->module_len = bracket ? len - (size_t)(bracket - line) : strlen(CORE_MAPPING);
	return true;
}

static int add_call(struct profile *profile, const struct call *call, uint32_t *stack_id)
{
	struct profile_mapping mapping = {
		.name = profile_string_len(profile, call->module, call->module_len),
		.build_id = profile_string(profile, ""),
		.has_functions = true,
	};
	struct profile_function function = {
		.name = profile_string_len(profile, call->name, call->name_len)};
	struct profile_frame frame = {.kind = FRAME_KERNEL};

	function.system_name = function.name;
	if (mapping.name == PROFILE_NONE || mapping.build_id == PROFILE_NONE ||
	    function.name == PROFILE_NONE)
		return -ENOMEM;
	frame.mapping = profile_mapping(profile, &mapping);
	frame.function = profile_function(profile, &function);
	if (frame.mapping == PROFILE_NONE || frame.function == PROFILE_NONE)
		return -ENOMEM;
	*stack_id = profile_stack(profile, *stack_id, profile_frame(profile, &frame));
	return *stack_id == PROFILE_NONE ? -ENOMEM : 0;
}

/* The text begins with the innermost call. */
int kernel_stack_add(const struct kernel_stack *stack, struct profile *profile, uint32_t *stack_id)
{
	const char *text = (const char *)stack->text.data;
	size_t limit = stack->text.len;
	int r = 0;

	while (limit && r == 0) {
		const char *newline = memrchr(text, '\n', limit - 1);
		size_t first = newline ? (size_t)(newline - text) + 1 : 0;
		size_t len = limit - first - (text[limit - 1] == '\n');
		struct call call;

		if (parse_call(text + first, len, &call))
			r = add_call(profile, &call, stack_id);
		limit = first;
	}
	return r;
}
