// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The stack stepper, rule by rule, on tables and stacks made by hand. */
#include "profiler/walk/host_stepper.h"
#include "tests/unit/walk_world.h"

/* ---- where the caller's frame is ---- */

static void the_stack_pointer_leads(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, by_sp, by_sp, stop);
	world->stack[1] = return_to(1);
	world->stack[3] = return_to(2);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);
}

static void the_frame_pointer_leads(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, by_fp, by_fp, stop);
	world->registers[UNWIND_REGISTER_FP] = word_at(10);
	world->stack[10] = word_at(20);
	world->stack[11] = return_to(1);
	world->stack[21] = return_to(2);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);
}

static void a_frame_lies_where_a_word_of_the_stack_says(void **state)
{
	struct world *world = *state;

	/* *(sp + 24) - 8, with the frame pointer in it; then *(fp - 16) + 16. */
	WORLD_RULES(world,
		    {.kind = UNWIND_SP_DEREF, .offset = 24, .aux = -1, .fp = UNWIND_FP_BESIDE_RA},
		    {.kind = UNWIND_FP_DEREF, .offset = -16, .aux = 2}, stop);
	world->stack[3] = word_at(31);
	world->stack[28] = word_at(40);
	world->stack[29] = return_to(1);
	world->stack[38] = word_at(50);
	world->stack[51] = return_to(2);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1);
}

static void a_frame_lies_behind_an_array_on_the_stack(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP_INDEX, .offset = 8, .aux = R8}, stop);
	world->registers[R8] = 12;
	world->stack[13] = word_at(29);
	world->stack[29] = return_to(1);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1);
}

static void a_plt_entry_has_pushed_or_not(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_PLT, .offset = 11}, stop);
	world->stack[0] = return_to(1);
	world->stack[1] = 77;
	world->registers[UNWIND_REGISTER_RA] = code(0) + 10;
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0) + 10, return_to(1) - 1);
	world->stack[0] = 77;
	world->stack[1] = return_to(1);
	world->registers[UNWIND_REGISTER_RA] = code(0) + 11;
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0) + 11, return_to(1) - 1);
}

/* ---- where the return address is ---- */

static void the_return_address_is_elsewhere(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP | RA(UNWIND_RA_AUX), .offset = 64, .aux = -4}, stop);
	world->stack[4] = return_to(1);
	world->stack[7] = 77;
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1);
}

/* Looked up as it is: a return address - 1 would be in rule 0. */
static void what_was_interrupted_did_not_call(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP | UNWIND_INTERRUPTED, .offset = 16}, stop);
	world->stack[1] = code(1);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), code(1));
}

static void a_leaf_in_a_system_call_has_called(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, stop, {.kind = UNWIND_UNSUPPORTED});
	world->registers[UNWIND_REGISTER_RA] = code(1);
	world->walked.call_site = 1;
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(1) - 1);
	world->walked.call_site = 0;
	assert_int_equal(world_walk(world), WALK_UNSUPPORTED);
	assert_frames(world, code(1));
}

static void nobody_called_from_0(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, by_sp);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0));
}

/* ---- signals ---- */

/* A struct ucontext at this word, of a thread interrupted there. */
static void put_ucontext(struct world *world, uint32_t word, uint64_t pc, uint64_t sp)
{
	static const unsigned char places[] = UNWIND_UCONTEXT_REGISTERS;

	for (uint32_t i = 0; i < UNWIND_REGISTER_CNT; i++)
		world->stack[word + places[i] / 8] = 1000 + i;
	world->stack[word + UNWIND_UCONTEXT_RA / 8] = pc;
	world->stack[word + UNWIND_UCONTEXT_SP / 8] = sp;
}

static int read_of_world(void *ctx, void *to, size_t size, uint64_t address)
{
	const struct world *world = ctx;
	static const unsigned char sigreturn[] = UNWIND_SIGRETURN_CODE;

	if (address - STACK_START < sizeof(world->stack) &&
	    sizeof(world->stack) - (address - STACK_START) >= size) {
		memcpy(to, (const char *)world->stack + (address - STACK_START), size);
		return 0;
	}
	if (address == code(1) && size == sizeof(sigreturn)) {
		memcpy(to, sigreturn, size);
		return 0;
	}
	return -1;
}

/* From a handler at word 100, back to a leaf at word 1: as from an alternate stack. */
static enum walk_end walk_signal(struct world *world, uint32_t ucontext)
{
	static const unsigned char places[] = UNWIND_UCONTEXT_REGISTERS;

