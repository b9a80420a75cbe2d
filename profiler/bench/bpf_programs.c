// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#include "profiler/bench/bpf_programs.h"

#include <bpf/bpf.h>

int bpf_programs_measure(struct err *err)
{
	int fd = bpf_enable_stats(BPF_STATS_RUN_TIME);

	return fd < 0 ? err_errno(err, fd, "cannot have the kernel measure BPF programs") : fd;
}

uint32_t bpf_programs_newest(void)
{
	uint32_t id = 0;

	while (bpf_prog_get_next_id(id, &id) == 0)
		;
	return id;
}

static void read_cost(uint32_t id, struct bpf_program_cost *cost)
{
	_cleanup_close_ int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {0};
	uint32_t len = sizeof(info);

	if (fd < 0 || bpf_obj_get_info_by_fd(fd, &info, &len) < 0)
		return;
	if (info.type == BPF_PROG_TYPE_PERF_EVENT && info.run_cnt > cost->runs)
		*cost = (struct bpf_program_cost){
			.ns = info.run_time_ns, .runs = info.run_cnt, .id = id};
}

void bpf_programs_cost(uint32_t id, struct bpf_program_cost *ret_cost)
{
	*ret_cost = (struct bpf_program_cost){0};
	while (bpf_prog_get_next_id(id, &id) == 0)
		read_cost(id, ret_cost);
}

void bpf_program_cost(uint32_t id, struct bpf_program_cost *ret_cost)
{
	*ret_cost = (struct bpf_program_cost){0};
	read_cost(id, ret_cost);
}
