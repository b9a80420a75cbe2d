// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "bpf/walk_abi.h"
#include "profiler/walk/mapsets.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define POOL_SIZE (1u << 20)
#define FILE_OBJECT 40u /* an object without a table, unless the test gives it one */
#define PAGE UINT64_C(0x1000)

struct space {
	struct walk_pool pool;
	struct walk_tables tables; /* no builder: nothing is ever asked for */
	struct mapsets sets;
	unsigned char *memory;
};

static int set_up(void **state)
{
	struct space *space = calloc(1, sizeof(*space));

	if (!space || !(space->memory = calloc(1, POOL_SIZE)) ||
	    walk_pool_init(&space->pool, space->memory, POOL_SIZE) < 0)
		return -1;
	space->tables.pool = &space->pool;
	mapsets_init(&space->sets, &space->pool);
	*state = space;
	return 0;
}

static int tear_down(void **state)
{
	struct space *space = *state;

	mapsets_done(&space->sets);
	vec_for_each(&space->tables.tables, table)
		vec_free(&table->segments);
	vec_free(&space->tables.tables);
	walk_pool_done(&space->pool);
	free(space->memory);
	free(space);
	return 0;
}

/* `count` mappings of one page each, two pages apart. */
static struct mappings *mappings_of(uint32_t count, uint32_t object)
{
	struct mappings *mappings = mappings_new();

	assert_non_null(mappings);
	for (uint32_t i = 0; i < count; i++) {
		struct mapping mapping = {
			.start = 0x100000 + i * 2 * PAGE,
			.limit = 0x100000 + i * 2 * PAGE + PAGE,
			.file_offset = 0x7000,
			.object = object,
		};

		assert_int_equal(mappings_insert(mappings, &mapping), 0);
	}
	return mappings;
}

static int get_of(struct space *space, uint32_t count, uint32_t object, uint32_t *ret_set)
{
	struct mappings *mappings = mappings_of(count, object);
	int r = mapsets_get(&space->sets, mappings, &space->tables, ret_set);

	mappings_unref(mappings);
	return r;
}

static struct mapset *must_get(struct space *space, uint32_t count, uint32_t object)
{
	uint32_t set;

	assert_int_equal(get_of(space, count, object, &set), 0);
	return &space->sets.sets.items[set];
}

static struct walk_mapping mapping_in_pool(struct space *space, const struct mapset *set,
					   uint32_t count, uint32_t i)
{
	struct walk_mapping mapping;

	memcpy(&mapping,
	       space->memory + set->off + sizeof(struct walk_mapset) + count * sizeof(uint64_t) +
		       i * sizeof(mapping),
	       sizeof(mapping));
	return mapping;
}

static void a_set_lies_in_the_pool_as_the_walker_reads_it(void **state)
{
	struct space *space = *state;
	const struct mapset *set = must_get(space, 3, FILE_OBJECT);
	struct walk_mapset head;
	uint64_t starts[3];

	memcpy(&head, space->memory + set->off, sizeof(head));
	memcpy(starts, space->memory + set->off + sizeof(head), sizeof(starts));
	assert_int_equal(head.id, set->id);
	assert_int_not_equal(head.id, 0);
	assert_int_equal(head.len, 3);
	for (uint32_t i = 0; i < 3; i++) {
		struct walk_mapping mapping = mapping_in_pool(space, set, 3, i);

		assert_int_equal(starts[i], 0x100000 + i * 2 * PAGE);
		assert_int_equal(mapping.limit, starts[i] + PAGE);
		assert_int_equal(starts[i] - mapping.file_bias, 0x7000);
		assert_int_equal(mapping.object, FILE_OBJECT);
	}
}

static void memory_without_a_file_is_known_by_its_address(void **state)
{
	static const uint32_t objects[] = {OBJECT_ID_ANON, OBJECT_ID_HEAP, OBJECT_ID_STACK};
	struct space *space = *state;

	for (size_t i = 0; i < ARRAY_SIZE(objects); i++) {
		const struct mapset *set = must_get(space, 1, objects[i]);

		assert_int_equal(mapping_in_pool(space, set, 1, 0).file_bias, 0);
	}
}

static void give_table(struct space *space, struct walk_table table)
{
	while (space->tables.tables.len <= FILE_OBJECT)
		assert_int_equal(vec_push(&space->tables.tables, (struct walk_table){0}), 0);
	assert_int_equal(vec_push(&table.segments, ((struct unwind_segment){.address = 0x407000,
									    .file_offset = 0x7000,
									    .file_len = 0x3000})),
			 0);
	space->tables.tables.items[FILE_OBJECT] = table;
}

static void a_mapping_leads_to_its_table(void **state)
{
	struct space *space = *state;
	struct walk_mapping mapping;

	give_table(space, (struct walk_table){.state = WALK_TABLE_READY, .slot = 12});
	mapping = mapping_in_pool(space, must_get(space, 1, FILE_OBJECT), 1, 0);
	assert_int_equal(mapping.table, 12);
	assert_int_equal(0x100000 - mapping.table_bias, 0x407000);
}

