#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a sample costs the CPU it is taken on, as the kernel itself measures it
# (kernel.bpf_stats_enabled: run_time_ns / run_cnt of the program), at 99 and 997 Hz on a busy host,
# beside bpftrace's counting of both stacks at the same rate, one after the other on the same load.
. "$(dirname "$0")/benchlib.sh"

SECONDS_EACH=${SECONDS_EACH:-10}
measure_programs
load

for rate in 99 997; do
	for ((run = 0; run < RUNS; run++)); do
		sample "smolder_$rate" "$SMOLDER" record -q -F "$rate" -o out.folded
		command -v bpftrace >/dev/null || continue
		sample "bpftrace_$rate" bpftrace -e "profile:hz:$rate { @[ustack, kstack] = count(); }"
	done
	mapfile -t ours < <(column 1 "smolder_$rate")
	row "smolder, $rate Hz" "ns" "${ours[@]}"
	if [ -s "bpftrace_$rate" ]; then
		mapfile -t theirs < <(column 1 "bpftrace_$rate")
		row "bpftrace, $rate Hz" "ns" "${theirs[@]}"
	else
		echo "bpftrace: not here, or without a number"
	fi
done
