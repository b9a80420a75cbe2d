// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/process/kernel_programs.h"

#include <string.h>

/* Position of the first one that ends behind the address. */
static size_t first_behind(const struct kernel_programs *programs, uint64_t address)
{
	size_t low = 0, high = programs->programs.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (programs->programs.items[middle].limit <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* What overlaps the new one has left, told or not: it makes room whole. */
void kernel_programs_add(struct kernel_programs *programs, const struct kernel_program *program)
{
	size_t first = first_behind(programs, program->start), last = first;
	size_t len = programs->programs.len;
	struct kernel_program *items;

	if (program->start >= program->limit)
		return;
	while (last < len && programs->programs.items[last].start < program->limit)
		last++;
	if (first == last &&
	    (len >= KERNEL_PROGRAMS_MAX || vec_reserve(&programs->programs, len + 1) < 0)) {
		programs->over_cap++;
		return;
	}
	items = programs->programs.items;
	memmove(items + first + 1, items + last, (len - last) * sizeof(*items));
	items[first] = *program;
	programs->programs.len = len + 1 - (last - first);
}

bool kernel_programs_end(struct kernel_programs *programs, uint64_t start, uint64_t time_ns)
{
	size_t at = first_behind(programs, start);

	if (at == programs->programs.len || programs->programs.items[at].start != start)
		return false;
	programs->programs.items[at].ended_ns = time_ns;
	return true;
}

const struct kernel_program *kernel_programs_find(const struct kernel_programs *programs,
						  uint64_t address)
{
	size_t at = first_behind(programs, address);

	if (at == programs->programs.len || programs->programs.items[at].start > address)
		return NULL;
	return &programs->programs.items[at];
}

void kernel_programs_forget_before(struct kernel_programs *programs, uint64_t time_ns)
{
	size_t kept = 0;

	vec_for_each(&programs->programs, program)
		if (!program->ended_ns || program->ended_ns >= time_ns)
			programs->programs.items[kept++] = *program;
	programs->programs.len = kept;
}

void kernel_programs_free(struct kernel_programs *programs)
{
	vec_free(&programs->programs);
}
