// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/plan.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "bpf/abi.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <cmocka.h>

static struct plan plan_of(struct plan_request request)
{
	struct plan plan;

	if (!request.stack_depth)
		request.stack_depth = SMOLDER_STACK_DEPTH;
	if (!request.possible_cpus)
		request.possible_cpus = request.cpus;
	plan_maps(&request, &plan);
	return plan;
}

static bool is_pow2(uint32_t value)
{
	return value && (value & (value - 1)) == 0;
}

static uint64_t due(uint32_t frequency_hz, uint32_t cpus, uint64_t window_ns)
{
	return (uint64_t)frequency_hz * cpus * window_ns / NS_PER_SEC;
}

/* What must hold of any plan: no sample of a window can be lost for want of room. */
static void every_plan_holds_its_window(void **state)
{
	static const uint32_t frequencies[] = {1, 19, 99, 499, 997, 4999, 10000};
	static const uint32_t cpu_counts[] = {1, 2, 8, 64, 512};
	static const uint64_t windows[] = {0, PLAN_WINDOW_MIN_NS, 10 * NS_PER_SEC};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(frequencies); i++)
		for (size_t j = 0; j < ARRAY_SIZE(cpu_counts); j++)
			for (size_t k = 0; k < ARRAY_SIZE(windows); k++) {
				struct plan plan = plan_of((struct plan_request){
					.frequency_hz = frequencies[i],
					.cpus = cpu_counts[j],
					.window_ns = windows[k],
				});

				assert_true(plan.count_entries >=
					    due(frequencies[i], cpu_counts[j], plan.window_ns));
				assert_true(is_pow2(plan.stack_buckets));
				assert_true(is_pow2(plan.sample_ring_bytes));
				assert_true(is_pow2(plan.event_ring_bytes));
				assert_int_equal(plan.sample_ring_bytes % 4096, 0);
				assert_true(plan.window_ns >= PLAN_WINDOW_MIN_NS);
			}
}

static void usual_hosts_stay_within_the_budget(void **state)
{
	static const struct plan_request usual[] = {
		{.frequency_hz = 99, .cpus = 2},    {.frequency_hz = 99, .cpus = 64},
		{.frequency_hz = 997, .cpus = 2},   {.frequency_hz = 997, .cpus = 16},
		{.frequency_hz = 10000, .cpus = 2}, {.frequency_hz = 19, .cpus = 128},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(usual); i++) {
		struct plan_request request = usual[i];

		assert_true(plan_of(request).bytes <= PLAN_BUDGET_BYTES);
		request.walk_tables = true;
		assert_true(plan_of(request).bytes <= PLAN_BUDGET_BYTES);
	}
}

static void a_small_host_gets_the_whole_window(void **state)
{
	struct plan plan = plan_of((struct plan_request){.frequency_hz = 99, .cpus = 2});

	(void)state;
	assert_int_equal(plan.window_ns, PLAN_WINDOW_NS);
	assert_true(plan.stack_buckets >= 4 * 99 * 2);
}

static void a_tight_budget_cuts_the_window_shorter(void **state)
{
	struct plan_request request = {.frequency_hz = 997, .cpus = 32};
	struct plan wide = plan_of(request), tight;

	(void)state;
	request.budget_bytes = PLAN_BUDGET_BYTES / 8;
	tight = plan_of(request);
	assert_true(tight.window_ns < wide.window_ns);
	assert_true(tight.bytes < wide.bytes);
	assert_true(tight.window_ns >= PLAN_WINDOW_MIN_NS);
}

static void a_late_drain_finds_room_for_all(void **state)
{
	struct plan_request request = {
		.frequency_hz = 4999, .cpus = 2, .window_ns = NS_PER_SEC / 10};
	uint64_t late_ns = request.window_ns + NS_PER_SEC / 2;

	(void)state;
	assert_true(plan_of(request).count_entries >= due(4999, 2, late_ns));
	request.budget_bytes = PLAN_BUDGET_BYTES / 64;
	assert_true(plan_of(request).count_entries < due(4999, 2, late_ns));
	assert_true(plan_of(request).count_entries >= due(4999, 2, request.window_ns));
}

static void high_rates_have_room_for_more_copies(void **state)
{
	struct plan_request request = {.frequency_hz = 99, .cpus = 2, .walk_tables = true};
	uint32_t few = plan_of(request).copy_ring_bytes, many;

	(void)state;
	request.frequency_hz = 4999;
	many = plan_of(request).copy_ring_bytes;
	assert_true(many > few);
	assert_true(is_pow2(many));
	request.budget_bytes = PLAN_BUDGET_BYTES / 8;
	assert_int_equal(plan_of(request).copy_ring_bytes, few);
	request.walk_tables = false;
	assert_int_equal(plan_of(request).copy_ring_bytes, PLAN_RING_MIN_BYTES);
}

static void absent_cpus_cost_memory_too(void **state)
{
	struct plan few =
		plan_of((struct plan_request){.frequency_hz = 99, .cpus = 2, .possible_cpus = 2});
	struct plan many =
		plan_of((struct plan_request){.frequency_hz = 99, .cpus = 2, .possible_cpus = 240});

	(void)state;
	assert_true(many.bytes > few.bytes);
	assert_int_equal(many.count_entries, few.count_entries);
}

static void forced_sizes_are_taken(void **state)
{
	struct plan plan = plan_of((struct plan_request){
		.frequency_hz = 99,
		.cpus = 2,
		.stack_buckets = 5,
		.count_entries = 16,
		.ring_bytes = 5000,
	});

	(void)state;
	assert_int_equal(plan.stack_buckets, 8);
	assert_int_equal(plan.count_entries, 16);
	assert_int_equal(plan.sample_ring_bytes, 8192);
	plan = plan_of((struct plan_request){.frequency_hz = 99, .cpus = 2, .ring_bytes = 1});
	assert_int_equal(plan.sample_ring_bytes, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_plan_holds_its_window),
		cmocka_unit_test(usual_hosts_stay_within_the_budget),
		cmocka_unit_test(a_small_host_gets_the_whole_window),
		cmocka_unit_test(a_tight_budget_cuts_the_window_shorter),
		cmocka_unit_test(a_late_drain_finds_room_for_all),
		cmocka_unit_test(high_rates_have_room_for_more_copies),
		cmocka_unit_test(absent_cpus_cost_memory_too),
		cmocka_unit_test(forced_sizes_are_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
