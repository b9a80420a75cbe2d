// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Startup code without unwind information: recognized in this program, and nothing else is. */
#include "base/cleanup.h"
#include "profiler/unwind/crt_code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t init[] = {0xf3, 0x0f, 0x1e, 0xfa, 0x48, 0x83, 0xec, 0x08, 0x48,
			       0x8b, 0x05, 1,    2,    3,    4,    0x48, 0x85, 0xc0,
			       0x74, 0x02, 0xff, 0xd0, 0x48, 0x83, 0xc4, 0x08, 0xc3};
static const uint8_t fini[] = {0x48, 0x83, 0xec, 0x08, 0x48, 0x83, 0xc4, 0x08, 0xc3};
static const uint8_t dtors[] = {0xc3, 0x90, 0x80, 0x3d, 1,    2,    3,    4, 0x00,
				0x75, 0x2b, 0x55, 0x48, 0x89, 0xe5, 0xe8, 0, 0,
				0,    0,    0xc6, 0x05, 1,    2,    3,    4, 0x01,
				0x5d, 0xc3, 0x90, 0xe9, 0,    0,    0,    0, 0x55};

static void assert_row(const struct crt_row *row, size_t offset, int kind, int cfa_offset)
{
	assert_int_equal(row->offset, offset);
	assert_int_equal(row->rule.kind, kind);
	assert_int_equal(row->rule.offset, cfa_offset);
}

static void init_and_fini(void **state)
{
	struct crt_row rows[CRT_ROWS_MAX];

	(void)state;
	assert_int_equal(crt_code_rows(init, sizeof(init), rows), 4);
	assert_row(&rows[0], 0, UNWIND_SP, 8);
	assert_row(&rows[1], 8, UNWIND_SP, 16);
	assert_row(&rows[2], 26, UNWIND_SP, 8);
	assert_row(&rows[3], 27, UNWIND_GAP, 0);
	assert_int_equal(crt_code_rows(fini, sizeof(fini), rows), 4);
	assert_row(&rows[1], 4, UNWIND_SP, 16);
	assert_row(&rows[3], 9, UNWIND_GAP, 0);
}

static void destructors(void **state)
{
	struct crt_row rows[CRT_ROWS_MAX];

	(void)state;
	assert_int_equal(crt_code_rows(dtors, sizeof(dtors), rows), 4);
	assert_row(&rows[0], 0, UNWIND_SP, 8);
	assert_row(&rows[1], 12, UNWIND_SP, 16);
	assert_int_equal(rows[1].rule.fp, (__s16)UNWIND_FP_BESIDE_RA);
	assert_row(&rows[2], 28, UNWIND_SP, 8);
	assert_row(&rows[3], 35, UNWIND_GAP, 0);
}

/* Cut short, or with another byte, it is something else. In memory of its own: nobody reads on. */
static void nothing_else(void **state)
{
	struct crt_row rows[CRT_ROWS_MAX];
	size_t whole = sizeof(dtors) - 7; /* up to the ret */

	(void)state;
	for (size_t len = 0; len < whole; len++) {
		_cleanup_free_ uint8_t *copy = malloc(len + 1);

		assert_non_null(copy);
		memcpy(copy, dtors, len);
		assert_int_equal(crt_code_rows(copy, len, rows), 0);
	}
	for (size_t i = 0; i < sizeof(fini); i++) {
		uint8_t wrong[sizeof(fini)];

		memcpy(wrong, fini, sizeof(fini));
		wrong[i] ^= 1;
		assert_int_equal(crt_code_rows(wrong, sizeof(wrong), rows), 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(init_and_fini),
		cmocka_unit_test(destructors),
		cmocka_unit_test(nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
