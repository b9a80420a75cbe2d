/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What perf recorded, as `perf script` tells it: frame by frame, the sampled function first. */
#ifndef SMOLDER_BENCH_PERF_SCRIPT_H
#define SMOLDER_BENCH_PERF_SCRIPT_H

#define PERF_SCRIPT_LINE_MAX 4096

/* Lines of one sample: "  55d0c0ffee bench_share_40". Longer ones are cut. */
struct perf_sample {
	char sampled[PERF_SCRIPT_LINE_MAX];  /* innermost frame; "" when there is no user frame */
	char outer[2][PERF_SCRIPT_LINE_MAX]; /* the last two, the outermost last; "" when fewer */
};

/* Calls `add` for each sample of `directory`/perf.data. 0, or < 0 when perf does not read it. */
int perf_script_read(const char *directory,
		     void (*add)(void *ctx, const struct perf_sample *sample), void *ctx);

#endif
