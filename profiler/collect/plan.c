// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/collect/plan.h"

#include "base/cleanup.h"
#include "base/clock.h"
#include "bpf/abi.h"

#define COUNT_ENTRIES_MIN 1024u
#define STACK_BUCKETS_MIN 1024u
#define LATENESS_NS (500 * NS_PER_MS)
#define SAMPLE_RING_BYTES (UINT32_C(1) << 20)
#define EVENT_RING_BYTES (UINT32_C(1) << 19)
#define COPY_RING_MIN_BYTES (UINT32_C(4) << 20)
#define COPY_RING_MAX_BYTES (UINT32_C(16) << 20)
/* Most stacks are less than 16 KiB deep; what the record has beside that is a page more. */
#define COPY_BYTES 20480u

/* struct htab_elem and its freelist node, kernel/bpf/hashtab.c */
#define HASH_ELEM_BYTES 64u
/* struct stack_map_bucket and the bucket pointer, kernel/bpf/stackmap.c */
#define STACK_BUCKET_BYTES 32u

static uint32_t round_up_pow2(uint64_t value)
{
	uint64_t pow2 = 1;

	while (pow2 < value && pow2 < UINT32_C(1) << 30)
		pow2 <<= 1;
	return (uint32_t)pow2;
}

static uint64_t count_map_bytes(const struct plan_request *request, uint64_t entries)
{
	return entries * (HASH_ELEM_BYTES + sizeof(struct smolder_key) +
			  sizeof(uint64_t) * request->possible_cpus);
}

static uint64_t stack_map_bytes(const struct plan_request *request, uint64_t buckets)
{
	return buckets * (STACK_BUCKET_BYTES + sizeof(uint64_t) * request->stack_depth);
}

/* A quarter more than the ticks that are due, for timers that catch up. */
static uint64_t samples_in(const struct plan_request *request, uint64_t window_ns)
{
	uint64_t due = (uint64_t)request->frequency_hz * request->cpus * window_ns / NS_PER_SEC;

	return MAX(due + due / 4, COUNT_ENTRIES_MIN);
}

/* Both epochs' count maps may take a quarter of the budget. */
static uint64_t counts_in_budget(const struct plan_request *request, uint64_t budget)
{
	return budget / 4 / (2 * count_map_bytes(request, 1));
}

static uint64_t choose_window(const struct plan_request *request, uint64_t budget)
{
	uint64_t window_ns = request->window_ns ? request->window_ns : PLAN_WINDOW_NS;

	while (window_ns / 2 >= PLAN_WINDOW_MIN_NS &&
	       samples_in(request, window_ns) > counts_in_budget(request, budget))
		window_ns /= 2;
	return window_ns;
}

/*
 * On a host with more to run than CPUs the drain comes late, by hundreds of milliseconds: there is
 * room for what is sampled meanwhile, unless the budget says no.
 */
static uint32_t choose_counts(const struct plan_request *request, uint64_t budget,
			      uint64_t window_ns)
{
	uint64_t late = samples_in(request, window_ns + LATENESS_NS);

	return (uint32_t)MAX(samples_in(request, window_ns),
			     MIN(late, counts_in_budget(request, budget)));
}

/*
 * Four buckets a sample keep collisions (and so the exact lane) rare; both epochs' stack maps may
 * take five eighths of the budget.
 */
static uint32_t choose_buckets(const struct plan_request *request, uint64_t budget,
			       uint64_t samples)
{
	uint32_t buckets = round_up_pow2(4 * samples);

	while (buckets > STACK_BUCKETS_MIN &&
	       2 * stack_map_bytes(request, buckets) > budget / 8 * 5)
		buckets /= 2;
	return buckets;
}

/*
 * When recording begins, all that runs comes as copies until its tables are built: room for what is sampled
 * meanwhile, as far as the budget goes.
 */
static uint32_t choose_copy_ring(const struct plan_request *request, uint64_t left_bytes)
{
	uint64_t late = (uint64_t)request->frequency_hz * request->cpus * LATENESS_NS / NS_PER_SEC;
	uint32_t bytes = COPY_RING_MIN_BYTES;

	if (!request->walk_tables)
		return PLAN_RING_MIN_BYTES;
	while (bytes < COPY_RING_MAX_BYTES && bytes < late * COPY_BYTES && 2 * bytes <= left_bytes)
		bytes *= 2;
	return bytes;
}

void plan_maps(const struct plan_request *request, struct plan *ret_plan)
{
	uint64_t budget = request->budget_bytes ? request->budget_bytes : PLAN_BUDGET_BYTES;
	struct plan plan = {
		.window_ns = choose_window(request, budget),
		.sample_ring_bytes = SAMPLE_RING_BYTES,
		.event_ring_bytes = EVENT_RING_BYTES,
	};

	plan.count_entries = choose_counts(request, budget, plan.window_ns);
	plan.stack_buckets = choose_buckets(request, budget, plan.count_entries);
	if (request->count_entries)
		plan.count_entries = request->count_entries;
	if (request->stack_buckets)
		plan.stack_buckets = round_up_pow2(request->stack_buckets);
	if (request->ring_bytes)
		plan.sample_ring_bytes =
			MAX(round_up_pow2(request->ring_bytes), PLAN_RING_MIN_BYTES);
	plan.bytes = 2 * count_map_bytes(request, plan.count_entries) +
		     2 * stack_map_bytes(request, plan.stack_buckets) + plan.sample_ring_bytes +
		     plan.event_ring_bytes;
	plan.copy_ring_bytes =
		choose_copy_ring(request, budget > plan.bytes ? budget - plan.bytes : 0);
	plan.bytes += plan.copy_ring_bytes;
	*ret_plan = plan;
}
