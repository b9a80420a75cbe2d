// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sampler at work in the kernel, on this very process: needs root. */
#include "base/clock.h"
#include "profiler/collect/sampler.h"
#include "profiler/collect/ticks.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define FREQUENCY_HZ 499
#define POOL_SIZE (UINT32_C(4) << 20)
#define NEVER_NS (3600 * NS_PER_SEC)
#define TIMEOUT_NS (20 * NS_PER_MS)
#define CPU_ENOUGH_NS (100 * NS_PER_MS) /* of CPU time: some 50 ticks, with no regard to others */
#define CPU_LIMIT_NS (20 * NS_PER_SEC)

struct bench {
	struct sampler *sampler;
	struct ticks *ticks;
	struct window *window;
};

static void open_with(struct bench *bench, struct sampler_options options)
{
	struct plan_request request = {
		.frequency_hz = FREQUENCY_HZ,
		.cpus = 1,
		.possible_cpus = 1,
		.stack_depth = sampler_stack_depth(),
	};
	struct ticks_options ticks = {.event = TICK_CPU_CLOCK, .frequency_hz = FREQUENCY_HZ};
	struct err err;

	options.stack_depth = request.stack_depth;
	request.walk_tables = options.config.walk_tables;
	plan_maps(&request, &options.plan);
	*bench = (struct bench){0};
	if (sampler_open(&options, &bench->sampler, &err) < 0) {
		print_message("%s\n", err.text);
		skip();
	}
	ticks.prog_fd = sampler_prog_fd(bench->sampler);
	assert_int_equal(ticks_open(&ticks, &bench->ticks, &err), 0);
	assert_int_equal(ticks_enable(bench->ticks, &err), 0);
}

static void open_bench(struct bench *bench, uint64_t timeout_ns)
{
	open_with(bench, (struct sampler_options){.config.heartbeat_timeout_ns = timeout_ns});
}

static void open_walking_bench(struct bench *bench)
{
	open_with(bench, (struct sampler_options){.config.walk_tables = true,
						  .config.walk_frames_max = WALK_FRAMES_DEFAULT,
						  .walk_pool_size = POOL_SIZE});
}

static void close_bench(struct bench *bench)
{
	ticks_free(bench->ticks);
	sampler_free(bench->sampler);
}

static void burn(struct bench *bench, bool beating)
{
	uint64_t end_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + CPU_ENOUGH_NS;

	while (clock_ns(CLOCK_THREAD_CPUTIME_ID) < end_ns)
		if (beating)
			sampler_beat(bench->sampler);
}

static uint64_t counted(struct bench *bench, enum smolder_stat stat)
{
	return bench->window->stats[stat];
}

/* What came of the ticks since the last call. */
static uint64_t recorded(struct bench *bench)
{
	uint64_t count = 0;
	struct err err;

	assert_int_equal(sampler_rotate(bench->sampler, &bench->window, &err), 0);
	vec_for_each(&bench->window->samples, sample)
		count += sample->count;
	assert_int_equal(count + counted(bench, SMOLDER_STAT_IDLE) +
				 counted(bench, SMOLDER_STAT_UNATTENDED),
			 counted(bench, SMOLDER_STAT_SEEN));
	return count;
}

static void a_fresh_beat_is_attended(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, NEVER_NS);
	burn(&bench, false);
	assert_true(recorded(&bench) > 0);
	assert_int_equal(counted(&bench, SMOLDER_STAT_UNATTENDED), 0);
	close_bench(&bench);
}

static void without_a_promise_no_beat_is_missed(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, 0);
	burn(&bench, false);
	assert_true(recorded(&bench) > 0);
	assert_int_equal(counted(&bench, SMOLDER_STAT_UNATTENDED), 0);
	close_bench(&bench);
}

/* A nanosecond after each beat there is none: that is before any tick. */
static void nothing_is_recorded_when_the_beat_has_stopped(void **state)
{
	struct bench bench;

	(void)state;
	open_bench(&bench, 1);
	burn(&bench, false);
	assert_int_equal(recorded(&bench), 0);
	assert_true(counted(&bench, SMOLDER_STAT_UNATTENDED) > 0);
	close_bench(&bench);
}

static void recording_goes_on_with_the_beat(void **state)
{
	uint64_t limit_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) + CPU_LIMIT_NS;
	struct bench bench;

	(void)state;
	open_bench(&bench, TIMEOUT_NS);
	do {
		burn(&bench, false);
		recorded(&bench);
	} while (!counted(&bench, SMOLDER_STAT_UNATTENDED) &&
		 clock_ns(CLOCK_THREAD_CPUTIME_ID) < limit_ns);
	assert_true(counted(&bench, SMOLDER_STAT_UNATTENDED) > 0);
	do {
		burn(&bench, true);
	} while (!recorded(&bench) && clock_ns(CLOCK_THREAD_CPUTIME_ID) < limit_ns);
	assert_true(bench.window->samples.len > 0);
	close_bench(&bench);
}

/* What was written is there again when it is reached again, and takes no memory of ours meanwhile. */
static void the_pool_is_mapped_where_it_is_used(void **state)
{
	struct sampler_walk_maps maps;
	struct bench bench;
	uint64_t before;

	(void)state;
	open_walking_bench(&bench);
	sampler_walk_maps(bench.sampler, &maps);
	before = sampler_mapped_bytes(bench.sampler);
	assert_int_equal(sampler_reach_pool(bench.sampler, 64, 8), 0);
	assert_int_equal(sampler_reach_pool(bench.sampler, POOL_SIZE - 8, 8), 0);
	maps.pool[64] = maps.pool[POOL_SIZE - 8] = 77;
	assert_true(sampler_mapped_bytes(bench.sampler) > before);
	assert_true(sampler_mapped_bytes(bench.sampler) < before + POOL_SIZE);
	before = sampler_mapped_bytes(bench.sampler);
	sampler_rest_pool(bench.sampler, 72);
	assert_int_equal(maps.pool[POOL_SIZE - 8], 77);
	sampler_rest_pool(bench.sampler, 72);
	assert_true(sampler_mapped_bytes(bench.sampler) < before);
	assert_int_equal(maps.pool[64], 77);
	assert_int_equal(maps.pool[POOL_SIZE - 8], 0);
	assert_int_equal(sampler_reach_pool(bench.sampler, POOL_SIZE - 8, 8), 0);
	assert_int_equal(maps.pool[POOL_SIZE - 8], 77);
	close_bench(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_fresh_beat_is_attended),
		cmocka_unit_test(without_a_promise_no_beat_is_missed),
		cmocka_unit_test(nothing_is_recorded_when_the_beat_has_stopped),
		cmocka_unit_test(recording_goes_on_with_the_beat),
		cmocka_unit_test(the_pool_is_mapped_where_it_is_used),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
