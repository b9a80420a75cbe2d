// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/calltree.h"

#include "formats/callnames.h"
#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static int build(const struct profile *profile, const struct callnames *names, bool roots,
		 struct calltree *tree)
{
	struct calltree_options options = {.profile = profile, .frame_keys = names->frames};

	if (roots)
		options.root_keys = names->roots;
	return calltree_build(&options, tree);
}

struct print {
	const struct callnames *names;
	struct buf text;
};

static int print_node(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth)
{
	struct print *print = ctx;
	const struct calltree_node *item = &tree->nodes.items[node];

	buf_appendf(&print->text, "%u:%s %d/%d ", depth,
		    callname_text(print->names, print->names->names.items[item->key].name),
		    (int)item->self, (int)item->total);
	return 0;
}

static int print_end(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth)
{
	struct print *print = ctx;

	(void)tree;
	(void)node;
	buf_appendf(&print->text, "-%u ", depth);
	return 0;
}

static void assert_tree(const char *folded, bool roots, const char *wanted)
{
	struct profile *profile = support_read_folded(folded);
	struct callnames names;
	struct calltree tree;
	struct print print = {.names = &names};
	const struct calltree_visitor visitor = {
		.enter = print_node, .leave = print_end, .ctx = &print};

	assert_int_equal(callnames_init(profile, CALLNAMES_FUNCTIONS, &names), 0);
	assert_int_equal(build(profile, &names, roots, &tree), 0);
	assert_int_equal(tree.nodes.items[0].total, profile_total(profile, 0));
	assert_int_equal(calltree_walk(&tree, &visitor), 0);
	support_assert_text(&print.text, wanted);
	buf_free(&print.text);
	calltree_free(&tree);
	callnames_free(&names);
	profile_free(profile);
}

static void test_with_and_without_roots(void **state)
{
	static const char folded[] = "c;a;b 1\nd;a;b 2\nc;a 4\nd 8\n";

	(void)state;
	assert_tree(folded, false, "0:a 4/7 1:b 3/3 -1 -0 ");
	assert_tree(folded, true,
		    "0:c 0/5 1:a 4/5 2:b 1/1 -2 -1 -0 0:d 8/10 1:a 0/2 2:b 2/2 -2 -1 -0 ");
}

static void test_frames_of_one_name_are_one_node(void **state)
{
	(void)state;
	assert_tree("c;f;x 1\nc;f_[i];x 2\nc;f_[j];x 4\n", false,
		    "0:f 0/3 1:x 3/3 -1 -0 0:f 0/4 1:x 4/4 -1 -0 ");
}

static void test_nothing(void **state)
{
	(void)state;
	assert_tree("", false, "");
	assert_tree("c;f 0\n", true, "");
}

static int stop(void *ctx, const struct calltree *tree, uint32_t node, uint32_t depth)
{
	(void)tree;
	(void)node;
	(void)depth;
	return ++*(int *)ctx == 2 ? -ECANCELED : 0;
}

static void test_walk_stops(void **state)
{
	struct profile *profile = support_profile(false);
	struct callnames names;
	struct calltree tree;
	int visited = 0;
	const struct calltree_visitor visitor = {.enter = stop, .ctx = &visited};

	(void)state;
	assert_int_equal(callnames_init(profile, CALLNAMES_FRAMES, &names), 0);
	assert_int_equal(build(profile, &names, false, &tree), 0);
	assert_int_equal(calltree_walk(&tree, &visitor), -ECANCELED);
	assert_int_equal(visited, 2);
	calltree_free(&tree);
	callnames_free(&names);
	profile_free(profile);
}

static void test_bad_values(void **state)
{
	static const int64_t values[][2] = {{-1, 1}, {INT64_MAX, 1}};
	static const int codes[] = {-EINVAL, -ERANGE};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
		struct profile *profile = support_read_folded("c;f 1\n");
		struct callnames names;
		struct calltree tree;

		profile_sample(profile, 0, 0, &values[i][0]);
		assert_int_equal(callnames_init(profile, CALLNAMES_FRAMES, &names), 0);
		assert_int_equal(build(profile, &names, true, &tree), codes[i]);
		callnames_free(&names);
		profile_free(profile);
	}
}

static void test_group(void **state)
{
	static const uint32_t parents[] = {0, 0, 1, CALLTREE_NONE, 0, 1, 0};
	static const uint32_t starts[] = {0, 3, 5, 5, 5, 5, 5, 5};
	static const uint32_t children[] = {1, 4, 6, 2, 5};
	uint32_t *got_starts = NULL, *got_children = NULL;

	(void)state;
	assert_int_equal(calltree_group(parents, 7, &got_starts, &got_children), 0);
	assert_memory_equal(got_starts, starts, sizeof(starts));
	assert_memory_equal(got_children, children, sizeof(children));
	free(got_starts);
	free(got_children);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_with_and_without_roots),
		cmocka_unit_test(test_frames_of_one_name_are_one_node),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_walk_stops),
		cmocka_unit_test(test_bad_values),
		cmocka_unit_test(test_group),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
