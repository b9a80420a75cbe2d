// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Tables of the test program's own objects, in a pool of plain memory. */
#include "profiler/walk/walk_tables.h"
#include "tests/unit/walk_self.h"

#include <string.h>

#define LONG_NS (60 * NS_PER_SEC)

struct house {
	struct self self;
	struct walk_pool pool;
	struct walk_tables tables;
	const struct mapping *own; /* of the test program's code */
};

static int a_function(int value)
{
	return value + 1;
}

static int set_up(void **state)
{
	struct house *house = calloc(1, sizeof(*house));

	if (!house || self_set_up(&house->self) < 0 ||
	    walk_pool_init(&house->pool, house->self.pool, SELF_POOL_SIZE) < 0 ||
	    walk_tables_init(&house->tables, &house->pool, house->self.objects, NULL) < 0)
		return -1;
	house->own = self_mapping_of(&house->self, (const void *)(uintptr_t)a_function);
	*state = house;
	return 0;
}

static int tear_down(void **state)
{
	struct house *house = *state;

	walk_tables_done(&house->tables);
	walk_pool_done(&house->pool);
	self_tear_down(&house->self);
	free(house);
	return 0;
}

static enum walk_table_state want(struct house *house, uint32_t object)
{
	return walk_tables_want(&house->tables, processes_objects(house->self.processes), object);
}

static void build(struct house *house, uint32_t object)
{
	assert_int_equal(want(house, object), WALK_TABLE_BUILDING);
	assert_int_equal(walk_tables_get(&house->tables, object)->state, WALK_TABLE_BUILDING);
	assert_true(table_builder_settle(house->tables.builder, LONG_NS));
	walk_tables_collect(&house->tables);
}

/* The rule of a_function's first byte: its return address is at the stack pointer. */
static struct unwind_rule rule_of_function(const struct house *house)
{
	const struct walk_table *table = walk_tables_get(&house->tables, house->own->object);
	struct unwind_table view = {.bytes = house->self.pool};
	uint64_t code = (uint64_t)(uintptr_t)a_function, address;

	view.object = house->self.objects[table->slot];
	assert_true(walk_table_address(table, code - house->own->start + house->own->file_offset,
				       &address));
	return unwind_table_lookup(&view, address);
}

static void a_table_moves_into_the_pool(void **state)
{
	struct house *house = *state;
	uint32_t used = house->pool.used, object = house->own->object;
	const struct walk_table *table;

	build(house, object);
	table = walk_tables_get(&house->tables, object);
	assert_int_equal(table->state, WALK_TABLE_READY);
	assert_int_equal(house->pool.used - used, table->len);
	assert_int_equal(house->self.objects[table->slot].gen, 2);
	assert_int_equal(UNWIND_KIND(rule_of_function(house)), UNWIND_SP);
	assert_int_equal(rule_of_function(house).offset, 8);
	assert_int_equal(house->tables.counters.built, 1);
	assert_int_equal(house->tables.counters.bytes, table->len);
	assert_int_equal(house->tables.counters.rows, house->self.objects[table->slot].row_cnt);
	assert_int_equal(want(house, object), WALK_TABLE_READY);
}

static void the_vdso_has_a_table(void **state)
{
	struct house *house = *state;

	build(house, OBJECT_ID_VDSO);
	assert_int_equal(walk_tables_get(&house->tables, OBJECT_ID_VDSO)->state, WALK_TABLE_READY);
}

static void memory_without_a_file_has_no_table(void **state)
{
	struct house *house = *state;

	assert_int_equal(want(house, OBJECT_ID_ANON), WALK_TABLE_NONE);
	assert_int_equal(want(house, OBJECT_ID_VSYSCALL), WALK_TABLE_NONE);
	assert_int_equal(want(house, WALK_OBJECT_ID_MAX + 1), WALK_TABLE_NONE);
	assert_int_equal(walk_tables_get(&house->tables, 4711)->state, WALK_TABLE_UNKNOWN);
}

/* Whoever links may put each segment anywhere: there is no one difference of addresses and offsets. */
static void each_segment_has_addresses_of_its_own(void **state)
{
	struct walk_table table = {0};
	uint64_t address;

	(void)state;
	assert_int_equal(
		vec_push(&table.segments, ((struct unwind_segment){0x401000, 0x1000, 0x2000})), 0);
	assert_int_equal(
		vec_push(&table.segments, ((struct unwind_segment){0x905040, 0x5040, 0x1000})), 0);
	assert_true(walk_table_address(&table, 0x1234, &address));
	assert_int_equal(address, 0x401234);
	assert_true(walk_table_address(&table, 0x5000, &address));
	assert_int_equal(address, 0x905000);
	assert_true(walk_table_address(&table, 0x5123, &address));
	assert_int_equal(address, 0x905123);
	assert_false(walk_table_address(&table, 0x8000, &address));
	vec_free(&table.segments);
}

