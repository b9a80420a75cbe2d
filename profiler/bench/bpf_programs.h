/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the kernel says BPF programs of perf events cost: run_time_ns and run_cnt, which it counts while
 * somebody holds what bpf_programs_measure() gave (BPF_ENABLE_STATS, kernel commit d46edd671a14).
 */
#ifndef SMOLDER_BENCH_BPF_PROGRAMS_H
#define SMOLDER_BENCH_BPF_PROGRAMS_H

#include "base/err.h"

#include <stdint.h>

struct bpf_program_cost {
	uint64_t ns, runs;
	uint32_t id; /* of the program; 0: none */
};

/* An open file descriptor, the caller's; < 0 with a message. */
int bpf_programs_measure(struct err *err) _warn_unused_;

/* The id that the newest program of all has; 0 when there is none. */
uint32_t bpf_programs_newest(void);

/* Of the perf event programs newer than `id`, the one that ran most; all 0 when there is none. */
void bpf_programs_cost(uint32_t id, struct bpf_program_cost *ret_cost);

/* Of this one. */
void bpf_program_cost(uint32_t id, struct bpf_program_cost *ret_cost);

#endif
