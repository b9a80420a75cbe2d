#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# --call-graph fp: stacks of programs with frame pointers are whole and right, as deep as was asked for,
# in 64-bit and in 32-bit code.
. "$(dirname "$0")/../lib/livelib.sh"

pointers() {
	record --call-graph fp -F 997 -o out.folded --ledger ledger.json "$@"
	is "$name: the recording succeeds" "$STATUS" 0
	closes "$name: the ledger closes" ledger.json
}

# wrong LEAF REGEX: stacks with that frame that do not begin so. Inlined frames do not matter.
wrong() {
	grep -E ";$1[; ]" out.folded | sed -E 's/;[^;]*_\[i\]//g' | grep -vE "^$2[; ]" |
		cut -c 1-300 | head -n 5
}

samples_in() {
	grep -E ";$1[; ]" out.folded | awk '{ sum += $NF } END { print sum + 0 }'
}

# One call may be missing: the frame pointer is not yet, or no longer, that of a function which begins
# or ends.
test_whole() {
	local name="14 calls"
	pointers -- "$LIVE/stacks16k" 2
	between "$name: samples" "$(samples_in stacks_leaf)" 40 100000
	is "$name: whole and right" \
		"$(wrong stacks_leaf 'stacks16k;[^;]*;main(;go_(left|right)){13,14};stacks_leaf')" ""
}

test_depth() {
	local name="more frames than asked for"
	pointers --max-frames 200 -- "$LIVE/deep" 1
	between "$name: samples" "$(samples_in deep_leaf)" 40 100000
	is "$name: cut there, and told" \
		"$(wrong deep_leaf 'deep;\[incomplete: depth limit\](;deep_step){198,199};deep_leaf')" ""
}

test_32_bit() {
	local name="32-bit code"
	if ! [ -x "$LIVE/chain32" ] || ! { "$LIVE/chain32" & sleep 0.1; kill $!; } 2>/dev/null; then
		skip "$name: this machine makes or runs none"
		return
	fi
	start "$LIVE/chain32"
	pointers -d 1 -p "$STARTED"
	between "$name: samples" "$(samples_in leaf32)" 40 100000
	is "$name: whole and right" "$(wrong leaf32 'chain32;_start;outer32;inner32;leaf32')" ""
	stop
}

test_whole
test_depth
test_32_bit