	world->walked.read = read_of_world;
	world->walked.ctx = world;
	world->registers[UNWIND_REGISTER_SP] = word_at(100);
	world->stack[101] = code(1);
	put_ucontext(world, ucontext, code(2), word_at(1));
	world->stack[ucontext + places[RBX] / 8] = word_at(4);
	world->stack[ucontext + UNWIND_UCONTEXT_FP / 8] = word_at(10);
	world->stack[5] = return_to(3);
	world->stack[11] = return_to(4);
	return world_walk(world);
}

static void a_signal_frame_leads_back_to_the_interrupted(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP | UNWIND_INTERRUPTED, .offset = 16},
		    {.kind = UNWIND_SIGNAL | UNWIND_INTERRUPTED, .offset = 8},
		    {.kind = UNWIND_REGISTER, .aux = RBX, .offset = 16}, by_fp, stop);
	assert_int_equal(walk_signal(world, 103), WALK_COMPLETE);
	assert_frames(world, code(0), code(1), code(2), return_to(3) - 1, return_to(4) - 1);
}

/* musl has no unwind information for the code that a handler returns to. */
static void a_signal_frame_is_known_by_its_code(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP | UNWIND_INTERRUPTED, .offset = 16},
		    {.kind = UNWIND_GAP}, {.kind = UNWIND_REGISTER, .aux = RBX, .offset = 16},
		    by_fp, stop);
	assert_int_equal(walk_signal(world, 102), WALK_COMPLETE);
	assert_frames(world, code(0), code(1), code(2), return_to(3) - 1, return_to(4) - 1);
}

static void a_signal_frame_on_itself_ends(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SIGNAL | UNWIND_INTERRUPTED});
	put_ucontext(world, 0, code(0), STACK_START);
	assert_int_equal(world_walk(world), WALK_DEPTH);
	assert_int_equal(world->result.len, WALK_FRAMES_MAX);
}

/* ---- code without rules ---- */

static void gaps_are_crossed_by_frame_pointers(void **state)
{
	struct world *world = *state;

	/* A compiled function between two of C, as a run-time compiler makes them. */
	WORLD_RULES(world, by_sp, {.kind = UNWIND_GAP}, by_fp, stop);
	world->registers[UNWIND_REGISTER_FP] = word_at(6);
	world->stack[1] = return_to(1);
	world->stack[6] = word_at(20);
	world->stack[7] = return_to(2);
	world->stack[21] = return_to(3);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1, return_to(2) - 1, return_to(3) - 1);
}

static void a_chain_of_frame_pointers_ends_with_0(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_GAP});
	world->registers[UNWIND_REGISTER_FP] = word_at(6);
	world->stack[7] = return_to(1);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1);
	/* One that was 0 from the start is no chain. */
	world->registers[UNWIND_REGISTER_FP] = 0;
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	assert_frames(world, code(0));
}

static void frame_pointers_must_look_like_some(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_GAP});
	world->stack[7] = return_to(1);
	world->registers[UNWIND_REGISTER_FP] = word_at(6) + 4;
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	world->registers[UNWIND_REGISTER_FP] = STACK_START - 8;
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	world->registers[UNWIND_REGISTER_FP] = STACK_START + (2 << 20);
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	world->registers[UNWIND_REGISTER_FP] = word_at(6);
	world->stack[7] = CODE_START + CODE_LEN + 100;
	assert_int_equal(world_walk(world), WALK_UNMAPPED);
	assert_frames(world, code(0));
}

/* ---- how walks end ---- */

static void objects_without_tables_end_by_name(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, stop);
	world_map(world, WALK_NO_TABLE);
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	world_map(world, WALK_TABLE_NO_ROOM);
	assert_int_equal(world_walk(world), WALK_NO_ROOM);
	world_map(world, 1); /* a slot that was never filled */
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	world_map(world, 4711); /* no slot */
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	WORLD_RULES(world, {.kind = UNWIND_UNSUPPORTED, .offset = 3});
	world_map(world, 0);
	assert_int_equal(world_walk(world), WALK_UNSUPPORTED);
	assert_frames(world, code(0));
}

static void frames_must_lie_above_one_another(void **state)
{
	struct world *world = *state;

	for (uint32_t i = 0; i < STACK_WORDS; i++)
		world->stack[i] = return_to(0);
	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = -8});
	assert_int_equal(world_walk(world), WALK_BAD_FRAME);
	WORLD_RULES(world, {.kind = UNWIND_SP});
	assert_int_equal(world_walk(world), WALK_BAD_FRAME);
	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = 12});
	assert_int_equal(world_walk(world), WALK_BAD_FRAME);
	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = (64 << 20) + 8});
	assert_int_equal(world_walk(world), WALK_BAD_FRAME);
	assert_frames(world, code(0));
}

