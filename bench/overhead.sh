#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a sample costs the CPU it is taken on, as the kernel itself measures it
# (kernel.bpf_stats_enabled: run_time_ns / run_cnt of the program), at 99 and 997 Hz on a busy host,
# beside bpftrace's counting of both stacks at the same rate, one after the other on the same load.
. "$(dirname "$0")/benchlib.sh"

SECONDS_EACH=${SECONDS_EACH:-10}
bpftool=$(command -v bpftool) || fail "needs bpftool"
set_sysctl kernel.bpf_stats_enabled 1
load

# ns_per_run FILE: of the perf_event programs loaded since the ids in `before`; the busiest one.
ns_per_run() {
	"$bpftool" prog show --json | python -c '
import json, sys
before = set(open("before").read().split())
programs = [p for p in json.load(sys.stdin) if p["type"] == "perf_event"
            and str(p["id"]) not in before and p.get("run_cnt", 0)]
if programs:
    busiest = max(programs, key=lambda p: p["run_cnt"])
    print("%.1f %d" % (busiest["run_time_ns"] / busiest["run_cnt"], busiest["run_cnt"]))' >>"$1"
}

remember_programs() {
	"$bpftool" prog show --json | python -c '
import json, sys
print("\n".join(str(p["id"]) for p in json.load(sys.stdin)))' >before
}

# sample NAME COMMAND…: its program's numbers shortly before it ends.
sample() {
	local name=$1 pid
	shift
	remember_programs
	"$@" >"$name.out" 2>"$name.err" &
	pid=$!
	sleep "$SECONDS_EACH"
	ns_per_run "$name"
	kill -INT "$pid"
	wait "$pid" || fail "$(cat "$name.err")"
}

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
