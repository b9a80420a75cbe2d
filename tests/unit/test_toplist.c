// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/toplist.h"

#include "tests/unit/formats_support.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct toplist_item *find(const struct toplist *list, const char *name)
{
	for (size_t i = 0; i < list->items.len; i++) {
		uint32_t id = list->names.names.items[list->items.items[i].name].name;

		if (strcmp(callname_text(&list->names, id), name) == 0)
			return &list->items.items[i];
	}
	return NULL;
}

static void test_self_and_total(void **state)
{
	struct profile *profile = support_profile(false);
	struct toplist list;

	(void)state;
	assert_int_equal(toplist_init(profile, 0, &list), 0);
	assert_int_equal(list.total, 60);
	assert_ptr_equal(find(&list, "parse"), &list.items.items[0]);
	assert_int_equal(find(&list, "parse")->self, 20);
	assert_int_equal(find(&list, "parse")->total, 27);
	assert_int_equal(find(&list, "main")->self, 0);
	assert_int_equal(find(&list, "main")->total, 46);
	assert_int_equal(find(&list, "copy")->self, 14);
	assert_null(find(&list, "server"));
	assert_null(find(&list, "[incomplete: no unwind info]"));
	toplist_sort_by_total(&list);
	assert_ptr_equal(find(&list, "main"), &list.items.items[0]);
	toplist_free(&list);
	profile_free(profile);
}

static void test_recursion_counts_once(void **state)
{
	struct profile *profile =
		support_read_folded("c;a;b;a;b;a 5\nc;a;b 3\nc;b;a 2\nd;a 1\nd;c;a;a 4\n");
	struct toplist list;

	(void)state;
	assert_int_equal(toplist_init(profile, 0, &list), 0);
	assert_int_equal(list.total, 15);
	assert_int_equal(find(&list, "a")->self, 12);
	assert_int_equal(find(&list, "a")->total, 15);
	assert_int_equal(find(&list, "b")->self, 3);
	assert_int_equal(find(&list, "b")->total, 10);
	assert_int_equal(find(&list, "c")->total, 4);
	toplist_free(&list);
	profile_free(profile);
}

/* Inlined or not, at any line: one function. In another object: another. */
static void test_identity(void **state)
{
	struct profile *profile = NULL;
	int64_t one[] = {1, 1};
	uint32_t a, b, other, main_frame, inlined, stack;
	struct profile_frame line;
	struct toplist list;

	(void)state;
	assert_int_equal(profile_new(&profile), 0);
	a = support_frame(profile, FRAME_USER, "/bin/a", "f");
	other = support_frame(profile, FRAME_USER, "/bin/b", "f");
	main_frame = support_frame(profile, FRAME_USER, "/bin/a", "main");
	inlined = support_frame(profile, FRAME_INLINE, "/bin/a", "f");
	line = profile->frames.items[a];
	line.line = 9;
	b = profile_frame(profile, &line);
	stack = profile_stack(profile, 0, main_frame);
	profile_sample(profile, profile_stack(profile, stack, a), 0, one);
	profile_sample(profile, profile_stack(profile, stack, b), 0, one);
	profile_sample(profile, profile_stack(profile, stack, inlined), 0, one);
	profile_sample(profile, profile_stack(profile, stack, other), 0, one);
	assert_int_equal(toplist_init(profile, 0, &list), 0);
	assert_int_equal(list.items.len, 3);
	assert_int_equal(list.items.items[0].self, 3);
	assert_int_equal(list.items.items[1].self, 1);
	assert_string_equal(
		callname_kind_text(list.names.names.items[list.items.items[0].name].kind), "user");
	toplist_free(&list);
	profile_free(profile);
}

static void test_names_of_places(void **state)
{
	struct profile *profile = support_profile(false);
	struct toplist list;
	const struct toplist_item *item;

	(void)state;
	assert_int_equal(toplist_init(profile, 0, &list), 0);
	item = find(&list, "libwork.so.1+0x1f00");
	assert_non_null(item);
	assert_int_equal(list.names.names.items[item->name].kind, CALLNAME_USER_UNNAMED);
	item = find(&list, "copy");
	assert_int_equal(list.names.names.items[item->name].kind, FRAME_KERNEL);
	assert_string_equal(callname_text(&list.names, list.names.names.items[item->name].module),
			    "[kernel.kallsyms]");
	toplist_free(&list);
	profile_free(profile);
}

static void test_negative_values(void **state)
{
	struct profile *profile = NULL;
	struct toplist list;

	(void)state;
	assert_int_equal(profile_new(&profile), 0);
	profile_sample(profile, 0, 0, (int64_t[]){-1, 0});
	assert_int_equal(toplist_init(profile, 0, &list), -EINVAL);
	profile_free(profile);
}

static void test_deep_stack(void **state)
{
	struct profile *profile = NULL;
	uint32_t frame, stack = 0;
	struct toplist list;

	(void)state;
	assert_int_equal(profile_new(&profile), 0);
	frame = support_frame(profile, FRAME_USER, "", "again");
	for (int i = 0; i < 100000; i++)
		stack = profile_stack(profile, stack, frame);
	profile_sample(profile, stack, 0, (int64_t[]){3, 3});
	assert_int_equal(toplist_init(profile, 0, &list), 0);
	assert_int_equal(list.items.items[0].total, 3);
	toplist_free(&list);
	profile_free(profile);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_self_and_total),
		cmocka_unit_test(test_recursion_counts_once),
		cmocka_unit_test(test_identity),
		cmocka_unit_test(test_names_of_places),
		cmocka_unit_test(test_negative_values),
		cmocka_unit_test(test_deep_stack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
