// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The sampler with one program more: it walks as the sampler does, sends what it walked, and lets the
 * kernel write the perf record of the same interrupt, registers and stack memory in it.
 */
#include "bpf/sampler.bpf.c"

#include "tests/oracle/same_sample_abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 32 << 20); /* of 8 KiB each */
} twins SEC(".maps");

__u64 twins_lost = 0;

static __always_inline void fill_twin(struct same_sample *twin, struct sample_scratch *sample,
				      struct task_struct *task)
{
	__u32 len = bounded(sample->walk.frames_len, WALK_FRAMES_MAX);

	twin->time_ns = bpf_ktime_get_ns();
	twin->boottime_ns = bpf_ktime_get_boot_ns();
	twin->space = space_of(task);
	twin->tid = task->pid;
	twin->cpu = bpf_get_smp_processor_id();
	twin->end = sample->walk.end;
	twin->frames_len = len;
	bpf_probe_read_kernel(twin->frames, len * sizeof(__u64), sample->frames);
	/* The walk may have gone through a signal frame and have other registers now. */
	walk_from_regs(&sample->walk, task);
	twin->call_site = sample->walk.call_site;
	__builtin_memcpy(twin->registers, sample->walk.registers, sizeof(twin->registers));
}

SEC("perf_event")
int twin_tick(struct bpf_perf_event_data *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct sample_scratch *sample = scratch_of_cpu();
	struct same_sample *twin;

	if (!sample || !task->mm || task->flags & PF_KTHREAD)
		return 0;
	twin = bpf_ringbuf_reserve(&twins, sizeof(*twin), 0);
	if (!twin) {
		__sync_fetch_and_add(&twins_lost, 1);
		return 0;
	}
	task_identity(task, &twin->task);
	walk_user_stack(sample, task, &twin->task, config.walk_frames_max);
	fill_twin(twin, sample, task);
	bpf_ringbuf_submit(twin, BPF_RB_NO_WAKEUP);
	return 1; /* the perf record, too */
}
