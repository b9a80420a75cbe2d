#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `smolder bench`: each section measures this program and says of its peers what there is to say. What the
# numbers are is not judged here.
. "$(dirname "$0")/../lib/livelib.sh"

# bench SECTION: into out.json; its exit status in $STATUS.
bench() {
	rm -f out.json
	STATUS=0
	"$SMOLDER" bench --only "$1" --rounds 1 --json out.json >bench.out 2>bench.err || STATUS=$?
	is "$1: succeeds" "$STATUS" 0 || cat bench.err
}

# rows WHO: how many rows of out.json have a number of that one.
rows() {
	python3 -S -c '
import json, sys
sections = json.load(open("out.json"))["sections"]
assert len(sections) == 1
print(sum(row["who"] == sys.argv[1] and row["count"] > 0 for row in sections[0]["rows"]))' "$1"
}

bench accuracy
is "accuracy: of smolder" "$(rows smolder)" 1
matches "accuracy: as a table" "$(cat bench.out)" '| smolder | [0-9.]+ points |'

bench cost
is "cost: of smolder at five depths" "$(rows smolder)" 5
is "cost: by frame pointers at four" "$(rows 'smolder --call-graph fp')" 4

"$SMOLDER" bench --only slowdown >bench.out 2>bench.err &
bench=$!
for ((tries = 0; tries < 300; tries++)); do
	children=$(cat "/proc/$bench/task/$bench/children")
	[ "$(wc -w <<<"$children")" -ge 3 ] && break
	sleep 0.1
done
between "interrupted: it had begun, with so many processes" "$(wc -w <<<"$children")" 3 100
kill -TERM "$bench"
wait "$bench"
is "interrupted: exit status" $? 1
is "interrupted: it says so" "$(cat bench.err)" "smolder: bench: interrupted"
is "interrupted: none of what it started is left" "$(for pid in $children; do ls -d "/proc/$pid"; done 2>/dev/null)" ""
is "nothing is left behind" "$(find /tmp -maxdepth 1 -name 'smolder-bench-*' -newer bench.out)" ""
