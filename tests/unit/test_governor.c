// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/governor.h"

#include "base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)

/* A host of two CPUs on which a window costs so much for ever, and so much for each tick. */
struct world {
	uint64_t fixed_ns, background_ns, tick_ns, memory_bytes;
};

static struct governor_measure window_of(const struct world *world, uint32_t frequency_hz)
{
	uint64_t ticks = (uint64_t)frequency_hz * 2 * 60;

	return (struct governor_measure){
		.elapsed_ns = 60 * NS_PER_SEC,
		.cpus = 2,
		.samples = ticks,
		.bpf_ns = ticks * world->tick_ns / 2,
		.collector_ns = world->fixed_ns + ticks * world->tick_ns / 2,
		.background_ns = world->background_ns,
		.memory_bytes = world->memory_bytes,
	};
}

/* So many windows; the cost of the last one. */
static uint64_t run(struct governor *governor, const struct governor_limits *limits,
		    const struct world *world, int windows)
{
	uint64_t cost_ppm = 0;

	while (windows-- > 0) {
		struct governor_measure measure = window_of(world, governor->frequency_hz);
		struct governor_decision decision = governor_decide(governor, limits, &measure);

		cost_ppm = governor_cost_ppm(&measure);
		assert_int_equal(decision.frequency_hz, governor->frequency_hz);
		assert_in_range(decision.frequency_hz, 1, limits->frequency_hz);
	}
	return cost_ppm;
}

/* The rate of one that begins with such windows. */
static uint32_t rate_after(struct governor_limits limits, struct world world, int windows)
{
	struct governor governor;

	governor_init(&governor, &limits);
	run(&governor, &limits, &world, windows);
	return governor.frequency_hz;
}

static void cost_is_a_share_of_all_cpus(void **state)
{
	struct governor_measure measure = {
		.elapsed_ns = NS_PER_SEC,
		.cpus = 4,
		.bpf_ns = NS_PER_MS,
		.collector_ns = 2 * NS_PER_MS,
		.background_ns = NS_PER_MS,
	};

	(void)state;
	assert_int_equal(governor_cost_ppm(&measure), 1000);
	measure.cpus = 0;
	assert_int_equal(governor_cost_ppm(&measure), 0);
}

/* 0.1 % of two CPUs: 600 ms in five minutes, 120 ms in a window, of which sampling takes 36. */
static void names_get_what_sampling_leaves(void **state)
{
	struct governor_limits limits = {.frequency_hz = 19, .cpu_max_ppm = 1000};
	struct world world = {.fixed_ns = 36 * NS_PER_MS};
	struct governor governor;

	(void)state;
	governor_init(&governor, &limits);
	run(&governor, &limits, &world, 1);
	assert_int_equal(governor_naming_ns(&governor, &limits), 600 * NS_PER_MS);
	world.background_ns = 160 * NS_PER_MS; /* 100 more than a window has for it */
	run(&governor, &limits, &world, 2);
	assert_int_equal(governor_naming_ns(&governor, &limits), 340 * NS_PER_MS);
	run(&governor, &limits, &world, 10);
	assert_int_equal(governor_naming_ns(&governor, &limits), 30 * NS_PER_MS); /* the least */
	world.background_ns = 0;
	run(&governor, &limits, &world, 2);
	assert_int_equal(governor_naming_ns(&governor, &limits), 120 * NS_PER_MS);
	run(&governor, &limits, &world, 20);
	assert_int_equal(governor_naming_ns(&governor, &limits), 600 * NS_PER_MS);
	limits.cpu_max_ppm = 0;
	assert_true(governor_naming_ns(&governor, &limits) == UINT64_MAX);
}

static void within_bounds_nothing_changes(void **state)
{
	struct governor_limits limits = {19, 5000, 64 * MIB};
	struct world world = {.fixed_ns = 50 * NS_PER_MS, .tick_ns = 10000};

	(void)state;
	assert_int_equal(rate_after(limits, world, 20), 19);
}

