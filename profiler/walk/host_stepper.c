// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/walk/host_stepper.h"

#include <stdbool.h>
#include <string.h>

#define STEPPER_FN static inline
#define STEPPER_WALK_HOST                                                                          \
	const struct host_stepper_pool *host;                                                      \
	const struct host_stepper_stack *stack;                                                    \
	bool beyond_copy;
#define STEPPER_MEMORY(address) ((struct stepper_memory *)NULL) /* a copy is walked once */
#define STEPPER_TRUSTS(address, word) true /* the set is that of the copy's time */
#define STEPPER_POOL_MASK (walk->host->size - 1)
#define STEPPER_OBJECT(table)                                                                      \
	((table) < walk->host->objects_len ? &walk->host->objects[table] : NULL)

#define stepper_read_stack stepper_read

#define STACK_PAGE 4096

struct stepper_walk;
static int stepper_read(struct stepper_walk *walk, void *to, uint32_t size, uint64_t address);

#include "bpf/stepper.h"

/* A page of the copied memory; those behind the set's end are there. */
static bool is_absent(const struct host_stepper_run *run, uint64_t page)
{
	return page < 32 && run->absent >> page & 1;
}

static bool is_in_run(const struct host_stepper_run *run, uint32_t size, uint64_t address)
{
	uint64_t off = address - run->begin;

	return off < run->len && run->len - off >= size;
}

static int read_run(const struct host_stepper_run *run, void *to, uint32_t size, uint64_t address)
{
	uint64_t off = address - run->begin, in_pages = run->begin % STACK_PAGE + off;

	if (is_absent(run, in_pages / STACK_PAGE) ||
	    is_absent(run, (in_pages + size - 1) / STACK_PAGE))
		return -1;
	memcpy(to, run->memory + off, size);
	return 0;
}

/* Above the copy there may be more of the stack. */
static int stepper_read(struct stepper_walk *walk, void *to, uint32_t size, uint64_t address)
{
	const struct host_stepper_stack *stack = walk->stack;

	if (stack->read)
		return stack->read(stack->ctx, to, size, address);
	for (int i = 0; i < HOST_STEPPER_RUNS; i++)
		if (is_in_run(&stack->runs[i], size, address))
			return read_run(&stack->runs[i], to, size, address);
	walk->beyond_copy |= address > stack->registers[UNWIND_REGISTER_SP];
	return -1;
}

static void begin(struct stepper_walk *walk, const struct host_stepper_pool *pool,
		  const struct host_stepper_stack *stack)
{
	*walk = (struct stepper_walk){
		.host = pool,
		.stack = stack,
		.pc = stack->registers[UNWIND_REGISTER_RA],
		.sp = stack->registers[UNWIND_REGISTER_SP],
		.fp = stack->registers[UNWIND_REGISTER_FP],
		.call_site = stack->call_site != 0,
		.registers_known = STEPPER_REGISTERS_ALL,
		.mapset_off = stack->mapset_off,
	};
	memcpy(walk->registers, stack->registers, UNWIND_REGISTER_CNT * sizeof(uint64_t));
	walk->mapset_len = stepper_load32(walk, pool->base, (uint64_t)stack->mapset_off + 4);
}

void host_stepper_walk(const struct host_stepper_pool *pool, const struct host_stepper_stack *stack,
		       struct host_stepper_result *ret_result)
{
	struct stepper_walk walk;
	__u64 frame;
	int ended = 0;

	begin(&walk, pool, stack);
	while (!ended && walk.frames_len < WALK_FRAMES_MAX) {
		ended = stepper_step(&walk, pool->base, &frame);
		ret_result->frames[walk.frames_len - 1] = frame;
	}
	stepper_finish(&walk);
	if (walk.end == WALK_UNREADABLE && walk.beyond_copy)
		walk.end = WALK_SHORT_COPY;
	ret_result->len = walk.frames_len;
	ret_result->end = walk.end;
}

const char *walk_end_name(enum walk_end end)
{
	static const char *const names[WALK_END_CNT] = {
		[WALK_RUNNING] = "not walked",
		[WALK_COMPLETE] = "complete",
		[WALK_DEPTH] = "depth limit",
		[WALK_NO_PROCESS] = "unwind tables not loaded",
		[WALK_UNMAPPED] = "unmapped address",
		[WALK_NO_INFO] = "no unwind info",
		[WALK_NO_ROOM] = "no room for unwind tables",
		[WALK_BROKEN] = "unwind worker failed",
		[WALK_UNSUPPORTED] = "unsupported unwind info",
		[WALK_UNREADABLE] = "stack not readable",
		[WALK_BAD_FRAME] = "bad frame",
		[WALK_FP_LOST] = "frame pointer lost",
		[WALK_REGISTER_LOST] = "register lost",
		[WALK_COMPAT] = "32-bit code",
		[WALK_SHORT_COPY] = "stack copy too short",
		[WALK_CHANGED] = "mappings changing",
		[WALK_CHAIN_ENDED] = "no frame pointer",
	};

	return (unsigned int)end < WALK_END_CNT ? names[end] : "unknown";
}
