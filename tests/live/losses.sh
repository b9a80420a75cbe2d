#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Losses forced one by one: each is named in the ledger, which closes all the same. And one that must
# not be: samples between two windows, however often the maps are swapped.
. "$(dirname "$0")/../lib/livelib.sh"

paths=16384
start "$LIVE/stacks16k" 100
stacks_pid=$STARTED
start "$LIVE/syscalls" 100

# forced NAME ARGS…: a recording into NAME.folded and NAME.json that closes.
forced() {
	local name=$1
	shift
	record -o "$name.folded" --ledger "$name.json" "$@"
	is "$name: the recording succeeds" "$STATUS" 0
	closes "$name: the ledger closes" "$name.json"
	is "$name: folded text holds what was recorded" \
		"$(folded sum "$name.folded" || echo nothing)" \
		"$(ledger get "$name.json" samples.recorded)"
}

# reasons NAME: what was lost, without the numbers.
reasons() {
	ledger lost "$1.json" | sed 's/ [0-9]*$//' | paste -sd ,
}

uniform() {
	local samples distinct predicted
	read -r samples distinct < <(folded paths "$1.folded" stacks_leaf)
	predicted=$(folded uniform "$samples" "$paths")
	between "$1: distinct call paths of $samples samples, near $predicted" "$distinct" \
		$((predicted * 97 / 100)) $(((predicted * 103 + 99) / 100))
}

# No stack is given to another process, nor is one made of two. One call may be missing: the frame
# pointer is not yet, or no longer, that of a function which begins or ends.
unmixed() {
	local wrong
	wrong=$(awk -F ';' '
		$1 == "syscalls" && /;(stacks_leaf|go_left|go_right)[; ]/
		$1 == "stacks16k" && /;(call_[a-z]*|between_calls)[; ]/
		$1 == "stacks16k" && /;stacks_leaf[; ]/ {
			calls = 0
			for (i = 2; i <= NF; i++)
				calls += $i ~ /^go_(left|right)$/
			if (calls < 13 || calls > 14)
				print calls " calls: " $0
		}' "$1.folded" | head -n 5)
	is "$1: each stack is its process's own, and whole" "$wrong" ""
}

test_stack_map() {
	forced "eight stack buckets" -F 997 -d 3 --map-size stacks=8
	is "eight stack buckets: nothing is lost" "$(reasons "eight stack buckets")" ""
	between "eight stack buckets: stacks are rescued" \
		"$(ledger get "eight stack buckets.json" stacks.rescued_collisions)" 100 100000
	uniform "eight stack buckets"
	unmixed "eight stack buckets"
}

test_count_map() {
	forced "sixteen counts" -F 997 -d 3 --map-size counts=16
	is "sixteen counts: the loss is named" "$(reasons "sixteen counts")" "count map full"
	between "sixteen counts: and counted" "$(ledger get "sixteen counts.json" samples.lost)" \
		500 100000
	matches "sixteen counts: and told" "$(cat record.err)" 'count map full'
}

test_ring() {
	forced "a ring of one page" -F 4999 -d 3 --map-size stacks=8 --map-size ring=4K
	is "a ring of one page: the loss is named" "$(reasons "a ring of one page")" "sample ring full"
	between "a ring of one page: and counted" \
		"$(ledger get "a ring of one page.json" samples.lost)" 500 1000000
	matches "a ring of one page: and told" "$(cat record.err)" 'sample ring full'
}

# In the middle of a recording of five seconds.
switch_cpu() {
	local state
	for state in "${@:2}"; do
		sleep 1.5
		echo "$state" >"$1"
	done
}

test_offline() {
	local switch=/sys/devices/system/cpu/cpu1/online switcher lock storm all
	# Two runs of this test at a time would switch each other's CPU.
	if [ -r "$switch" ]; then
		exec {lock}<"$switch"
		flock "$lock"
	fi
	if ! [ -w "$switch" ] || [ "$(cat "$switch")" != 1 ]; then
		skip "an offline CPU: there is no second CPU that can be switched off"
		return
	fi
	at_end "[ \"\$(cat $switch)\" = 1 ] || echo 1 >$switch"
	start "$LIVE/storm" 100 "$LIVE/tiny"
	storm=$STARTED
	switch_cpu "$switch" 0 1 &
	switcher=$!
	forced "an offline CPU" -F 499 -d 5
	kill "$storm"
	wait "$switcher"
	between "an offline CPU: its ticks are called so" \
		"$(ledger get "an offline CPU.json" samples.offline)" 600 1200
	# Of the ticks of two CPUs for as long as it took, which on a busy host is longer than asked for.
	all=$(($(ledger get "an offline CPU.json" duration_ns) * 2 * 499 / 1000000000))
	between "an offline CPU: it ticks again when it is back" \
		"$(ledger get "an offline CPU.json" samples.recorded)" $((all * 64 / 100)) $((all * 90 / 100))
	is "an offline CPU: nothing is lost" "$(reasons "an offline CPU")" ""
	between "an offline CPU: of processes that begin there when it is back, these are not known" \
		"$(awk '/^tiny;.*not loaded/ { sum += $NF } END { print sum + 0 }' \
			"an offline CPU.folded")" 0 50

	echo 0 >"$switch"
	switch_cpu "$switch" 1 &
	switcher=$!
	forced "a CPU that comes later" -F 499 -d 4
	wait "$switcher"
	exec {lock}<&-
	is "a CPU that comes later: nothing is lost" "$(reasons "a CPU that comes later")" ""
	between "a CPU that comes later: is recorded from then on" \
		"$(ledger get "a CPU that comes later.json" samples.recorded)" 2300 3900
}

test_swaps() {
	forced "a hundred swaps" -F 4999 -d 10 --window 100ms
	is "a hundred swaps: nothing is lost" "$(reasons "a hundred swaps")" ""
	between "a hundred swaps: ticks the kernel skipped, in a thousand" \
		"$(ledger permille "a hundred swaps.json" skipped)" 0 20
	uniform "a hundred swaps"
	unmixed "a hundred swaps"
}

# The same where every tick of the windows' edges is the target's: one process, one stack a tick.
test_swaps_of_one() {
	forced "swaps of one process" -p "$stacks_pid" -F 9973 -d 3 --window 100ms
	is "swaps of one process: nothing is lost" "$(reasons "swaps of one process")" ""
	uniform "swaps of one process"
	unmixed "swaps of one process"
}

test_stack_map
test_count_map
test_ring
test_offline
test_swaps
test_swaps_of_one
