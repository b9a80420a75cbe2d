// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void says_what_and_returns_the_code(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, -EINVAL, "unknown suffix '%s'", ".svg"), -EINVAL);
	assert_string_equal(err.text, "unknown suffix '.svg'");
}

static void adds_the_reason(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_errno(&err, -ENOENT, "cannot read '%s'", "x"), -ENOENT);
	assert_string_equal(err.text, "cannot read 'x': No such file or directory");
}

static void nobody_need_listen(void **state)
{
	(void)state;
	assert_int_equal(err_set(NULL, -EINVAL, "%d", 1), -EINVAL);
	assert_int_equal(err_errno(NULL, -ENOMEM, "%d", 1), -ENOMEM);
}

static void long_text_is_cut(void **state)
{
	struct err err;

	(void)state;
	assert_int_equal(err_set(&err, -EIO, "%0600d", 1), -EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err_errno(&err, -EIO, "%0600d", 1), -EIO);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
	assert_int_equal(err_errno(&err, -EIO, "%0500d", 1), -EIO);
	assert_string_equal(err.text + 500, ": Input/out");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_and_returns_the_code),
		cmocka_unit_test(adds_the_reason),
		cmocka_unit_test(nobody_need_listen),
		cmocka_unit_test(long_text_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
