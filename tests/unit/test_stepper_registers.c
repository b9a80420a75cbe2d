// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The stack stepper: which registers are known in which frame, and where they were saved. */
#include "profiler/walk/host_stepper.h"
#include "tests/unit/walk_world.h"

static void a_leaf_has_all_registers(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_REGISTER, .aux = RBX, .offset = 24}, stop);
	world->registers[RBX] = word_at(20);
	world->stack[22] = return_to(1);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1);
}

/* What a callee may have saved and used otherwise is not known in its caller. */
static void a_caller_lacks_registers_that_callees_save(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, by_sp, {.kind = UNWIND_REGISTER, .aux = R12, .offset = 24}, stop);
	world->registers[R12] = word_at(20);
	world->stack[1] = return_to(1);
	world->stack[22] = return_to(2);
	assert_int_equal(world_walk(world), WALK_REGISTER_LOST);
	assert_frames(world, code(0), return_to(1) - 1);
}

/*
 * Code that finds its frame by a register which callees need not save, and calls, calls code that leaves
 * it alone: OpenSSL's AES-GCM.
 */
static void a_caller_has_registers_that_callees_leave(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, by_sp, {.kind = UNWIND_REGISTER, .aux = RAX, .offset = 8}, stop);
	world->registers[RAX] = word_at(20);
	world->stack[1] = return_to(1);
	world->stack[20] = return_to(2);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);
}

static void no_rule_names_a_register_that_is_not(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_REGISTER, .aux = UNWIND_REGISTER_CNT}, stop);
	assert_int_equal(world_walk(world), WALK_REGISTER_LOST);
	WORLD_RULES(world, {.kind = UNWIND_REGISTER, .aux = -1}, stop);
	assert_int_equal(world_walk(world), WALK_REGISTER_LOST);
}

static void the_return_address_is_in_a_register(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP | RA(UNWIND_RA_REGISTER), .aux = RBX},
		    {.kind = UNWIND_SP | RA(UNWIND_RA_REGISTER), .aux = RBX});
	world->registers[RBX] = return_to(1);
	assert_int_equal(world_walk(world), WALK_REGISTER_LOST);
	assert_frames(world, code(0), return_to(1) - 1);
}

/* ---- where the caller's rbx is: frame 2 needs it ---- */

static enum walk_end walk_with_bx(struct world *world, struct unwind_rule first,
				  struct unwind_rule second)
{
	WORLD_RULES(world, first, second, {.kind = UNWIND_REGISTER, .aux = RBX, .offset = 24},
		    stop);
	world->stack[3] = return_to(1);
	world->stack[7] = return_to(2);
	world->stack[42] = return_to(3);
	return world_walk(world);
}

#define BX_AT(word)                                                                                \
	{                                                                                          \
		.kind = UNWIND_SP, .offset = 32, .aux = (word)                                     \
	}

static void rbx_is_where_the_last_to_save_it_put_it(void **state)
{
	const struct unwind_rule same = BX_AT(0), saved = BX_AT(-3);
	struct world *world = *state;

	world->registers[RBX] = word_at(40);
	world->stack[1] = 77;
	world->stack[5] = 77;
	assert_int_equal(walk_with_bx(world, same, same), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1, return_to(3) - 1);

	world->registers[RBX] = 77;
	world->stack[1] = word_at(40);
	assert_int_equal(walk_with_bx(world, saved, same), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1, return_to(3) - 1);

	world->stack[1] = 77;
	world->stack[5] = word_at(40);
	assert_int_equal(walk_with_bx(world, same, saved), WALK_COMPLETE);
	assert_int_equal(walk_with_bx(world, saved, saved), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1, return_to(3) - 1);
}

static void a_lost_rbx_is_not_made_up(void **state)
{
	const struct unwind_rule same = BX_AT(0), saved = BX_AT(-3), lost = BX_AT(UNWIND_BX_LOST);
	const struct unwind_rule elsewhere = {
		.kind = UNWIND_SP | RA(UNWIND_RA_AUX), .offset = 32, .aux = -1};
	struct world *world = *state;

	world->registers[RBX] = word_at(40);
	world->stack[1] = word_at(40);
	world->stack[5] = word_at(40);
	assert_int_equal(walk_with_bx(world, lost, same), WALK_REGISTER_LOST);
	assert_int_equal(walk_with_bx(world, saved, lost), WALK_REGISTER_LOST);
	assert_int_equal(walk_with_bx(world, elsewhere, same), WALK_REGISTER_LOST);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);
	/* The next to save it has it: what it saved is what its caller wants. */
	assert_int_equal(walk_with_bx(world, lost, saved), WALK_COMPLETE);
}

