// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The stack stepper: hostile tables, mapping sets, registers and stacks. The input is a struct start, so
 * much of the pool as there is up to POOL_LEN, and stack memory; what is missing is 0. Whatever comes in,
 * the walk ends, and reads nothing but the pool and the stack.
 */
#include "base/cleanup.h"
#include "profiler/walk/host_stepper.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define POOL_LEN 4096u
#define OBJECTS 2

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct start {
	uint64_t registers[UNWIND_REGISTER_CNT];
	uint32_t mapset_off;
	uint16_t call_site, below;
	struct unwind_object objects[OBJECTS];
};

struct input {
	const uint8_t *data;
	size_t len;
};

static void take(struct input *input, void *to, size_t size)
{
	size_t len = MIN(size, input->len);

	if (len)
		memcpy(to, input->data, len);
	input->data += len;
	input->len -= len;
}

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct host_stepper_result *result)
{
	require(result->len >= 1 && result->len <= WALK_FRAMES_MAX);
	require(result->end > WALK_RUNNING && result->end < WALK_END_CNT);
	require(result->end != WALK_NO_PROCESS && result->end != WALK_COMPAT);
	require((result->end == WALK_DEPTH) <= (result->len == WALK_FRAMES_MAX));
}

/* Each in memory of exactly its size, for the sanitizer to watch. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct input input = {.data = data, .len = len};
	_cleanup_free_ unsigned char *pool = calloc(1, POOL_LEN + WALK_POOL_SLACK);
	_cleanup_free_ struct unwind_object *objects = calloc(OBJECTS, sizeof(*objects));
	_cleanup_free_ unsigned char *memory = NULL;
	struct host_stepper_stack stack = {0};
	struct host_stepper_result result;
	struct start start = {0};
	size_t half;

	require(pool && objects);
	take(&input, &start, sizeof(start));
	take(&input, pool, POOL_LEN);
	memory = malloc(input.len ? input.len : 1);
	require(memory);
	memcpy(objects, start.objects, sizeof(start.objects));
	stack.registers = start.registers;
	stack.call_site = start.call_site & 1;
	half = input.len / 2;
	stack.runs[0] = (struct host_stepper_run){
		.begin = start.registers[UNWIND_REGISTER_SP] - MIN((size_t)start.below, half),
		.memory = memory,
		.len = half,
		.absent = start.call_site >> 1,
	};
	stack.runs[1] = (struct host_stepper_run){
		.begin = start.registers[UNWIND_REGISTER_FP],
		.memory = memory + half,
		.len = input.len - half,
	};
	stack.mapset_off = start.mapset_off;
	take(&input, memory, input.len);
	host_stepper_walk(
		&(struct host_stepper_pool){
			.base = pool, .size = POOL_LEN, .objects = objects, .objects_len = OBJECTS},
		&stack, &result);
	check(&result);
	return 0;
}