/* 999 Hz cost 1 %; 0.1 % is allowed, of which 0.04 % go whatever the rate. */
static void a_bound_is_met_within_five_windows(void **state)
{
	struct governor_limits limits = {999, 1000, 0};
	struct world world = {.fixed_ns = 48 * NS_PER_MS, .tick_ns = 10000};
	struct governor governor;

	(void)state;
	governor_init(&governor, &limits);
	run(&governor, &limits, &world, 4);
	for (int window = 4; window < 50; window++)
		assert_in_range(run(&governor, &limits, &world, 1), 1, 1000);
	assert_in_range(governor.frequency_hz, 10, 80);
}

static void what_starting_costs_is_not_held_against_the_rate(void **state)
{
	struct governor_limits limits = {99, 5000, 0};
	struct world starting = {.fixed_ns = 3 * NS_PER_SEC, .tick_ns = 5000};
	struct governor governor;

	(void)state;
	governor_init(&governor, &limits);
	run(&governor, &limits, &starting, 1);
	assert_int_equal(governor.frequency_hz, 99);
	run(&governor, &limits, &starting, 1);
	assert_true(governor.frequency_hz < 99);
}

/* New code wants names once, or now and then; what does so again and again is what is usual. */
static void a_burst_of_names_is_not_held_against_the_rate(void **state)
{
	struct governor_limits limits = {99, 1500, 0};
	struct world quiet = {.fixed_ns = 40 * NS_PER_MS, .tick_ns = 5000};
	struct world burst = quiet;
	struct governor governor;

	(void)state;
	burst.background_ns = 2 * NS_PER_SEC;
	governor_init(&governor, &limits);
	run(&governor, &limits, &quiet, 3);
	for (int i = 0; i < 5; i++) {
		run(&governor, &limits, &burst, 1);
		assert_int_equal(governor.frequency_hz, 99);
		run(&governor, &limits, &quiet, 2);
	}
	run(&governor, &limits, &burst, 2);
	assert_true(governor.frequency_hz < 99);
}

/* 0.2 % go whatever the rate; at 3 % of the bound for the kernel's side, a lower rate saves nothing. */
static void a_rate_that_costs_little_is_left_alone(void **state)
{
	struct governor_limits limits = {999, 1000, 0};
	struct world world = {.fixed_ns = 240 * NS_PER_MS, .tick_ns = 5000};

	(void)state;
	assert_in_range(rate_after(limits, world, 50), 10, 14);
}

static void a_window_that_has_spent_all_is_overdrawn(void **state)
{
	struct governor_limits limits = {999, 1000, 0};
	struct world world = {.fixed_ns = 2 * NS_PER_SEC, .tick_ns = 10000};
	struct governor governor;
	struct governor_measure measure = window_of(&world, 999);

	(void)state;
	governor_init(&governor, &limits);
	measure.elapsed_ns = 10 * NS_PER_SEC;
	measure.bpf_ns = 59 * NS_PER_MS;
	assert_false(governor_is_overdrawn(&governor, &limits, &measure, 60 * NS_PER_SEC));
	measure.bpf_ns = 61 * NS_PER_MS;
	assert_true(governor_is_overdrawn(&governor, &limits, &measure, 60 * NS_PER_SEC));
	assert_false(governor_is_overdrawn(&governor, &limits, &measure, 10 * NS_PER_SEC));
	governor.windows = 1;
	measure.bpf_ns = NS_PER_MS / 2; /* of which a lower rate saves next to nothing */
	assert_false(governor_is_overdrawn(&governor, &limits, &measure, 60 * NS_PER_SEC));
	limits.cpu_max_ppm = 0;
	measure.bpf_ns = 61 * NS_PER_MS;
	assert_false(governor_is_overdrawn(&governor, &limits, &measure, 60 * NS_PER_SEC));
}

