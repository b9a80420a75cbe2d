#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# How far the reported shares of a program that spends 40, 30, 20 and 10 percent of its time in four
# functions are off, in points, at 499 Hz; beside perf, which records the same seconds.
. "$(dirname "$0")/benchlib.sh"

SECONDS_EACH=${SECONDS_EACH:-10}
functions=(share_40 share_30 share_20 share_10)
start "$LIVE/shares" 3600
pid=$STARTED
start "$LIVE/storm" 3600 "$LIVE/tiny"

# worst: of lines "FUNCTION PERCENT", the largest distance from what the name says.
worst() {
	awk '{
		off = $2 - substr($1, 7)
		off = off < 0 ? -off : off
		worst = off > worst ? off : worst
	}
	END { if (NR) printf "%.2f\n", worst }'
}

perf_shares() {
	perf script -i perf.data -F ip,sym 2>/dev/null | awk '
		/share_[0-9]+/ && !seen { match($0, /share_[0-9]+/); of[substr($0, RSTART, RLENGTH)]++
			sum++; seen = 1 }
		/^$/ { seen = 0 }
		END { for (f in of) printf "%s %.2f\n", f, 100 * of[f] / sum }'
}

for ((run = 0; run < RUNS; run++)); do
	if command -v perf >/dev/null; then
		perf record -q -p "$pid" -F 499 -e cpu-clock -g -o perf.data -- sleep "$SECONDS_EACH" \
			>/dev/null 2>&1 &
		perf_pid=$!
	fi
	"$SMOLDER" record -q -p "$pid" -F 499 -d "$SECONDS_EACH" -o out.folded || fail "smolder"
	python "$TOP/tests/tools/folded.py" share out.folded "${functions[@]}" | worst >>smolder
	command -v perf >/dev/null || continue
	wait "$perf_pid"
	perf_shares | worst >>perf
done
mapfile -t ours <smolder
row "smolder: worst share off by" points "${ours[@]}"
if [ -s perf ]; then
	mapfile -t theirs <perf
	row "perf: worst share off by" points "${theirs[@]}"
else
	echo "perf: not here"
fi
