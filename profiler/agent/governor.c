// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/agent/governor.h"

#include "base/cleanup.h"
#include "base/clock.h"

#include <string.h>

#define PPM UINT64_C(1000000)
/* What is aimed at when lowering or raising, of the bound. */
#define AIM_PERCENT 75
/* Below this share of the bound a window is calm. */
#define CALM_PERCENT 60
#define CALM_WINDOWS 2
/* A window changes the rate by no more than these factors. */
#define LOWER_MAX 16
#define RAISE_MAX 4
/* Below this share of the bound, programs that run at each tick are not what costs too much. */
#define LITTLE_PERCENT 3
/* Names get so much of the bound at least, and what sampling leaves below this share of it. */
#define NAMING_LEAST_PERCENT 25
#define NAMING_PERCENT 80
/* What was not needed is saved for so long: new programs come in bursts, the first when the agent begins. */
#define CREDIT_NS (300 * NS_PER_SEC)
/* Memory is let go from this share of its bound on. */
#define TRIM_PERCENT 85
/* Not again so soon: finding it all out anew costs CPU time, and what did not help will not. */
#define TRIM_WINDOWS 10
#define CROWDED_WINDOWS 2
/* So few samples take no memory worth lowering the rate for. */
#define SAMPLES_FEW 1000

void governor_init(struct governor *governor, const struct governor_limits *limits)
{
	*governor =
		(struct governor){.frequency_hz = limits->frequency_hz, .untrimmed = TRIM_WINDOWS};
}

uint64_t governor_share_ppm(const struct governor_measure *measure, uint64_t ns)
{
	uint64_t all_ns = measure->elapsed_ns * measure->cpus;

	return all_ns ? (uint64_t)((unsigned __int128)ns * PPM / all_ns) : 0;
}

uint64_t governor_cost_ns(const struct governor_measure *measure)
{
	return measure->bpf_ns + measure->collector_ns + measure->background_ns;
}

uint64_t governor_cost_ppm(const struct governor_measure *measure)
{
	return governor_share_ppm(measure, governor_cost_ns(measure));
}

/* The median of the last windows'. */
static uint64_t usual_background_ppm(const struct governor *governor)
{
	const uint64_t *ppm = governor->background_ppm;
	uint64_t low = MIN(ppm[0], ppm[1]), high = MAX(ppm[0], ppm[1]);

	return MAX(low, MIN(high, ppm[2]));
}

static void note_background(struct governor *governor, const struct governor_measure *measure)
{
	memmove(governor->background_ppm + 1, governor->background_ppm,
		(GOVERNOR_USUAL - 1) * sizeof(*governor->background_ppm));
	governor->background_ppm[0] = governor_share_ppm(measure, measure->background_ns);
}

/*
 * What the collector's first window costs is for the most part paid once: reading all of /proc, unwind
 * tables. A sample takes it about as long as it took the kernel's side.
 */
static uint64_t sampling_ns(const struct governor *governor, const struct governor_measure *measure)
{
	return measure->bpf_ns + (governor->windows ? measure->collector_ns : measure->bpf_ns);
}

/* The rate that would cost what is aimed at, if all of the cost went with the rate. */
static uint32_t rate_for(const struct governor *governor, uint64_t bound_ppm, uint64_t cost_ppm)
{
	uint64_t aim_ppm = bound_ppm * AIM_PERCENT / 100;
	uint64_t rate = governor->frequency_hz * aim_ppm / MAX(cost_ppm, UINT64_C(1));

	return (uint32_t)MIN(rate, (uint64_t)UINT32_MAX);
}

/* The rate at which the kernel's side takes but little of the bound; at most the one in force. */
static uint32_t low_enough(const struct governor *governor, uint64_t bound_ppm, uint64_t bpf_ppm)
{
	uint64_t little_ppm = bound_ppm * LITTLE_PERCENT / 100;

	if (bpf_ppm <= little_ppm)
		return governor->frequency_hz;
	return (uint32_t)(governor->frequency_hz * little_ppm / bpf_ppm);
}