/* ---- where the caller's frame pointer is: frame 1 needs it ---- */

static enum walk_end walk_with_fp(struct world *world, int16_t fp)
{
	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = 64, .fp = fp}, by_fp, stop);
	world->stack[7] = return_to(1);
	world->stack[31] = return_to(2);
	return world_walk(world);
}

static void the_frame_pointer_is_where_the_rule_says(void **state)
{
	struct world *world = *state;

	world->registers[UNWIND_REGISTER_FP] = word_at(30);
	assert_int_equal(walk_with_fp(world, UNWIND_FP_SAME), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);

	world->registers[UNWIND_REGISTER_FP] = word_at(100);
	world->stack[3] = word_at(30);
	assert_int_equal(walk_with_fp(world, FP_AT(UNWIND_FP_CFA, -40)), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);
	assert_int_equal(walk_with_fp(world, FP_AT(UNWIND_FP_SP, 24)), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);

	world->stack[3] = 77;
	world->stack[95] = word_at(30);
	assert_int_equal(walk_with_fp(world, FP_AT(UNWIND_FP_FP, -40)), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);

	world->stack[95] = 77;
	world->registers[R8] = word_at(30);
	assert_int_equal(walk_with_fp(world, FP_AT(UNWIND_FP_REGISTER, R8 * 8)), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);
}

static void a_lost_frame_pointer_is_not_made_up(void **state)
{
	struct world *world = *state;

	world->registers[UNWIND_REGISTER_FP] = word_at(30);
	assert_int_equal(walk_with_fp(world, UNWIND_FP_LOST), WALK_FP_LOST);
	assert_frames(world, code(0), return_to(1) - 1);
	/* One that cannot be read is lost too. */
	assert_int_equal(walk_with_fp(world, FP_AT(UNWIND_FP_SP, -8)), WALK_FP_LOST);
	assert_frames(world, code(0), return_to(1) - 1);
}

static void a_lost_frame_pointer_may_not_be_needed(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = 16, .fp = UNWIND_FP_LOST},
		    {.kind = UNWIND_SP, .offset = 16, .fp = FP_AT(UNWIND_FP_CFA, -16)}, by_fp,
		    stop);
	world->stack[1] = return_to(1);
	world->stack[2] = word_at(8);
	world->stack[3] = return_to(2);
	world->stack[9] = return_to(3);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1, return_to(3) - 1);
}

static void what_was_saved_by_a_lost_frame_pointer_is_lost(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = 16, .fp = UNWIND_FP_LOST},
		    {.kind = UNWIND_SP, .offset = 16, .fp = FP_AT(UNWIND_FP_FP, 0)}, by_fp);
	world->registers[UNWIND_REGISTER_FP] = word_at(8);
	world->stack[1] = return_to(1);
	world->stack[3] = return_to(2);
	assert_int_equal(world_walk(world), WALK_FP_LOST);
	assert_int_equal(world->result.len, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(a_leaf_has_all_registers),
		WORLD_TEST(a_caller_lacks_registers_that_callees_save),
		WORLD_TEST(a_caller_has_registers_that_callees_leave),
		WORLD_TEST(no_rule_names_a_register_that_is_not),
		WORLD_TEST(the_return_address_is_in_a_register),
		WORLD_TEST(rbx_is_where_the_last_to_save_it_put_it),
		WORLD_TEST(a_lost_rbx_is_not_made_up),
		WORLD_TEST(the_frame_pointer_is_where_the_rule_says),
		WORLD_TEST(a_lost_frame_pointer_is_not_made_up),
		WORLD_TEST(a_lost_frame_pointer_may_not_be_needed),
		WORLD_TEST(what_was_saved_by_a_lost_frame_pointer_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
