#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What walking one user stack costs, by its depth: by unwind tables, a program without frame pointers;
# by frame pointers, the same program built with them, by smolder and by bpftrace. The program runs on
# every CPU, so that nearly all ticks are its own; the kernel measures (kernel.bpf_stats_enabled).
. "$(dirname "$0")/benchlib.sh"

SECONDS_EACH=${SECONDS_EACH:-4}
RATE=${RATE:-499}
measure_programs
cc=${CC:-cc}
"$cc" -O2 -o without "$TOP/bench/depth.c" || fail "cannot build bench/depth.c"
"$cc" -O2 -fno-omit-frame-pointer -o with "$TOP/bench/depth.c" || fail "cannot build bench/depth.c"

# on_every_cpu PROGRAM DEPTH
on_every_cpu() {
	local cpu
	for cpu in $(seq 0 $(($(nproc) - 1))); do
		start taskset -c "$cpu" nice -n -10 "$@"
	done
	sleep 0.5
}

stop_all() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	started=()
}

# measure NAME PROGRAM DEPTH COMMAND…
measure() {
	local name=$1 program=$2 depth=$3
	shift 3
	on_every_cpu "./$program" "$depth"
	sample "$name" nice -n -15 "$@"
	stop_all
}

for depth in 5 20 40 100 300; do
	for ((run = 0; run < RUNS; run++)); do
		measure "tables_$depth" without "$depth" "$SMOLDER" record -q -F "$RATE" -o out.folded
		[ "$depth" -le 100 ] || continue # the kernel's own walk ends at 127
		measure "pointers_$depth" with "$depth" \
			"$SMOLDER" record -q -F "$RATE" --call-graph fp -o out.folded
		command -v bpftrace >/dev/null || continue
		measure "bpftrace_$depth" with "$depth" \
			bpftrace -e "profile:hz:$RATE { @[ustack(perf, 127), kstack(perf, 127), comm] = count(); }"
	done
	for who in tables pointers bpftrace; do
		[ -s "${who}_$depth" ] || continue
		mapfile -t numbers < <(column 1 "${who}_$depth")
		case $who in
		tables) text="smolder, unwind tables" ;;
		pointers) text="smolder, frame pointers" ;;
		*) text="bpftrace, frame pointers" ;;
		esac
		row "$depth calls, $text" ns "${numbers[@]}"
	done
done
