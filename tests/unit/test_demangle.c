// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "symbolize/alias.h"
#include "symbolize/demangle.h"
#include "symbolize/namepool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void assert_demangled(const char *mangled, const char *readable)
{
	_cleanup_buf_ struct buf out = {0};

	assert_true(demangle_append(mangled, &out));
	buf_append_byte(&out, 0);
	assert_string_equal((const char *)out.data, readable);
}

static void assert_left_alone(const char *name)
{
	_cleanup_buf_ struct buf out = {0};

	buf_append_str(&out, "before");
	assert_false(demangle_append(name, &out));
	assert_int_equal(out.len, strlen("before"));
}

static void cxx(void **state)
{
	(void)state;
	assert_demangled("_Z3foov", "foo()");
	assert_demangled("_ZNK1n1S4workIlEET_S2_", "long n::S::work<long>(long) const");
	assert_demangled("_ZZ4mainENKUliE_clEi", "main::{lambda(int)#1}::operator()(int) const");
}

static void clones_stay_recognisable(void **state)
{
	(void)state;
	assert_demangled("_Z3foov.cold", "foo() [clone .cold]");
	assert_demangled("_Z3foov.part.0", "foo() [clone .part.0]");
	assert_demangled("_Z3fooi.isra.3.constprop.1",
			 "foo(int) [clone .isra.3] [clone .constprop.1]");
}

static void rust_without_its_hash(void **state)
{
	(void)state;
	assert_demangled("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE",
			 "core::fmt::Formatter::pad");
	assert_demangled("_ZN51_$LT$std..io..Write$u20$as$u20$core..fmt..Write$GT$9write_str17h"
			 "0123456789abcdefE",
			 "<std::io::Write as core::fmt::Write>::write_str");
	assert_demangled("_RNvCskwGfYPst2Cb_7mycrate3foo", "mycrate::foo");
	assert_demangled("_RINvNtC3std3mem8align_ofdE", "std::mem::align_of::<f64>");
}

static void others_are_left_alone(void **state)
{
	static const char *const names[] = {"",       "_",   "_Z",         "_R",
					    "main",   "_ZN", "_Z3f",       "_RNv",
					    "_start", "Zoo", "__Z3foov x", "_GLOBAL_OFFSET_TABLE_"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_left_alone(names[i]);
}

/* Each parameter names the one before twice: the text doubles thirty times. */
static void small_bombs_are_left_alone(void **state)
{
	char bomb[512] = "_Z1fSt4pairI1aS0_E";
	char longest[9000];

	(void)state;
	for (unsigned int i = 0; i < 30; i++) {
		char parameter[32];
		char previous = i < 8 ? (char)('2' + i) : (char)('A' + i - 8);

		snprintf(parameter, sizeof(parameter), "S_IS%c_S%c_E", previous, previous);
		strcat(bomb, parameter);
	}
	assert_left_alone(bomb);
	memset(longest, 'P', sizeof(longest));
	memcpy(longest, "_Z1f", 4);
	longest[sizeof(longest) - 2] = 'i';
	longest[sizeof(longest) - 1] = '\0';
	assert_left_alone(longest);
}

static void pool_keeps_one_of_each(void **state)
{
	_cleanup_(namepool_free) struct namepool pool = {0};
	const char *system_name, *again;
	const char *readable = namepool_demangle(&pool, "_Z3foov", &system_name);
	char long_name[NAMEPOOL_LEN_MAX + 100];

	(void)state;
	assert_string_equal(readable, "foo()");
	assert_string_equal(system_name, "_Z3foov");
	for (int i = 0; i < 100000; i++) { /* through several blocks and growths */
		char name[32];

		snprintf(name, sizeof(name), "name_%d", i);
		assert_string_equal(namepool_demangle(&pool, name, &again), name);
	}
	assert_ptr_equal(namepool_demangle(&pool, "_Z3foov", &again), readable);
	assert_ptr_equal(again, system_name);
	assert_string_equal(readable, "foo()");

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	assert_int_equal(strlen(namepool_intern(&pool, long_name)), NAMEPOOL_LEN_MAX);
	assert_int_equal(pool.cut_cnt, 1);
}

static void versions_are_cut(void **state)
{
	_cleanup_(namepool_free) struct namepool pool = {0};
	const char *system_name;

	(void)state;
	assert_string_equal(namepool_demangle(&pool, "memcpy@@GLIBC_2.14", &system_name), "memcpy");
	assert_string_equal(system_name, "memcpy@@GLIBC_2.14");
	assert_string_equal(namepool_demangle(&pool, "_Z3foov@V1", &system_name), "foo()");
	assert_string_equal(namepool_demangle(&pool, "@odd", &system_name), "@odd");
}

static void people_expect(const char *better, enum alias_binding better_binding, const char *worse,
			  enum alias_binding worse_binding)
{
	struct alias a = {better, better_binding}, b = {worse, worse_binding};

	assert_true(alias_compare(a, b) < 0);
	assert_true(alias_compare(b, a) > 0);
	assert_int_equal(alias_compare(a, a), 0);
}

static void aliases(void **state)
{
	(void)state;
	people_expect("write", ALIAS_WEAK, "__write", ALIAS_GLOBAL);
	people_expect("fwrite", ALIAS_WEAK, "_IO_fwrite", ALIAS_GLOBAL);
	people_expect("aa_global", ALIAS_GLOBAL, "a_local", ALIAS_LOCAL);
	people_expect("aa_local", ALIAS_LOCAL, "a_weak", ALIAS_WEAK);
	people_expect("short", ALIAS_GLOBAL, "longer", ALIAS_GLOBAL);
	people_expect("a", ALIAS_GLOBAL, "b", ALIAS_GLOBAL);
	people_expect("_ZN1fC1Ev", ALIAS_GLOBAL, "_ZN1fC2Ev", ALIAS_GLOBAL);
	people_expect("_ZN1fC1Ev", ALIAS_GLOBAL, "_f", ALIAS_GLOBAL);
}

static void debug_name_or_symbol(void **state)
{
	(void)state;
	assert_null(alias_choose(NULL, NULL));
	assert_string_equal(alias_choose("f", NULL), "f");
	assert_string_equal(alias_choose(NULL, "f"), "f");
	assert_string_equal(alias_choose("f", "f.cold"), "f.cold");
	assert_string_equal(alias_choose("_Z1fv", "_Z1fv.cold"), "_Z1fv.cold");
	assert_string_equal(alias_choose("_Z1fv", "g"), "_Z1fv");
	assert_string_equal(alias_choose("f", "_ZN1nL1fEv"), "_ZN1nL1fEv");
	assert_string_equal(alias_choose("__libc_write", "write"), "write");
	assert_string_equal(alias_choose("folded_b", "folded_a"), "folded_b");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cxx),
		cmocka_unit_test(clones_stay_recognisable),
		cmocka_unit_test(rust_without_its_hash),
		cmocka_unit_test(others_are_left_alone),
		cmocka_unit_test(small_bombs_are_left_alone),
		cmocka_unit_test(pool_keeps_one_of_each),
		cmocka_unit_test(versions_are_cut),
		cmocka_unit_test(aliases),
		cmocka_unit_test(debug_name_or_symbol),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
