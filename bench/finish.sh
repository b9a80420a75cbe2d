#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# From the end of a whole-host recording of 30 s at 99 Hz to the files on disk: wall time, CPU and
# memory, beside what `perf script` takes to turn its recording of the same load into text.
#
# "beyond 30 s" is taken from outside: all of smolder's wall time less the 30 s asked for, so the time
# it takes to begin is in it; "finishing" is what smolder -v says.
. "$(dirname "$0")/benchlib.sh"

SECONDS_EACH=${SECONDS_EACH:-30}
load

for ((run = 0; run < RUNS; run++)); do
	# perf records beside it, so that both see the same.
	if command -v perf >/dev/null; then
		perf record -q -a -F 99 -e cpu-clock -g -B -o perf.data -- \
			sleep "$SECONDS_EACH" >perf.log 2>&1 &
		perf_pid=$!
	fi
	measured smolder "$SMOLDER" record -v -F 99 -d "$SECONDS_EACH" -o out.folded.zst -o out.pb.gz \
		-o out.html --ledger ledger.json >summary 2>messages || fail "$(cat messages)"
	sed -n 's/.*finishing took \([0-9]*\) ms.*/\1/p' messages >>finishing
	command -v perf >/dev/null || continue
	wait "$perf_pid" || echo "perf record: $(tail -n 1 perf.log)"
	# perf 6.1 does not survive every file's build-id; a run it does not survive is not counted.
	measured perf_once sh -c 'exec perf script -i perf.data >perf.txt 2>perf.err' ||
		: >perf_once
	[ -s perf_once ] || echo "perf script: $(tail -n 1 perf.err)"
	cat perf_once >>perf
	rm perf_once
done

mapfile -t beyond < <(awk -v less="$SECONDS_EACH" '{ print $1 - 1000 * less }' smolder)
mapfile -t told <finishing
mapfile -t cpu < <(column 2 smolder)
mapfile -t rss < <(column 3 smolder)
grep ' ticks due' messages
row "smolder: finishing, wall" ms "${told[@]}"
row "smolder: beyond ${SECONDS_EACH} s, wall" ms "${beyond[@]}"
row "smolder: CPU, recording and all" ms "${cpu[@]}"
row "smolder: peak memory" MB "${rss[@]}"
if [ -s perf ]; then
	mapfile -t wall < <(column 1 perf)
	mapfile -t cpu < <(column 2 perf)
	mapfile -t rss < <(column 3 perf)
	row "perf script: wall" ms "${wall[@]}"
	row "perf script: CPU" ms "${cpu[@]}"
	row "perf script: peak memory" MB "${rss[@]}"
else
	echo "perf: not here"
fi
stat -c '%n: %s bytes' out.* perf.data perf.txt 2>/dev/null
