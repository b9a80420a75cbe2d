#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What the kernel walks by our tables is what libdw or libunwind make of the registers and the stack of
# the very same interrupt: at least 99.9 % of all frames.
. "$(dirname "$0")/../lib/livelib.sh"

oracle=$BUILD/tests/oracle/same_sample
[ -x "$oracle" ] || skip_all "the same-sample oracle was not built: it needs libunwind on x86_64"

# sum SIDE NAME FIELD: "kernel either: frames 99 of 100 = 99.0000 %, stacks …"; copies are walked in user space.
sum() {
	awk -v side="$1" -v name="$2" -v field="$3" '$1 == side && $2 == name ":" { print $field }' report
}

# agrees NAME LEAST COMMAND…: so many frames at least are judged, and agree.
agrees() {
	local name=$1 least=$2 frames
	shift 2
	ok "$name: the oracle runs" "$oracle" -F 499 -d 3s -- "$@"
	cp .ok report
	frames=$(sum kernel either 6)
	between "$name: there are frames to judge by" "${frames:-0}" "$least" 100000000
	between "$name: percent of frames that libdw or libunwind agrees with" \
		"$(sum kernel either 8)" 99.9 100
	between "$name: percent of stacks that are complete" \
		"$(sed -n 's/^kernel: .*; complete \([0-9.]*\) %$/\1/p' report)" 99 100
	sed 's/^/# /' report
}

agrees "plain C" 500 "$LIVE/walk_gcc_pie" 3
agrees "300 frames of recursion" 10000 "$LIVE/walk_deep" 3
agrees "signal handlers on a stack of their own" 300 "$LIVE/walk_signal" 3
[ ! -x "$LIVE/walk_exceptions" ] || agrees "C++ exceptions" 500 "$LIVE/walk_exceptions" 3
agrees "libraries in each other's place" 200 "$LIVE/walk_dlopen" 3 "$LIVE"/libwalk_plugin_{1,2}.so
between "libraries in each other's place: frames of copies" "$(sum copies either 6)" 200 100000000
between "libraries in each other's place: percent of them that libdw or libunwind agrees with" \
	"$(sum copies either 8)" 99.9 100
# shellcheck disable=SC2154 # python is from livelib.sh
agrees "python3" 1000 "$python" -S -c '
import json, re
while True:
    text = json.dumps({str(k): [k] * 5 for k in range(200)})
    sorted(json.loads(text), key=lambda key: re.sub("[1-3]", "x", key))'
