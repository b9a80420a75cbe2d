#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs libFuzzer targets one after the other, each for FUZZ_SECONDS of CPU time (not of the clock: a
# busy machine gives a target less of them), from the corpus in the tree. New inputs are collected
# under FUZZ_BUILD/corpus, crashes under FUZZ_BUILD/finds.
# Usage: FUZZ_BUILD=build/fuzz FUZZ_SECONDS=60 tests/fuzz/run.sh [NAME…]
set -u

# cpu_seconds PID: user and system time so far; nothing when it has ended.
ticks=$(getconf CLK_TCK)
cpu_seconds() {
	# The program's name, which may hold anything, ends in the last bracket.
	sed 's/.*) //' "/proc/$1/stat" 2>/dev/null |
		awk -v ticks="$ticks" '$1 != "Z" { print int(($12 + $13) / ticks) }'
}

# ends PID: SIGUSR1 asks libFuzzer to end in good order.
end_when_due() {
	local pid=$1 seconds
	while seconds=$(cpu_seconds "$pid") && [ -n "$seconds" ]; do
		[ "$seconds" -lt "$FUZZ_SECONDS" ] || kill -USR1 "$pid"
		sleep 1
	done
	wait "$pid"
}

failed=0
mkdir -p "$FUZZ_BUILD/finds"
for target in "$FUZZ_BUILD"/libfuzzer/fuzz_*; do
	name=${target##*/fuzz_}
	if [ "$#" -gt 0 ] && [[ " $* " != *" $name "* ]]; then
		continue
	fi
	mkdir -p "$FUZZ_BUILD/corpus/$name"
	echo "== $name, $FUZZ_SECONDS s of CPU time"
	"$target" -timeout=60 -rss_limit_mb=2048 -print_final_stats=1 \
		-verbosity=1 -artifact_prefix="$FUZZ_BUILD/finds/$name-" \
		"$FUZZ_BUILD/corpus/$name" "tests/fuzz/corpus/$name" \
		>"$FUZZ_BUILD/$name.log" 2>&1 &
	end_when_due $! || {
		failed=$((failed + 1))
		tail -n 40 "$FUZZ_BUILD/$name.log"
	}
	grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb)' "$FUZZ_BUILD/$name.log"
done
echo "$failed targets found something"
exit $((failed > 0))
