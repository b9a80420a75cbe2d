// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/hashindex.h"

#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct keys {
	VEC(uint64_t) list;
	uint64_t wanted;
};

static bool same_key(const void *ctx, uint32_t id)
{
	const struct keys *keys = ctx;

	return keys->list.items[id] == keys->wanted;
}

static uint32_t find(const struct hashindex *index, struct keys *keys, uint64_t key, uint64_t hash)
{
	keys->wanted = key;
	return hashindex_find(index, hash, same_key, keys);
}

static uint64_t good_hash(uint64_t key)
{
	return hash_bytes(&key, sizeof(key));
}

/* All keys in seven probe runs that meet: what a poor hash, or an adversary, makes of it. */
static uint64_t poor_hash(uint64_t key)
{
	return key % 7;
}

static void add(struct hashindex *index, struct keys *keys, uint64_t key, uint64_t hash)
{
	assert_int_equal(vec_push(&keys->list, key), 0);
	assert_int_equal(hashindex_add(index, hash, (uint32_t)keys->list.len - 1), 0);
}

static void nothing_is_in_an_empty_one(void **state)
{
	struct hashindex index = {0};
	struct keys keys = {0};

	(void)state;
	assert_int_equal(find(&index, &keys, 1, good_hash(1)), HASHINDEX_NONE);
	hashindex_remove(&index, 1, 1);
	hashindex_clear(&index);
	assert_int_equal(find(&index, &keys, 1, good_hash(1)), HASHINDEX_NONE);
	hashindex_free(&index);
}

static void finds_what_was_added(void **state)
{
	struct hashindex index = {0};
	struct keys keys = {0};

	(void)state;
	for (uint64_t key = 0; key < 10000; key++)
		add(&index, &keys, key * 3, good_hash(key * 3));
	assert_int_equal(index.len, 10000);
	assert_true(index.len <= index.cap / 4 * 3);
	for (uint64_t key = 0; key < 30000; key++)
		assert_int_equal(find(&index, &keys, key, good_hash(key)),
				 key % 3 ? HASHINDEX_NONE : key / 3);
	hashindex_free(&index);
	vec_free(&keys.list);
}

/* Removal must not make later members of a probe run unreachable, wherever the run begins or wraps. */
static void removal_keeps_the_others(uint64_t (*hash)(uint64_t))
{
	struct hashindex index = {0};
	struct keys keys = {0};
	bool gone[200] = {false};

	for (uint64_t key = 0; key < ARRAY_SIZE(gone); key++)
		add(&index, &keys, key, hash(key));
	for (uint64_t i = 0; i < ARRAY_SIZE(gone); i++) {
		uint64_t victim = i * 73 % ARRAY_SIZE(gone);

		hashindex_remove(&index, hash(victim), (uint32_t)victim);
		gone[victim] = true;
		assert_int_equal(index.len, ARRAY_SIZE(gone) - i - 1);
		for (uint64_t key = 0; key < ARRAY_SIZE(gone); key++)
			assert_int_equal(find(&index, &keys, key, hash(key)),
					 gone[key] ? HASHINDEX_NONE : key);
	}
	hashindex_free(&index);
	vec_free(&keys.list);
}

static void removal_keeps_the_others_scattered(void **state)
{
	(void)state;
	removal_keeps_the_others(good_hash);
}

static void removal_keeps_the_others_crowded(void **state)
{
	(void)state;
	removal_keeps_the_others(poor_hash);
}

static void removal_of_a_stranger_does_nothing(void **state)
{
	struct hashindex index = {0};
	struct keys keys = {0};

	(void)state;
	add(&index, &keys, 5, poor_hash(5));
	hashindex_remove(&index, poor_hash(5), 77);
	hashindex_remove(&index, poor_hash(6), 0);
	assert_int_equal(index.len, 1);
	assert_int_equal(find(&index, &keys, 5, poor_hash(5)), 0);
	hashindex_free(&index);
	vec_free(&keys.list);
}

static void clear_forgets_all_but_the_memory(void **state)
{
	struct hashindex index = {0};
	struct keys keys = {0};
	uint32_t cap;

	(void)state;
	for (uint64_t key = 0; key < 100; key++)
		add(&index, &keys, key, good_hash(key));
	cap = index.cap;
	hashindex_clear(&index);
	assert_int_equal(index.len, 0);
	assert_int_equal(index.cap, cap);
	assert_int_equal(find(&index, &keys, 5, good_hash(5)), HASHINDEX_NONE);
	assert_int_equal(hashindex_add(&index, good_hash(5), 5), 0);
	assert_int_equal(find(&index, &keys, 5, good_hash(5)), 5);
	hashindex_free(&index);
	vec_free(&keys.list);
}

static void hash_depends_on_each_byte_and_the_length(void **state)
{
	(void)state;
	assert_true(hash_bytes("ab", 2) == hash_bytes("ab", 2));
	assert_true(hash_bytes("ab", 2) != hash_bytes("ac", 2));
	assert_true(hash_bytes("ab", 2) != hash_bytes("ab", 3));
	assert_true(hash_bytes("", 0) != hash_bytes("", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_in_an_empty_one),
		cmocka_unit_test(finds_what_was_added),
		cmocka_unit_test(removal_keeps_the_others_scattered),
		cmocka_unit_test(removal_keeps_the_others_crowded),
		cmocka_unit_test(removal_of_a_stranger_does_nothing),
		cmocka_unit_test(clear_forgets_all_but_the_memory),
		cmocka_unit_test(hash_depends_on_each_byte_and_the_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