static void tables_that_are_not_there_are_called_so(void **state)
{
	struct space *space = *state;
	struct walk_table *table;

	give_table(space, (struct walk_table){.state = WALK_TABLE_HOMELESS});
	table = &space->tables.tables.items[FILE_OBJECT];
	assert_int_equal(mapping_in_pool(space, must_get(space, 1, FILE_OBJECT), 1, 0).table,
			 WALK_TABLE_NO_ROOM);
	table->state = WALK_TABLE_NONE;
	assert_int_equal(mapping_in_pool(space, must_get(space, 1, FILE_OBJECT), 1, 0).table,
			 WALK_NO_TABLE);
	/* A table that says nothing of the mapped part of its file. */
	table->state = WALK_TABLE_READY;
	table->segments.items[0].file_offset = 0x20000;
	assert_int_equal(mapping_in_pool(space, must_get(space, 1, FILE_OBJECT), 1, 0).table,
			 WALK_NO_TABLE);
}

static void equal_mappings_share_a_set(void **state)
{
	struct space *space = *state;
	uint32_t first, again, other, used;

	assert_int_equal(get_of(space, 5, FILE_OBJECT, &first), 0);
	used = space->pool.used;
	assert_int_equal(get_of(space, 5, FILE_OBJECT, &again), 0);
	assert_int_equal(again, first);
	assert_int_equal(space->pool.used, used);
	assert_int_equal(get_of(space, 5, FILE_OBJECT + 1, &other), 0);
	assert_int_not_equal(other, first);
	assert_int_equal(get_of(space, 4, FILE_OBJECT, &other), 0);
	assert_int_not_equal(other, first);
	assert_int_equal(space->sets.by_content.len, 3);
}

static void there_are_limits(void **state)
{
	struct space *space = *state;
	uint32_t set = 77;

	assert_int_equal(get_of(space, 0, FILE_OBJECT, &set), -ENODATA);
	assert_int_equal(get_of(space, WALK_MAPPINGS_MAX + 1, FILE_OBJECT, &set), -E2BIG);
	assert_int_equal(set, 77);
	assert_int_equal(get_of(space, WALK_MAPPINGS_MAX, FILE_OBJECT, &set), 0);
}

static void a_full_pool_says_so_and_stays_as_it_was(void **state)
{
	struct space *space = *state;
	uint32_t off, used, set = 77;

	assert_int_equal(walk_pool_alloc(&space->pool, POOL_SIZE - space->pool.used - 64, &off), 0);
	used = space->pool.used;
	assert_int_equal(get_of(space, 9, FILE_OBJECT, &set), -ENOSPC);
	assert_int_equal(set, 77);
	assert_int_equal(space->pool.used, used);
	assert_int_equal(space->sets.by_content.len, 0);
	assert_int_equal(get_of(space, 1, FILE_OBJECT, &set), 0);
}

static void a_sweep_keeps_what_is_marked(void **state)
{
	struct space *space = *state;
	uint32_t kept_id = must_get(space, 2, FILE_OBJECT)->id;
	uint32_t gone_id = must_get(space, 3, FILE_OBJECT + 1)->id, used, next_id;

	give_table(space, (struct walk_table){.state = WALK_TABLE_UNKNOWN});
	mapsets_find(&space->sets, kept_id)->marked = true;
	used = space->pool.used;
	mapsets_sweep(&space->sets, &space->tables);
	assert_non_null(mapsets_find(&space->sets, kept_id));
	assert_false(mapsets_find(&space->sets, kept_id)->marked);
	assert_null(mapsets_find(&space->sets, gone_id));
	assert_true(space->tables.tables.items[FILE_OBJECT].marked);
	/* A program may be reading it still. */
	assert_int_equal(space->pool.used, used);
	walk_pool_release(&space->pool);
	assert_int_equal(used - space->pool.used, 8 + 3 * (8 + 32));

	/* In the same place, under another name. */
	next_id = must_get(space, 3, FILE_OBJECT + 1)->id;
	assert_int_not_equal(next_id, gone_id);
	assert_int_not_equal(next_id, kept_id);
	assert_int_equal(space->sets.sets.len, 2);
	assert_int_equal(space->pool.used, used);
	mapsets_sweep(&space->sets, &space->tables);
	assert_null(mapsets_find(&space->sets, kept_id));
}

static void ids_are_never_0(void **state)
{
	struct space *space = *state;

	space->sets.last_id = UINT32_MAX - 1;
	for (uint32_t count = 1; count < 4; count++)
		assert_int_not_equal(must_get(space, count, FILE_OBJECT)->id, 0);
	assert_null(mapsets_find(&space->sets, 0));
}

#define SPACE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SPACE_TEST(a_set_lies_in_the_pool_as_the_walker_reads_it),
		SPACE_TEST(memory_without_a_file_is_known_by_its_address),
		SPACE_TEST(a_mapping_leads_to_its_table),
		SPACE_TEST(tables_that_are_not_there_are_called_so),
		SPACE_TEST(equal_mappings_share_a_set),
		SPACE_TEST(there_are_limits),
		SPACE_TEST(a_full_pool_says_so_and_stays_as_it_was),
		SPACE_TEST(a_sweep_keeps_what_is_marked),
		SPACE_TEST(ids_are_never_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