static void offsets_outside_all_code_have_no_address(void **state)
{
	struct house *house = *state;
	const struct walk_table *table;
	uint64_t address = 77;

	build(house, house->own->object);
	table = walk_tables_get(&house->tables, house->own->object);
	assert_false(walk_table_address(table, UINT64_MAX, &address));
	assert_false(walk_table_address(table, UINT64_C(1) << 40, &address));
	assert_false(walk_table_address(&(struct walk_table){0}, 0, &address));
	assert_int_equal(address, 77);
	/* A mapping begins on the page in which its segment begins. */
	address = 0;
	assert_true(walk_table_address(
		table, table->segments.items[0].file_offset & ~UINT64_C(0xfff), &address));
	assert_int_equal(address & 0xfff, 0);
}

static void a_sweep_evicts_what_is_not_marked(void **state)
{
	struct house *house = *state;
	uint32_t object = house->own->object, before = house->pool.used, used;

	build(house, object);
	build(house, OBJECT_ID_VDSO);
	used = house->pool.used;
	walk_tables_mark(&house->tables, OBJECT_ID_VDSO);
	walk_tables_mark(&house->tables, 4711); /* was never there */
	walk_tables_sweep(&house->tables);
	assert_int_equal(walk_tables_get(&house->tables, object)->state, WALK_TABLE_UNKNOWN);
	assert_int_equal(walk_tables_get(&house->tables, OBJECT_ID_VDSO)->state, WALK_TABLE_READY);
	assert_int_equal(house->tables.counters.evicted, 1);
	assert_int_equal(house->pool.used, used);
	assert_int_equal(house->tables.free_slots.len, 0); /* a program may still be reading it */
	walk_pool_release(&house->pool);
	walk_tables_release(&house->tables);
	build(house, object);
	assert_int_equal(UNWIND_KIND(rule_of_function(house)), UNWIND_SP);
	assert_int_equal(house->pool.used, used);
	assert_int_equal(house->tables.slots_used, 2);

	walk_tables_sweep(&house->tables);
	walk_pool_release(&house->pool);
	assert_int_equal(house->pool.used, before);
	assert_int_equal(house->tables.counters.rows + house->tables.counters.bytes, 0);
}

static void note_object(void *ctx, uint32_t object)
{
	*(uint64_t *)ctx += UINT64_C(1) << (object & 63);
}

static void what_is_forgotten_was_never_wanted(void **state)
{
	struct house *house = *state;
	uint32_t object = house->own->object, before = house->pool.used;
	uint64_t named = 0;

	build(house, object);
	walk_tables_mark(&house->tables, object);
	walk_tables_name_marked(&house->tables, note_object, &named);
	walk_tables_name_marked(&house->tables, note_object, &named);
	assert_int_equal(named, UINT64_C(1) << (object & 63)); /* once: the mark is gone */
	walk_tables_forget(&house->tables, object);
	walk_tables_forget(&house->tables, 4711); /* was never there */
	assert_int_equal(walk_tables_get(&house->tables, object)->state, WALK_TABLE_UNKNOWN);
	assert_int_equal(house->tables.free_slots.len, 0); /* a program may still be reading it */
	walk_pool_release(&house->pool);
	walk_tables_release(&house->tables);
	assert_int_equal(house->pool.used, before);
	build(house, object);
	assert_int_equal(UNWIND_KIND(rule_of_function(house)), UNWIND_SP);
	assert_int_equal(house->tables.slots_used, 1);
}

static void a_table_without_room_is_built_when_there_is(void **state)
{
	struct house *house = *state;
	uint32_t object = house->own->object, off, len = SELF_POOL_SIZE - house->pool.used - 4096;

	assert_int_equal(walk_pool_alloc(&house->pool, len, &off), 0);
	build(house, object);
	assert_int_equal(walk_tables_get(&house->tables, object)->state, WALK_TABLE_HOMELESS);
	assert_int_equal(house->tables.counters.homeless, 1);
	assert_int_equal(want(house, object), WALK_TABLE_HOMELESS);

	/* Nobody wants it, or there is no room still: it is not built in vain. */
	assert_int_equal(walk_tables_invite(&house->tables), 0);
	walk_tables_mark(&house->tables, object);
	assert_int_equal(walk_tables_invite(&house->tables), 0);
	walk_pool_retire(&house->pool, off, len);
	walk_pool_release(&house->pool);
	assert_int_equal(walk_tables_invite(&house->tables), 0);
	walk_tables_mark(&house->tables, object);
	assert_int_equal(walk_tables_invite(&house->tables), 1);
	build(house, object);
	assert_int_equal(walk_tables_get(&house->tables, object)->state, WALK_TABLE_READY);
}

#define HOUSE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOUSE_TEST(a_table_moves_into_the_pool),
		HOUSE_TEST(the_vdso_has_a_table),
		HOUSE_TEST(memory_without_a_file_has_no_table),
		cmocka_unit_test(each_segment_has_addresses_of_its_own),
		HOUSE_TEST(offsets_outside_all_code_have_no_address),
		HOUSE_TEST(a_sweep_evicts_what_is_not_marked),
		HOUSE_TEST(what_is_forgotten_was_never_wanted),
		HOUSE_TEST(a_table_without_room_is_built_when_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