static uint32_t lowered(const struct governor *governor, const struct governor_limits *limits,
			const struct governor_measure *measure, uint64_t cost_ppm)
{
	uint64_t bound_ppm = limits->cpu_max_ppm,
		 bpf_ppm = governor_share_ppm(measure, measure->bpf_ns);
	uint32_t rate = rate_for(governor, bound_ppm, cost_ppm);

	rate = MAX(rate, governor->frequency_hz / LOWER_MAX);
	rate = MAX(rate, low_enough(governor, bound_ppm, bpf_ppm));
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

static bool is_calm(const struct governor_limits *limits, uint64_t cost_ppm, uint64_t memory)
{
	return cost_ppm <= limits->cpu_max_ppm * CALM_PERCENT / 100 + PPM * !limits->cpu_max_ppm &&
	       (!limits->memory_max || memory <= limits->memory_max);
}

static struct governor_decision decide(struct governor *governor,
				       const struct governor_limits *limits,
				       const struct governor_measure *measure, uint64_t cost_ppm)
{
	if (governor->frequency_hz > limits->frequency_hz) /* the wish has changed */
		return (struct governor_decision){.frequency_hz = limits->frequency_hz,
						  .reason = GOVERNOR_NONE};
	if (limits->cpu_max_ppm && cost_ppm > limits->cpu_max_ppm)
		return (struct governor_decision){
			.frequency_hz = lowered(governor, limits, measure, cost_ppm),
			.reason = GOVERNOR_CPU};
	if (governor->crowded >= CROWDED_WINDOWS && measure->samples > SAMPLES_FEW)
		return (struct governor_decision){.frequency_hz =
							  MAX(governor->frequency_hz / 2, 1u),
						  .reason = GOVERNOR_MEMORY};
	if (governor->calm >= CALM_WINDOWS)
		return (struct governor_decision){.frequency_hz =
							  raised(governor, limits, cost_ppm),
						  .reason = GOVERNOR_CALM};
	return (struct governor_decision){.frequency_hz = governor->frequency_hz};
}

/* What a window like this one costs as a rule. */
static uint64_t judged_ppm(const struct governor *governor, const struct governor_measure *measure)
{
	return governor_share_ppm(measure, sampling_ns(governor, measure)) +
	       usual_background_ppm(governor);
}

static uint64_t bound_of(const struct governor_limits *limits,
			 const struct governor_measure *measure, uint64_t time_ns)
{
	return (uint64_t)((unsigned __int128)time_ns * measure->cpus * limits->cpu_max_ppm / PPM);
}

static void note_credit(struct governor *governor, const struct governor_limits *limits,
			const struct governor_measure *measure)
{
	uint64_t bound_ns = bound_of(limits, measure, measure->elapsed_ns),
		 all_ns = bound_of(limits, measure, CREDIT_NS),
		 most_ns = bound_ns / 100 * NAMING_PERCENT,
		 left_ns = most_ns - MIN(most_ns, sampling_ns(governor, measure)),
		 credit_ns = governor->windows ? governor->credit_ns + left_ns : all_ns;

	credit_ns = MIN(credit_ns, all_ns);
	governor->credit_ns = credit_ns - MIN(credit_ns, measure->background_ns);
	governor->least_ns = bound_ns / 100 * NAMING_LEAST_PERCENT;
}

static bool wants_trim(struct governor *governor, const struct governor_limits *limits,
		       uint64_t memory)
{
	bool much = limits->memory_max && memory > limits->memory_max / 100 * TRIM_PERCENT;
	bool trim = much && governor->untrimmed >= TRIM_WINDOWS;

	governor->untrimmed = trim ? 0 : MIN(governor->untrimmed + 1, (uint32_t)TRIM_WINDOWS);
	return trim;
}

struct governor_decision governor_decide(struct governor *governor,
					 const struct governor_limits *limits,
					 const struct governor_measure *measure)
{
	uint64_t memory = measure->memory_bytes, cost_ppm;
	bool over = limits->memory_max && memory > limits->memory_max;
	struct governor_decision decision;

	note_background(governor, measure);
	note_credit(governor, limits, measure);
	cost_ppm = judged_ppm(governor, measure);
	governor->calm = is_calm(limits, cost_ppm, memory) ? governor->calm + 1 : 0;
	governor->crowded = over ? governor->crowded + 1 : 0;
	decision = decide(governor, limits, measure, cost_ppm);
	decision.trim = wants_trim(governor, limits, memory);
	if (decision.frequency_hz == governor->frequency_hz)
		decision.reason = GOVERNOR_NONE;
	else
		governor->calm = governor->crowded = 0;
	governor->frequency_hz = decision.frequency_hz;
	governor->windows = MIN(governor->windows + 1, 2u);
	return decision;
}

bool governor_is_overdrawn(const struct governor *governor, const struct governor_limits *limits,
			   const struct governor_measure *measure, uint64_t window_ns)
{
	struct governor_measure whole = *measure;
	uint64_t cost_ppm;

	if (!limits->cpu_max_ppm || measure->elapsed_ns >= window_ns)
		return false;
	whole.elapsed_ns = window_ns;
	cost_ppm = governor_share_ppm(&whole, sampling_ns(governor, &whole));
	return cost_ppm > limits->cpu_max_ppm &&
	       low_enough(governor, limits->cpu_max_ppm,
			  governor_share_ppm(measure, measure->bpf_ns)) < governor->frequency_hz;
}

uint64_t governor_naming_ns(const struct governor *governor, const struct governor_limits *limits)
{
	return limits->cpu_max_ppm ? MAX(governor->credit_ns, governor->least_ns) : UINT64_MAX;
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