static void memory_beyond_a_copy_is_not_unreadable(void **state)
{
	struct world *world = *state;

	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = 8 * STACK_WORDS + 8}, stop);
	assert_int_equal(world_walk(world), WALK_SHORT_COPY);
	world->walked.read = read_of_world;
	world->walked.ctx = world;
	assert_int_equal(world_walk(world), WALK_UNREADABLE);
	/* The last word is still inside. */
	world->walked.read = NULL;
	WORLD_RULES(world, {.kind = UNWIND_SP, .offset = 8 * STACK_WORDS}, stop);
	world->stack[STACK_WORDS - 1] = return_to(1);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), return_to(1) - 1);
	world->walked.runs[0].len -= 1;
	assert_int_equal(world_walk(world), WALK_SHORT_COPY);
}

/* The third and fourth word lie in a page that was absent. */
static void absent_pages_are_not_read(void **state)
{
	struct world *world = *state;

	world->registers[UNWIND_REGISTER_SP] = STACK_START - 16;
	world->walked.runs[0].begin = STACK_START - 16;
	WORLD_RULES(world, by_sp, by_sp, stop);
	world->stack[1] = return_to(1);
	world->stack[3] = return_to(2);
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	world->walked.runs[0].absent = 2;
	assert_int_equal(world_walk(world), WALK_UNREADABLE);
	assert_frames(world, code(0), return_to(1) - 1);
	world->walked.runs[0].absent = 1;
	assert_int_equal(world_walk(world), WALK_UNREADABLE);
	assert_frames(world, code(0));
	world->walked.runs[0].absent = ~3u;
	assert_int_equal(world_walk(world), WALK_COMPLETE);
}

/* A copy of two stacks: a handler's from word 96 on, and from word 0 on what it interrupted. */
static void a_copy_may_have_two_stacks(void **state)
{
	struct world *world = *state;
	struct host_stepper_run *runs = world->walked.runs;

	WORLD_RULES(world, {.kind = UNWIND_SP | UNWIND_INTERRUPTED, .offset = 16},
		    {.kind = UNWIND_SIGNAL | UNWIND_INTERRUPTED, .offset = 8},
		    {.kind = UNWIND_REGISTER, .aux = RBX, .offset = 16}, by_fp, stop);
	assert_int_equal(walk_signal(world, 103), WALK_COMPLETE);
	world->walked.read = NULL;
	runs[0] = (struct host_stepper_run){.begin = word_at(96),
					    .memory = (const unsigned char *)&world->stack[96],
					    .len = 64 * sizeof(uint64_t)};
	assert_int_equal(world_walk(world), WALK_UNREADABLE);
	runs[1] = (struct host_stepper_run){.begin = word_at(0),
					    .memory = (const unsigned char *)world->stack,
					    .len = 32 * sizeof(uint64_t)};
	assert_int_equal(world_walk(world), WALK_COMPLETE);
	assert_frames(world, code(0), code(1), code(2), return_to(3) - 1, return_to(4) - 1);
	runs[1].absent = 1;
	assert_int_equal(world_walk(world), WALK_UNREADABLE);
}

static void deep_stacks_are_cut(void **state)
{
	_cleanup_free_ uint64_t *words = malloc(4096 * sizeof(uint64_t));
	struct world *world = *state;

	assert_non_null(words);
	for (uint32_t i = 0; i < 4096; i++)
		words[i] = return_to(0);
	world->walked.runs[0].memory = (const unsigned char *)words;
	world->walked.runs[0].len = 4096 * sizeof(uint64_t);
	WORLD_RULES(world, by_sp);
	assert_int_equal(world_walk(world), WALK_DEPTH);
	assert_int_equal(world->result.len, WALK_FRAMES_MAX);
	assert_int_equal(world->result.frames[WALK_FRAMES_MAX - 1], frame_word(return_to(0) - 1));
}

/* ---- mappings ---- */

static void addresses_outside_are_kept_as_they_are(void **state)
{
	const uint64_t addresses[] = {CODE_START - 1, CODE_START + CODE_LEN, 0, 1,
				      UINT64_C(0x7fffffffffff)};
	struct world *world = *state;

	WORLD_RULES(world, stop);
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		world->registers[UNWIND_REGISTER_RA] = addresses[i];
		assert_int_equal(world_walk(world), WALK_UNMAPPED);
		assert_int_equal(world->result.len, 1);
		assert_int_equal(world->result.frames[0], WALK_UNPLACED | addresses[i]);
	}
	world->registers[UNWIND_REGISTER_RA] = CODE_START + CODE_LEN - 1;
	assert_int_equal(world_walk(world), WALK_NO_INFO);
	assert_frames(world, CODE_START + CODE_LEN - 1);
}

