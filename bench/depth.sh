#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What a tick costs in the kernel, by the depth of the user stack: by unwind tables, on a program without
# frame pointers; by frame pointers, on the same program built with them, by smolder and by bpftrace. Then
# what each idea of the walker is worth: without it, at 40 calls. All are loaded at once and tick one after
# the other on the same processes (bench/slices.c); the kernel measures (kernel.bpf_stats_enabled).
. "$(dirname "$0")/benchlib.sh"

RATE=${RATE:-999}
SLICE_MS=${SLICE_MS:-150}
SETTLE_S=${SETTLE_S:-3}
VARIANTS=$TOP/build/variants
WORKERS=32
measure_programs
cc=${CC:-cc}
$cc -O2 -o without "$TOP/bench/depth.c" || fail "cannot build bench/depth.c"
$cc -O2 -fno-omit-frame-pointer -o with "$TOP/bench/depth.c" || fail "cannot build bench/depth.c"
$cc -O2 -o slices "$TOP/bench/slices.c" -lbpf || fail "cannot build bench/slices.c"

# The id of the perf_event program (BPF_PROG_TYPE_PERF_EVENT is 7) that a process has loaded.
program_of() {
	local id
	for _ in {1..200}; do
		id=$(cat "/proc/$1/fdinfo/"* 2>/dev/null |
			awk '/^prog_type:/ { type = $2 } /^prog_id:/ && type == 7 { print $2; exit }')
		[ -z "$id" ] || break
		sleep 0.1
	done
	printf '%s' "$id"
}

declare -A programs

# loads NAME COMMAND…: from now on the program of that profiler is known by that name.
loads() {
	local name=$1
	shift
	start nice -n -5 "$@"
	programs[$name]=$(program_of "$STARTED")
	[ -n "${programs[$name]}" ] || fail "$name: $1 loads no program"
}

smolder_loads() {
	loads "$1" "$2" record -q -F 1 --unwind-memory 8M "${@:3}" -o "$1.folded"
}

# burn PROGRAM ARGS…: in the background; a child of this shell.
burn() {
	start nice -n -10 "./$1" "${@:2}"
	burning+=("$STARTED")
}

# measure NAME=PIDS…: the program of that name on these processes.
measure() {
	local item items=()
	sleep "$SETTLE_S"
	for item in "$@"; do
		items+=("${item%%=*}:${programs[${item%%=*}]}:${item#*=}")
	done
	./slices "$RATE" "$SLICE_MS" "$((2 * RUNS))" "${items[@]}" >slices.out || fail "no slices"
}

stop_burning() {
	{
		kill -KILL "${burning[@]}"
		wait "${burning[@]}"
	} 2>/dev/null
	burning=()
}

# tell NAME TEXT
tell() {
	local numbers
	mapfile -t numbers < <(awk -v name="$1" '$1 == name { print $2 }' slices.out)
	row "$2" ns "${numbers[@]}"
}

by_depth() {
	local depth=$1 items
	burning=()
	burn without "$depth"
	items=("tables=$STARTED")
	burn with "$depth"
	items+=("pointers=$STARTED")
	# The kernel's own walk, which bpftrace uses, ends at 127.
	[ "$depth" -gt 127 ] || [ -z "${programs[bpftrace]:-}" ] || items+=("bpftrace=$STARTED")
	measure "${items[@]}"
	stop_burning
	tell tables "$depth calls, smolder, unwind tables"
	tell pointers "$depth calls, smolder, frame pointers"
	[ "${#items[@]}" -lt 3 ] || tell bpftrace "$depth calls, bpftrace, frame pointers"
}

ideas() {
	local without_pid with_pid
	burning=()
	burn without 40
	without_pid=$STARTED
	burn with 40
	with_pid=$STARTED
	measure "tables=$without_pid" "no_window=$without_pid" "no_memory=$without_pid" \
		"no_pages=$without_pid" "pointers=$with_pid" "no_window_pointers=$with_pid"
	stop_burning
	tell tables "tables: all ideas"
	tell no_window "tables: each frame read by itself"
	tell no_memory "tables: no memory of addresses"
	tell no_pages "tables: nor a page index (20 steps)"
	tell pointers "pointers: all ideas"
	tell no_window_pointers "pointers: each frame read by itself"
}

# A process that maps and unmaps memory all the time: each mapping its stack comes through is looked up.
changing() {
	burning=()
	burn without 40 0 change
	measure "tables=$STARTED"
	stop_burning
	tell tables "a process whose mappings keep changing"
}

# Equal processes: forked ones share a mapping set, and so what is remembered of it; others do not.
sharing() {
	local forked others
	burning=()
	burn without 40 "$((WORKERS - 1))"
	sleep 0.5
	mapfile -t forked < <(pgrep -P "$STARTED")
	burning+=("${forked[@]}")
	forked+=("$STARTED")
	measure "tables=$(IFS=,; printf '%s' "${forked[*]}")"
	tell tables "$WORKERS processes of one mapping set"
	stop_burning
	for _ in $(seq "$WORKERS"); do
		burn without 40
	done
	others=("${burning[@]}")
	measure "tables=$(IFS=,; printf '%s' "${others[*]}")"
	tell tables "$WORKERS processes of as many"
	stop_burning
}

smolder_loads tables "$SMOLDER"
smolder_loads pointers "$SMOLDER" --call-graph fp
if command -v bpftrace >/dev/null; then
	loads bpftrace bpftrace -e \
		'profile:hz:1 { @[ustack(perf, 127), kstack(perf, 127), comm] = count(); }'
fi
for depth in 5 20 40 100 300; do
	by_depth "$depth"
done
if [ -x "$VARIANTS/no_window/smolder" ]; then
	smolder_loads no_window "$VARIANTS/no_window/smolder"
	smolder_loads no_memory "$VARIANTS/no_memory/smolder"
	smolder_loads no_pages "$VARIANTS/no_pages/smolder"
	smolder_loads no_window_pointers "$VARIANTS/no_window/smolder" --call-graph fp
	ideas
fi
changing
sharing
"$SMOLDER" doctor | grep 'instructions verified'