static void a_rate_comes_back_slowly(void **state)
{
	struct governor_limits limits = {99, 2000, 0};
	struct world storm = {.fixed_ns = NS_PER_SEC, .tick_ns = 5000};
	struct world calm = {.fixed_ns = 10 * NS_PER_MS, .tick_ns = 5000};
	struct governor governor;
	uint32_t low;

	(void)state;
	governor_init(&governor, &limits);
	run(&governor, &limits, &storm, 10);
	low = governor.frequency_hz;
	assert_true(low < 30);
	run(&governor, &limits, &calm, 1);
	assert_int_equal(governor.frequency_hz, low);
	run(&governor, &limits, &calm, 1);
	assert_true(governor.frequency_hz > low && governor.frequency_hz <= 4 * low);
	run(&governor, &limits, &calm, 40);
	assert_int_equal(governor.frequency_hz, 99);
}

/* At the rate that just fits, it is neither raised nor lowered. */
static void there_is_no_swinging(void **state)
{
	struct governor_limits limits = {999, 1000, 0};
	struct world world = {.fixed_ns = 24 * NS_PER_MS, .tick_ns = 10000};
	struct governor governor;
	uint32_t settled;

	(void)state;
	governor_init(&governor, &limits);
	run(&governor, &limits, &world, 10);
	settled = governor.frequency_hz;
	run(&governor, &limits, &world, 100);
	assert_int_equal(governor.frequency_hz, settled);
}

static void memory_is_let_go_first(void **state)
{
	struct governor_limits limits = {99, 0, 64 * MIB};
	struct world world = {.memory_bytes = 70 * MIB};
	struct governor governor;
	struct governor_measure measure = window_of(&world, 99);
	struct governor_decision decision;

	(void)state;
	governor_init(&governor, &limits);
	decision = governor_decide(&governor, &limits, &measure);
	assert_true(decision.trim);
	assert_int_equal(decision.frequency_hz, 99);
	decision = governor_decide(&governor, &limits, &measure);
	assert_int_equal(decision.frequency_hz, 49);
	assert_int_equal(decision.reason, GOVERNOR_MEMORY);
	measure.memory_bytes = 20 * MIB;
	decision = governor_decide(&governor, &limits, &measure);
	assert_false(decision.trim);
}

/* What is let go of has to be found out again: now and then, not in each window. */
static void memory_is_let_go_now_and_then(void **state)
{
	struct governor_limits limits = {99, 0, 64 * MIB};
	struct world world = {.memory_bytes = 60 * MIB};
	struct governor governor;
	struct governor_measure measure = window_of(&world, 99);
	int trims = 0;

	(void)state;
	governor_init(&governor, &limits);
	for (int window = 0; window < 44; window++)
		trims += governor_decide(&governor, &limits, &measure).trim;
	assert_int_equal(trims, 4);
	assert_int_equal(governor.frequency_hz, 99);
}

static void few_samples_take_no_memory(void **state)
{
	struct governor_limits limits = {99, 0, 64 * MIB};
	struct world world = {.memory_bytes = 70 * MIB};

	(void)state;
	assert_in_range(rate_after(limits, world, 50), 5, 9);
}

static void a_lower_wish_counts_at_once(void **state)
{
	struct governor_limits limits = {99, 0, 0};
	struct world world = {0};
	struct governor governor;

	(void)state;
	governor_init(&governor, &limits);
	limits.frequency_hz = 7;
	run(&governor, &limits, &world, 1);
	assert_int_equal(governor.frequency_hz, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cost_is_a_share_of_all_cpus),
		cmocka_unit_test(names_get_what_sampling_leaves),
		cmocka_unit_test(within_bounds_nothing_changes),
		cmocka_unit_test(a_bound_is_met_within_five_windows),
		cmocka_unit_test(what_starting_costs_is_not_held_against_the_rate),
		cmocka_unit_test(a_burst_of_names_is_not_held_against_the_rate),
		cmocka_unit_test(a_rate_that_costs_little_is_left_alone),
		cmocka_unit_test(a_window_that_has_spent_all_is_overdrawn),
		cmocka_unit_test(a_rate_comes_back_slowly),
		cmocka_unit_test(there_is_no_swinging),
		cmocka_unit_test(memory_is_let_go_first),
		cmocka_unit_test(memory_is_let_go_now_and_then),
		cmocka_unit_test(few_samples_take_no_memory),
		cmocka_unit_test(a_lower_wish_counts_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
