// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/sandbox/worker_patience.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

/* Asked at 1000 ms, with 50 ms of CPU used by then; 100 ms of silence and 200 ms of CPU are borne. */
static struct worker_patience asked(void)
{
	struct worker_patience patience = {.hang_ns = 100 * MS, .cpu_ns = 200 * MS};

	worker_patience_begin(&patience, (struct worker_signs){1000 * MS, 50 * MS});
	return patience;
}

static bool is_silent(struct worker_patience *patience, uint64_t now_ms, uint64_t cpu_ms)
{
	return worker_patience_is_silent(patience, (struct worker_signs){now_ms * MS, cpu_ms * MS});
}

static bool is_exhausted(const struct worker_patience *patience, uint64_t now_ms, uint64_t cpu_ms)
{
	return worker_patience_is_exhausted(patience,
					    (struct worker_signs){now_ms * MS, cpu_ms * MS});
}

static void who_does_nothing_is_silent(void **state)
{
	struct worker_patience patience = asked();

	(void)state;
	assert_false(is_silent(&patience, 1100, 50));
	assert_true(is_silent(&patience, 1101, 50));
	worker_patience_note(&patience, 1101 * MS);
	assert_false(is_silent(&patience, 1201, 50));
	assert_true(is_silent(&patience, 1202, 50));
}

static void cpu_that_is_used_is_a_sign_of_life(void **state)
{
	struct worker_patience patience = asked();

	(void)state;
	for (uint64_t ms = 1090, cpu_ms = 51; ms < 3000; ms += 90, cpu_ms++)
		assert_false(is_silent(&patience, ms, cpu_ms));
	patience = asked();
	patience.hang_ns = 1000 * MS; /* of which one percent is 10 ms */
	assert_false(is_silent(&patience, 1900, 59));
	assert_true(is_silent(&patience, 2001, 59));
	assert_false(is_silent(&patience, 2001, 60));
}

/* Of no CPU for so long as others have them; of a disk for a while. */
static void who_waits_for_others_is_excused(void **state)
{
	struct worker_patience patience = asked();

	(void)state;
	assert_true(worker_patience_has_excuse(&patience, 1101 * MS, 'R'));
	assert_true(worker_patience_has_excuse(&patience, 999999 * MS, 'R'));
	assert_true(worker_patience_has_excuse(&patience, 1399 * MS, 'D'));
	assert_false(worker_patience_has_excuse(&patience, 1400 * MS, 'D'));
	for (const char *letter = "STtZXI"; *letter; letter++)
		assert_false(worker_patience_has_excuse(&patience, 1101 * MS, *letter));
}

static void nobody_is_waited_for_without_end(void **state)
{
	struct worker_patience patience = asked();

	(void)state;
	assert_false(is_exhausted(&patience, 1200, 250));
	assert_true(is_exhausted(&patience, 1200, 251));
	assert_false(is_exhausted(&patience, 2000, 50));
	assert_true(
		is_exhausted(&patience, 2001, 50)); /* with the excuse that others have the CPUs */
}

static void time_that_is_ours_is_not_counted(void **state)
{
	struct worker_patience patience = asked();

	(void)state;
	worker_patience_excuse(&patience, 500 * MS);
	assert_false(is_silent(&patience, 1600, 50));
	assert_true(is_silent(&patience, 1601, 50));
	assert_false(is_exhausted(&patience, 2500, 50));
	assert_true(is_exhausted(&patience, 2501, 50));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_does_nothing_is_silent),
		cmocka_unit_test(cpu_that_is_used_is_a_sign_of_life),
		cmocka_unit_test(who_waits_for_others_is_excused),
		cmocka_unit_test(nobody_is_waited_for_without_end),
		cmocka_unit_test(time_that_is_ours_is_not_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
