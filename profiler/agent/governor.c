// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/governor.h"

#include "base/cleanup.h"

#define PPM UINT64_C(1000000)
/* What is aimed at when lowering or raising, of the bound. */
#define AIM_PERCENT 75
/* Below this share of the bound a window is calm. */
#define CALM_PERCENT 50
#define CALM_WINDOWS 3
/* A window changes the rate by no more than these factors. */
#define LOWER_MAX 16
#define RAISE_MAX 2
/* Memory is let go from this share of its bound on. */
#define TRIM_PERCENT 85
#define CROWDED_WINDOWS 2

void governor_init(struct governor *governor, const struct governor_limits *limits)
{
	*governor = (struct governor){.frequency_hz = limits->frequency_hz};
}

static uint64_t share_ppm(const struct governor_measure *measure, uint64_t ns)
{
	uint64_t all_ns = measure->elapsed_ns * measure->cpus;

	return all_ns ? (uint64_t)((unsigned __int128)ns * PPM / all_ns) : 0;
}

uint64_t governor_cost_ppm(const struct governor_measure *measure)
{
	return share_ppm(measure, measure->bpf_ns + measure->cpu_ns);
}

/* The rate that would cost what is aimed at, if all of the cost went with the rate. */
static uint32_t rate_for(const struct governor *governor, uint64_t bound_ppm, uint64_t cost_ppm)
{
	uint64_t aim_ppm = bound_ppm * AIM_PERCENT / 100;
	uint64_t rate = governor->frequency_hz * aim_ppm / MAX(cost_ppm, UINT64_C(1));

	return (uint32_t)MIN(rate, (uint64_t)UINT32_MAX);
}

static uint32_t lowered(const struct governor *governor, uint64_t bound_ppm, uint64_t cost_ppm)
{
	uint32_t rate = rate_for(governor, bound_ppm, cost_ppm);

	rate = MAX(rate, governor->frequency_hz / LOWER_MAX);
	return MAX(rate, 1u);
}

static uint32_t raised(const struct governor *governor, const struct governor_limits *limits,
		       uint64_t cost_ppm)
{
	uint32_t most = MIN(governor->frequency_hz * RAISE_MAX, limits->frequency_hz);
	uint32_t rate = limits->cpu_max_ppm ? rate_for(governor, limits->cpu_max_ppm, cost_ppm) :
					      limits->frequency_hz;

	return MAX(MIN(rate, most), governor->frequency_hz);
}

/*
 * What the first window costs is for the most part paid once: reading all of /proc, unwind tables, the
 * kernel's symbols. Only what the programs cost is held against it.
 */
static uint64_t judged_ppm(const struct governor *governor, const struct governor_measure *measure)
{
	return governor->windows ? governor_cost_ppm(measure) : share_ppm(measure, measure->bpf_ns);
}

static bool is_calm(const struct governor_limits *limits, uint64_t cost_ppm, uint64_t memory)
{
	return cost_ppm <= limits->cpu_max_ppm * CALM_PERCENT / 100 + PPM * !limits->cpu_max_ppm &&
	       (!limits->memory_max || memory <= limits->memory_max);
}

static struct governor_decision decide(struct governor *governor,
				       const struct governor_limits *limits, uint64_t cost_ppm)
{
	if (governor->frequency_hz > limits->frequency_hz) /* the wish has changed */
		return (struct governor_decision){.frequency_hz = limits->frequency_hz,
						  .reason = GOVERNOR_NONE};
	if (limits->cpu_max_ppm && cost_ppm > limits->cpu_max_ppm)
		return (struct governor_decision){
			.frequency_hz = lowered(governor, limits->cpu_max_ppm, cost_ppm),
			.reason = GOVERNOR_CPU};
	if (governor->crowded >= CROWDED_WINDOWS)
		return (struct governor_decision){.frequency_hz =
							  MAX(governor->frequency_hz / 2, 1u),
						  .reason = GOVERNOR_MEMORY};
	if (governor->calm >= CALM_WINDOWS)
		return (struct governor_decision){.frequency_hz =
							  raised(governor, limits, cost_ppm),
						  .reason = GOVERNOR_CALM};
	return (struct governor_decision){.frequency_hz = governor->frequency_hz};
}

struct governor_decision governor_decide(struct governor *governor,
					 const struct governor_limits *limits,
					 const struct governor_measure *measure)
{
	uint64_t cost_ppm = judged_ppm(governor, measure), memory = measure->memory_bytes;
	bool over = limits->memory_max && memory > limits->memory_max;
	struct governor_decision decision;

	governor->calm = is_calm(limits, cost_ppm, memory) ? governor->calm + 1 : 0;
	governor->crowded = over ? governor->crowded + 1 : 0;
	decision = decide(governor, limits, cost_ppm);
	decision.trim = limits->memory_max && memory > limits->memory_max / 100 * TRIM_PERCENT;
	if (decision.frequency_hz == governor->frequency_hz)
		decision.reason = GOVERNOR_NONE;
	else
		governor->calm = governor->crowded = 0;
	governor->frequency_hz = decision.frequency_hz;
	governor->windows = MIN(governor->windows + 1, 2u);
	return decision;
}

const char *governor_reason_text(enum governor_reason reason)
{
	static const char *const texts[] = {
		[GOVERNOR_NONE] = "as configured",
		[GOVERNOR_CPU] = "more CPU time than max-cpu allows",
		[GOVERNOR_MEMORY] = "more memory than max-memory allows",
		[GOVERNOR_CALM] = "far below the bounds again",
	};

	return texts[reason];
}
