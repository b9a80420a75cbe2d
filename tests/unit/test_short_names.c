// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/short_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_short(const char *name, const char *expected)
{
	_cleanup_buf_ struct buf out = {0};

	buf_append_str(&out, "; ");
	short_names_append(&out, name);
	buf_append_byte(&out, 0);
	assert_string_equal((const char *)out.data + 2, expected);
}

static void assert_stays(const char *name)
{
	assert_short(name, name);
}

static void parameters_and_what_is_returned(void **state)
{
	(void)state;
	assert_short("foo()", "foo");
	assert_short("n::S::work(int, char (*)(void*)) const", "n::S::work");
	assert_short("long n::S::work<long>(long) const volatile &&", "n::S::work");
	assert_short("std::pair<int, long> const* f<int>()", "f");
	assert_short("outer(int)::local::f(long)", "outer::local::f");
	assert_short("(anonymous namespace)::f(int)", "(anonymous namespace)::f");
	assert_short("std::string::size[abi:cxx11]() const", "std::string::size");
}

static void template_arguments(void **state)
{
	(void)state;
	assert_short("std::vector<int, std::allocator<int> >::push_back(int&&)",
		     "std::vector::push_back");
	assert_short("f<(1>2), &n::g>(int)", "f");
	assert_short("f<(1<2)>(int)", "f");
	assert_short("f<int (*)(char) -> long>()", "f");
}

static void operators(void **state)
{
	(void)state;
	assert_short("S::operator()(int) const", "S::operator()");
	assert_short("S::operator[](int)", "S::operator[]");
	assert_short("operator<(S const&, S const&)", "operator<");
	assert_short("std::ostream& std::operator<< <char>(std::ostream&, char)",
		     "std::operator<<");
	assert_short("S<int>::operator->() const", "S::operator->");
	assert_short("S::operator unsigned long() const", "S::operator unsigned long");
	assert_short("operator new(unsigned long)", "operator new");
	assert_short("void my_operator<int>(int)", "my_operator");
}

static void what_compilers_add(void **state)
{
	(void)state;
	assert_short("foo(int) [clone .cold]", "foo [clone .cold]");
	assert_short("int foo<1>(int) [clone .isra.3] [clone .constprop.1]",
		     "foo [clone .isra.3] [clone .constprop.1]");
	assert_short("main::{lambda(int)#1}::operator()(int) const",
		     "main::{lambda#1}::operator()");
	assert_short("non-virtual thunk to S<int>::f(long)", "non-virtual thunk to S::f");
}

static void rust(void **state)
{
	(void)state;
	assert_short("std::mem::align_of::<f64>", "std::mem::align_of");
	assert_short("core::iter::map::<u8>::{closure#0}", "core::iter::map::{closure#0}");
	assert_short("<alloc::vec::Vec<T> as core::ops::Drop>::drop",
		     "<alloc::vec::Vec as core::ops::Drop>::drop");
	assert_short("<&mut dyn Fn(S<u8>) -> u8 as Call<u8>>::call::<i32>",
		     "<&mut dyn Fn(S) -> u8 as Call>::call");
	assert_short("<(A<u8>, B)>::f", "<(A, B)>::f");
	assert_stays("<std::io::Write as core::fmt::Write>::write_str");
}

static void others_stay(void **state)
{
	static const char *const names[] = {
		"",
		"main",
		"main.(*T).Method",
		"type:.eq.struct { F uintptr; x int }",
		"libfoo.so+0x1234",
		"void (*f(int))(char)",
		"f<int",
		"f(int",
		"f)",
		"a>b",
		"f<(>",
		"operator",
		"a b c",
		"thunk to ",
	};
	char nested[1200];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_stays(names[i]);
	memset(nested, '<', 600);
	memset(nested + 600, '>', 599);
	nested[0] = 'f';
	nested[1199] = '\0';
	assert_stays(nested);
}

static uint32_t add_frame(struct profile *profile, const char *name, enum frame_kind kind)
{
	struct profile_function function = {.name = profile_string(profile, name),
					    .system_name = profile_string(profile, "_Zold")};
	struct profile_frame frame = {.mapping = PROFILE_NONE, .kind = kind};

	frame.function = profile_function(profile, &function);
	return profile_frame(profile, &frame);
}

static const char *name_of(const struct profile *profile, uint32_t frame)
{
	uint32_t function = profile->frames.items[frame].function;

	return profile_text(profile, profile->functions.items[function].name);
}

static void functions_of_compiled_code(void **state)
{
	static const struct {
		const char *name, *expected;
		enum frame_kind kind;
	} cases[] = {
		{"f<int>(int)", "f", FRAME_USER},
		{"f<long>(long)", "f", FRAME_USER},
		{"g<int>()", "g", FRAME_INLINE},
		{"Script:~a(b) /x.js", "Script:~a(b) /x.js", FRAME_JIT},
		{"k(int)", "k(int)", FRAME_KERNEL},
	};
	_cleanup_profile_ struct profile *profile = NULL;
	uint32_t frames[ARRAY_SIZE(cases)];
	struct profile_function first;

	(void)state;
	assert_int_equal(profile_new(&profile), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		frames[i] = add_frame(profile, cases[i].name, cases[i].kind);
	assert_int_equal(short_names_apply(profile), 0);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_string_equal(name_of(profile, frames[i]), cases[i].expected);
	first = profile->functions.items[0];
	assert_string_equal(profile_text(profile, first.system_name), "_Zold");
	assert_int_equal(profile_function(profile, &first), 0); /* by its new name */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parameters_and_what_is_returned),
		cmocka_unit_test(template_arguments),
		cmocka_unit_test(operators),
		cmocka_unit_test(what_compilers_add),
		cmocka_unit_test(rust),
		cmocka_unit_test(others_stay),
		cmocka_unit_test(functions_of_compiled_code),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
