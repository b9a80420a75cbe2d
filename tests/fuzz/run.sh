#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs libFuzzer targets one after the other, FUZZ_SECONDS each, from the corpus in the tree. New
# inputs are collected under FUZZ_BUILD/corpus, crashes under FUZZ_BUILD/finds.
# Usage: FUZZ_BUILD=build/fuzz FUZZ_SECONDS=60 tests/fuzz/run.sh [NAME…]
set -u

failed=0
mkdir -p "$FUZZ_BUILD/finds"
for target in "$FUZZ_BUILD"/libfuzzer/fuzz_*; do
	name=${target##*/fuzz_}
	if [ "$#" -gt 0 ] && [[ " $* " != *" $name "* ]]; then
		continue
	fi
	mkdir -p "$FUZZ_BUILD/corpus/$name"
	echo "== $name, $FUZZ_SECONDS s"
	"$target" -max_total_time="$FUZZ_SECONDS" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
		-verbosity=1 -artifact_prefix="$FUZZ_BUILD/finds/$name-" \
		"$FUZZ_BUILD/corpus/$name" "tests/fuzz/corpus/$name" \
		>"$FUZZ_BUILD/$name.log" 2>&1 || {
		failed=$((failed + 1))
		tail -n 40 "$FUZZ_BUILD/$name.log"
	}
	grep -E '^stat::(number_of_executed_units|new_units_added|peak_rss_mb)' "$FUZZ_BUILD/$name.log"
done
echo "$failed targets found something"
exit $((failed > 0))
