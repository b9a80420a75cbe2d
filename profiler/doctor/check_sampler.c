// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* The sampling program itself: does it load, attach, and see ticks? */
#include "base/clock.h"
#include "profiler/collect/kernel_btf.h"
#include "profiler/collect/ticks.h"
#include "profiler/doctor/check.h"
#include "profiler/doctor/host.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#define TRIAL_FREQUENCY_HZ 499
#define TRIAL_NS (100 * NS_PER_MS)

static double as_ms(uint64_t ns)
{
	return (double)ns / NS_PER_MS;
}

static void check_btf(struct host *host, struct check_result *result)
{
	struct btf *btf = btf__load_vmlinux_btf();

	(void)host;
	if (!btf) {
		check_missing(result, "the kernel does not describe its types: %m");
		check_advise(result, access("/sys/kernel", F_OK) == 0 ?
					     "use a kernel built with CONFIG_DEBUG_INFO_BTF" :
					     "mount sysfs on /sys");
		return;
	}
	check_works(result, "the kernel describes %u types of its own", btf__type_cnt(btf));
	btf__free(btf);
}

static void check_load(struct host *host, struct check_result *result)
{
	if (!host->sampler) {
		check_explained(result, host->sampler_errno, &host->sampler_error);
		return;
	}
	check_works(result, "%u instructions verified, %.1f MiB of maps, loaded in %.0f ms",
		    sampler_insn_count(host->sampler),
		    (double)sampler_map_bytes(host->sampler) / (1 << 20), as_ms(host->load_ns));
}

/* Loads "return 0" for this tracepoint and attaches it: 0 or a negative errno. */
static int try_tracepoint(const char *name)
{
	struct bpf_insn insns[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_RAW_TP);
	_cleanup_close_ int prog_fd = -1, link_fd = -1;
	int btf_id = libbpf_find_vmlinux_btf_id(name, BPF_TRACE_RAW_TP);

	if (btf_id < 0)
		return btf_id;
	options.attach_btf_id = (uint32_t)btf_id;
	prog_fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "doctor", "GPL", insns, ARRAY_SIZE(insns),
				&options);
	if (prog_fd < 0)
		return prog_fd;
	link_fd = bpf_raw_tracepoint_open(NULL, prog_fd);
	return MIN(link_fd, 0);
}

static void check_tracepoints(struct host *host, struct check_result *result)
{
	static const char *const names[] = {"sched_process_fork", "sched_process_exec",
					    "sched_process_exit", "sched_process_free"};

	(void)host;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		int r = try_tracepoint(names[i]);

		if (r < 0) {
			check_failed(result, r, names[i]);
			return;
		}
	}
	check_works(result, "attached to sched_process_{fork,exec,exit,free}");
}

/* What bpf/mapping_check.bpf.h goes by. */
static void check_changes(struct host *host, struct check_result *result)
{
	(void)host;
	if (kernel_btf_has_member("mm_struct", "mm_lock_seq") &&
	    kernel_btf_has_member("vm_area_struct", "vm_lock_seq"))
		check_works(result, "seen at once: the kernel counts changes of mappings "
				    "(mm_lock_seq)");
	else
		check_missing(result, "seen when the news is read: until then code is taken for "
				      "what was at its address before (mm_lock_seq is of "
				      "Linux 6.5, with CONFIG_PER_VMA_LOCK)");
}

static void burn_until(uint64_t end_ns)
{
	while (clock_ns(CLOCK_MONOTONIC) < end_ns)
		;
}

/* Samples this very process at work, and closes the window, as a recording does. */
static int sample_briefly(struct host *host, struct window **ret_window, struct err *err)
{
	_cleanup_ticks_ struct ticks *ticks = NULL;
	struct ticks_options options = {
		.frequency_hz = TRIAL_FREQUENCY_HZ,
		.prog_fd = sampler_prog_fd(host->sampler),
	};
	int r = ticks_open(&options, &ticks, err);

	if (r == 0)
		r = ticks_enable(ticks, err);
	if (r < 0)
		return r;
	burn_until(clock_ns(CLOCK_MONOTONIC) + TRIAL_NS);
	ticks_disable(ticks);
	return sampler_rotate(host->sampler, ret_window, err);
}

static void check_trial(struct host *host, struct check_result *result)
{
	struct window *window;
	struct err err;
	int r;

	if (!host->sampler) {
		check_missing(result, "not tried: the sampler does not load");
		return;
	}
	r = sample_briefly(host, &window, &err);
	if (r < 0) {
		check_explained(result, r, &err);
		return;
	}
	if (!window->samples.len) {
		check_missing(result, "%llu ticks arrived in %.0f ms of work, none was counted",
			      (unsigned long long)window->stats[SMOLDER_STAT_SEEN],
			      as_ms(TRIAL_NS));
		return;
	}
	check_works(result, "%llu ticks in %.0f ms at %d Hz, %zu distinct samples",
		    (unsigned long long)window->stats[SMOLDER_STAT_SEEN], as_ms(TRIAL_NS),
		    TRIAL_FREQUENCY_HZ, window->samples.len);
}

const struct check sampler_checks[] = {
	{"kernel BTF", check_btf, true},
	{"sampling program", check_load, true},
	{"process tracepoints", check_tracepoints, true},
	{"replaced code", check_changes, false},
	{"trial recording", check_trial, true},
	{0},
};
