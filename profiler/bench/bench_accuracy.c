// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "formats/format.h"
#include "formats/toplist.h"
#include "profiler/bench/bench_load.h"
#include "profiler/bench/bench_sections.h"
#include "profiler/bench/bench_tool.h"
#include "profiler/bench/perf_script.h"

#include <limits.h>
#include <string.h>

#define FREQUENCY_HZ 499
#define MEASURE_MS 4000
#define FUNCTION "bench_share_"

/* Samples in each of the four functions; others do not count. */
struct shares {
	uint64_t of[101]; /* by the percentage that is in the function's name */
	uint64_t sum;
};

static void count_share(struct shares *shares, const char *name, uint64_t count)
{
	unsigned int percent;

	if (sscanf(name, FUNCTION "%u", &percent) != 1 || percent > 100)
		return;
	shares->of[percent] += count;
	shares->sum += count;
}

/* The largest distance in points from what the names say. */
static double worst_error(const struct shares *shares)
{
	static const unsigned int percents[] = {40, 30, 20, 10};
	double worst = 0;

	for (size_t i = 0; i < ARRAY_SIZE(percents); i++) {
		double share = 100.0 * (double)shares->of[percents[i]] / (double)shares->sum;
		double off = share - percents[i];

		worst = MAX(worst, off < 0 ? -off : off);
	}
	return worst;
}

static int read_smolder(const struct bench_plan *plan, struct shares *shares)
{
	_cleanup_profile_ struct profile *profile = NULL;
	_cleanup_toplist_ struct toplist list = {0};
	char path[PATH_MAX];
	struct err ignored;
	int r;

	snprintf(path, sizeof(path), "%s/out.folded", plan->directory);
	r = format_read_file(path, &profile, &ignored);
	if (r == 0)
		r = toplist_init(profile, profile_count_type(profile), &list);
	if (r < 0)
		return r;
	vec_for_each(&list.items, item) {
		const struct callname *name = &list.names.names.items[item->name];

		count_share(shares, callname_text(&list.names, name->name), (uint64_t)item->self);
	}
	return 0;
}

static void add_perf_sample(void *ctx, const struct perf_sample *sample)
{
	const char *name = strstr(sample->sampled, FUNCTION);

	if (name)
		count_share(ctx, name, 1);
}

/* Both at once: they see the same seconds. */
static int measure_round(const struct bench_plan *plan, pid_t pid, struct bench_numbers *ours,
			 struct bench_numbers *perf)
{
	struct bench_tool_options options = {
		.frequency_hz = FREQUENCY_HZ, .pid = pid, .directory = plan->directory};
	_cleanup_bench_tool_ struct bench_tool smolder = {0}, peer = {0};
	struct shares shares = {0}, peer_shares = {0};
	struct err ignored;
	bool with_peer;
	int r = 0;

	options.kind = BENCH_TOOL_PERF;
	with_peer = bench_tool_is_here(BENCH_TOOL_PERF) &&
		    bench_tool_start(&options, &peer, &ignored) == 0;
	options.kind = BENCH_TOOL_SMOLDER;
	if (bench_tool_start(&options, &smolder, &ignored) < 0)
		return 0;
	bench_sleep_ms(MEASURE_MS);
	if (bench_tool_stop(&smolder) == 0 && read_smolder(plan, &shares) == 0 && shares.sum)
		r = bench_numbers_add(ours, worst_error(&shares));
	(void)bench_tool_stop(&peer);
	if (r == 0 && with_peer &&
	    perf_script_read(plan->directory, add_perf_sample, &peer_shares) == 0 &&
	    peer_shares.sum)
		r = bench_numbers_add(perf, worst_error(&peer_shares));
	return r;
}

int bench_accuracy(const struct bench_plan *plan, struct bench_paper *paper, struct err *err)
{
	struct bench_load_options options = {.kind = BENCH_LOAD_SHARES, .cpu = -1};
	_cleanup_bench_load_ struct bench_load load = {0};
	_cleanup_(bench_numbers_free) struct bench_numbers ours = {0}, perf = {0};
	struct bench_row row = {.what = "worst of shares 40, 30, 20, 10 off by",
				.who = "smolder",
				.unit = "points"};
	int r = bench_load_start(&options, &load, err);

	if (r < 0)
		return r;
	bench_paper_section(paper, "accuracy",
			    "How far reported shares are off, at 499 Hz in 4 seconds "
			    "(chance alone makes about one point)");
	for (uint32_t round = 0; round < plan->rounds && r == 0; round++)
		r = measure_round(plan, load.pid, &ours, &perf);
	bench_paper_numbers(paper, &row, &ours);
	row.who = bench_tool_name(BENCH_TOOL_PERF);
	row.note = bench_tool_is_here(BENCH_TOOL_PERF) ? NULL : "not installed";
	bench_paper_numbers(paper, &row, &perf);
	return r < 0 ? err_errno(err, r, "cannot measure the accuracy") : 0;
}