static void no_mappings_no_walk(void **state)
{
	const struct walk_mapset head = {.id = MAPSET_ID, .len = 0};
	struct world *world = *state;

	memcpy(world->pool + MAPSET_OFF, &head, sizeof(head));
	assert_int_equal(world_walk(world), WALK_UNMAPPED);
	assert_int_equal(world->result.frames[0], WALK_UNPLACED | code(0));
}

/* Mapping i of the set, of one page, at page 2 i of the address space from CODE_START on. */
static void put_mappings(struct world *world, uint32_t count)
{
	const struct walk_mapset head = {.id = MAPSET_ID, .len = count};
	uint64_t *starts = (uint64_t *)(world->pool + MAPSET_OFF + sizeof(head));
	struct walk_mapping *mappings = (struct walk_mapping *)(starts + count);

	memcpy(world->pool + MAPSET_OFF, &head, sizeof(head));
	for (uint32_t i = 0; i < count; i++) {
		starts[i] = CODE_START + i * UINT64_C(0x2000);
		mappings[i] = (struct walk_mapping){
			.limit = starts[i] + 0x1000,
			.file_bias = starts[i],
			.object = i,
			.table = WALK_NO_TABLE,
		};
	}
}

static void the_right_mapping_of_many_is_found(void **state)
{
	static const uint32_t counts[] = {1, 2, 3, 31, 32, 33, 1000, 1600};
	struct world *world = *state;

	for (size_t c = 0; c < ARRAY_SIZE(counts); c++) {
		put_mappings(world, counts[c]);
		for (uint32_t i = 0; i < counts[c]; i++) {
			uint64_t *pc = &world->registers[UNWIND_REGISTER_RA];

			*pc = CODE_START + i * UINT64_C(0x2000) + 0xfff;
			assert_int_equal(world_walk(world), WALK_NO_INFO);
			assert_int_equal(world->result.frames[0],
					 (uint64_t)i << WALK_OFFSET_BITS | 0xfff);
			(*pc)++;
			assert_int_equal(world_walk(world), WALK_UNMAPPED);
		}
	}
}

static void ends_have_names_of_their_own(void **state)
{
	(void)state;
	for (enum walk_end a = 0; a < WALK_END_CNT; a++) {
		assert_non_null(walk_end_name(a));
		for (enum walk_end b = 0; b < a; b++)
			assert_string_not_equal(walk_end_name(a), walk_end_name(b));
	}
	assert_string_equal(walk_end_name(WALK_END_CNT), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WORLD_TEST(the_stack_pointer_leads),
		WORLD_TEST(the_frame_pointer_leads),
		WORLD_TEST(a_frame_lies_where_a_word_of_the_stack_says),
		WORLD_TEST(a_frame_lies_behind_an_array_on_the_stack),
		WORLD_TEST(a_plt_entry_has_pushed_or_not),
		WORLD_TEST(the_return_address_is_elsewhere),
		WORLD_TEST(what_was_interrupted_did_not_call),
		WORLD_TEST(a_leaf_in_a_system_call_has_called),
		WORLD_TEST(nobody_called_from_0),
		WORLD_TEST(a_signal_frame_leads_back_to_the_interrupted),
		WORLD_TEST(a_signal_frame_is_known_by_its_code),
		WORLD_TEST(a_signal_frame_on_itself_ends),
		WORLD_TEST(gaps_are_crossed_by_frame_pointers),
		WORLD_TEST(a_chain_of_frame_pointers_ends_with_0),
		WORLD_TEST(frame_pointers_must_look_like_some),
		WORLD_TEST(objects_without_tables_end_by_name),
		WORLD_TEST(frames_must_lie_above_one_another),
		WORLD_TEST(memory_beyond_a_copy_is_not_unreadable),
		WORLD_TEST(absent_pages_are_not_read),
		WORLD_TEST(a_copy_may_have_two_stacks),
		WORLD_TEST(deep_stacks_are_cut),
		WORLD_TEST(addresses_outside_are_kept_as_they_are),
		WORLD_TEST(no_mappings_no_walk),
		WORLD_TEST(the_right_mapping_of_many_is_found),
		cmocka_unit_test(ends_have_names_of_their_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
