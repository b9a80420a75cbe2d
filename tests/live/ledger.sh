#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The ledger closes, and next to nothing is lost, on a host kept busy by a storm of short processes,
# by system calls and by a program with 2^14 distinct stacks.
. "$(dirname "$0")/../lib/livelib.sh"

paths=16384
start "$LIVE/storm" 600 "$LIVE/tiny"
start "$LIVE/syscalls" 600
start nice -n -15 "$LIVE/stacks16k" 600 # it gets its share of CPU on a host that has more to do
stacks_pid=$STARTED

# CPU time in ms
stacks_time() {
	awk '{ print int($1 / 1000000) }' "/proc/$stacks_pid/schedstat"
}

# distinct_paths RATE MS: as many as a uniform visit predicts for so many samples, and these as many as the time
# on a CPU predicts, of which some passed before sampling began and after it ended.
distinct_paths() {
	local samples distinct predicted
	read -r samples distinct < <(folded paths "at$1.folded" stacks_leaf)
	between "$1 Hz: samples in $2 ms of CPU" "$samples" $(($1 * $2 / 4000)) $(($1 * $2 * 11 / 10000))
	predicted=$(folded uniform "$samples" "$paths")
	between "$1 Hz: distinct call paths of $samples samples, near $predicted" "$distinct" \
		$((predicted * 97 / 100)) $(((predicted * 103 + 99) / 100))
}

for rate in 99 997; do
	time_before=$(stacks_time)
	record -F "$rate" -d 10 -o "at$rate.folded" --ledger "at$rate.json"
	is "$rate Hz: the recording succeeds" "$STATUS" 0
	closes "$rate Hz: the ledger closes" "at$rate.json"
	is "$rate Hz: folded text holds what was recorded" "$(folded sum "at$rate.folded")" \
		"$(ledger get "at$rate.json" samples.recorded)"
	between "$rate Hz: ticks the kernel skipped, in a thousand" \
		"$(ledger permille "at$rate.json" skipped)" 0 20
	distinct_paths "$rate" $(($(stacks_time) - time_before))
done
is "99 Hz: nothing is lost" "$(ledger lost at99.json)" ""
between "997 Hz: lost ticks in a thousand" "$(ledger permille at997.json lost)" 0 1
