/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * A small world to walk a stack in: one object whose rules are made by hand, mapped once, and a stack.
 *
 * Rule i holds for RULE_LEN bytes of code from code(i) on. The pool is so laid out that a table ends
 * where the pool ends: whoever reads beyond finds the sanitizer.
 */
#ifndef SMOLDER_TESTS_UNIT_WALK_WORLD_H
#define SMOLDER_TESTS_UNIT_WALK_WORLD_H

#include "base/cleanup.h"
#include "profiler/unwind/row_writer.h"
#include "profiler/walk/host_stepper.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define POOL_LEN 65536u
#define MAPSET_OFF 64u
#define MAPSET_ID 5u
#define OBJECT_ID 9u
#define CODE_START UINT64_C(0x555500001000) /* where the object's code is mapped */
#define CODE_LEN UINT64_C(0x2000)
#define CODE_FILE_OFFSET UINT64_C(0x3000)
#define CODE_TABLE_ADDRESS UINT64_C(0x4000) /* of the same byte, by its program headers */
#define RULE_LEN 32u
#define STACK_START UINT64_C(0x7ffd00001000)
#define STACK_WORDS 256u

/* Registers by DWARF number, beside those of bpf/unwind_abi.h. */
#define RAX 0
#define RBX UNWIND_REGISTER_BX
#define R8 8
#define R12 12

/* Parts of rules, and some that most tests need. */
#define FP_AT(place, offset) ((int16_t)((offset) | (place)))
#define RA(kind) ((uint8_t)((kind) << 4))

static const struct unwind_rule stop = {.kind = UNWIND_STOP};
static const struct unwind_rule by_sp = {.kind = UNWIND_SP, .offset = 16};
static const struct unwind_rule by_fp = {
	.kind = UNWIND_FP, .offset = 16, .fp = UNWIND_FP_BESIDE_RA};

struct world {
	unsigned char *pool;
	struct unwind_object objects[2]; /* the second is none */
	uint64_t registers[UNWIND_REGISTER_CNT];
	uint64_t stack[STACK_WORDS];
	struct host_stepper_stack walked;
	struct host_stepper_result result;
};

/* The byte of code where rule i begins; a return address into rule i is one behind a byte of it. */
static inline uint64_t code(uint32_t i)
{
	return CODE_START + (uint64_t)i * RULE_LEN;
}

static inline uint64_t return_to(uint32_t i)
{
	return code(i) + 5;
}

/* The stack address of a word. */
static inline uint64_t word_at(uint32_t i)
{
	return STACK_START + (uint64_t)i * sizeof(uint64_t);
}

static inline uint64_t frame_word(uint64_t address)
{
	return (uint64_t)OBJECT_ID << WALK_OFFSET_BITS | (address - CODE_START + CODE_FILE_OFFSET);
}

static inline void world_map(struct world *world, uint32_t table)
{
	const struct walk_mapset head = {.id = MAPSET_ID, .len = 1};
	const uint64_t start = CODE_START;
	const struct walk_mapping mapping = {
		.limit = CODE_START + CODE_LEN,
		.table_bias = CODE_START - CODE_TABLE_ADDRESS,
		.file_bias = CODE_START - CODE_FILE_OFFSET,
		.object = OBJECT_ID,
		.table = table,
	};

	memcpy(world->pool + MAPSET_OFF, &head, sizeof(head));
	memcpy(world->pool + MAPSET_OFF + sizeof(head), &start, sizeof(start));
	memcpy(world->pool + MAPSET_OFF + sizeof(head) + sizeof(start), &mapping, sizeof(mapping));
}

/* The rules as table 0; where they end there is a gap. */
static inline void world_table(struct world *world, const struct unwind_rule *rules, size_t count)
{
	_cleanup_(row_writer_free) struct row_writer writer = {0};
	struct unwind_object *object = &world->objects[0];
	const struct unwind_rule gap = {0};
	uint32_t off;
	void *bytes;
	size_t len;

	for (size_t i = 0; i < count; i++)
		assert_int_equal(
			row_writer_add(&writer, CODE_TABLE_ADDRESS + i * RULE_LEN, rules[i]), 0);
	assert_int_equal(row_writer_add(&writer, CODE_TABLE_ADDRESS + count * RULE_LEN, gap), 0);
	assert_int_equal(row_writer_finish(&writer, object, &bytes, &len), 0);
	off = POOL_LEN - (uint32_t)len;
	memcpy(world->pool + off, bytes, len);
	free(bytes);
	object->gen = 2;
	object->index_off += off;
	object->rules_off += off;
	object->keys_off += off;
	object->rule_ids_off += off;
}

static inline int world_set_up(void **state)
{
	struct world *world = calloc(1, sizeof(*world));

	if (!world || !(world->pool = calloc(1, POOL_LEN + WALK_POOL_SLACK)))
		return -1;
	world->registers[UNWIND_REGISTER_SP] = STACK_START;
	world->registers[UNWIND_REGISTER_RA] = code(0);
	world->walked = (struct host_stepper_stack){
		.registers = world->registers,
		.runs[0] = {.begin = STACK_START,
			    .memory = (const unsigned char *)world->stack,
			    .len = sizeof(world->stack)},
		.mapset_off = MAPSET_OFF,
	};
	world_map(world, 0);
	*state = world;
	return 0;
}

static inline int world_tear_down(void **state)
{
	struct world *world = *state;

	free(world->pool);
	free(world);
	return 0;
}

static inline enum walk_end world_walk(struct world *world)
{
	const struct host_stepper_pool pool = {
		.base = world->pool,
		.size = POOL_LEN,
		.objects = world->objects,
		.objects_len = ARRAY_SIZE(world->objects),
	};

	host_stepper_walk(&pool, &world->walked, &world->result);
	return world->result.end;
}

#define WORLD_TEST(function)                                                                       \
	cmocka_unit_test_setup_teardown(function, world_set_up, world_tear_down)

#define WORLD_RULES(world, ...)                                                                    \
	do {                                                                                       \
		const struct unwind_rule rules_[] = {__VA_ARGS__};                                 \
		world_table(world, rules_, ARRAY_SIZE(rules_));                                    \
	} while (0)

/* The frames are exactly those at these addresses, leaf first. */
#define assert_frames(world, ...)                                                                  \
	do {                                                                                       \
		const uint64_t wanted_[] = {__VA_ARGS__};                                          \
		assert_int_equal((world)->result.len, ARRAY_SIZE(wanted_));                        \
		for (size_t i_ = 0; i_ < ARRAY_SIZE(wanted_); i_++)                                \
			assert_int_equal((world)->result.frames[i_], frame_word(wanted_[i_]));     \
	} while (0)

#endif
