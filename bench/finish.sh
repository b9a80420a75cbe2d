#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# From the end of a whole-host recording of 30 s at 99 Hz to the files on disk: wall time, CPU and
# memory, beside what `perf script` takes to turn its recording of the same load into text. The load is
# mixed: python, node, gcc, programs of a few milliseconds, and a container-like one with namespaces
# and a root directory of its own.
#
# The first run finds an empty cache of symbols, the others what it left. "beyond 30 s" is taken from
# outside: all of smolder's wall time less the 30 s asked for, so the time it takes to begin is in it;
# "finishing" is what smolder -v says. Memory is that of the collector and its workers together.
. "$(dirname "$0")/benchlib.sh"

SECONDS_EACH=${SECONDS_EACH:-30}
export XDG_CACHE_HOME=$SCRATCH/cache
mkdir -p "$XDG_CACHE_HOME"

compile() {
	while :; do
		gcc -O2 -g -I"$TOP" -D_GNU_SOURCE -c "$TOP/base/parse.c" -o /dev/null
	done
}

# Its own mount, pid and network namespaces, and nothing in its root but itself.
contained() {
	mkdir -p root/bin && cp "$LIVE/burn_static" root/bin/program
	exec unshare --mount --pid --net --fork --kill-child chroot root /bin/program 3600
}

load
start python -c 'import json
while True: json.loads(json.dumps({str(i): list(range(i)) for i in range(99)}))'
command -v node >/dev/null &&
	start node -e 'for (;;) JSON.parse(JSON.stringify(Array.from({length: 999}, (_, i) => ({i}))))'
command -v gcc >/dev/null && start compile
start contained
sleep 2

for ((run = 0; run < RUNS; run++)); do
	# perf records beside it, so that both see the same.
	if command -v perf >/dev/null; then
		perf record -q -a -F 99 -e cpu-clock -g -B -o perf.data -- \
			sleep "$SECONDS_EACH" >perf.log 2>&1 &
		perf_pid=$!
	fi
	FAMILY=1 measured smolder "$SMOLDER" record -v -F 99 -d "$SECONDS_EACH" -o out.folded.zst \
		-o out.pb.gz -o out.html --ledger ledger.json >summary 2>messages ||
		fail "$(cat messages)"
	sed -n 's/.*finishing took \([0-9]*\) ms.*/\1/p' messages >>finishing
	command -v perf >/dev/null || continue
	wait "$perf_pid" || echo "perf record: $(tail -n 1 perf.log)"
	# perf 6.1 does not survive every file's build-id; a run it does not survive is not counted.
	measured perf_once sh -c 'exec perf script --inline -i perf.data >perf.txt 2>perf.err' ||
		: >perf_once
	[ -s perf_once ] || echo "perf script: $(tail -n 1 perf.err)"
	cat perf_once >>perf
	rm perf_once
done

# warm FILE: the numbers of the runs after the first.
warm() {
	tail -n +2 "$1"
}

awk -v less="$SECONDS_EACH" '{ print $1 - 1000 * less }' smolder >beyond
mapfile -t cpu < <(column 2 smolder)
mapfile -t memory < <(column 4 smolder)
grep ' ticks due' messages
row "smolder: finishing, empty cache, wall" ms "$(head -n 1 finishing)"
mapfile -t told < <(warm finishing)
row "smolder: finishing, wall" ms "${told[@]}"
mapfile -t beyond < <(warm beyond)
row "smolder: beyond ${SECONDS_EACH} s, wall" ms "${beyond[@]}"
row "smolder: CPU, recording and all" ms "${cpu[@]}"
row "smolder: peak memory, with its workers" MB "${memory[@]}"
if [ -s perf ]; then
	mapfile -t wall < <(column 1 perf)
	mapfile -t cpu < <(column 2 perf)
	mapfile -t rss < <(column 3 perf)
	row "perf script --inline: wall" ms "${wall[@]}"
	row "perf script --inline: CPU" ms "${cpu[@]}"
	row "perf script --inline: peak memory" MB "${rss[@]}"
else
	echo "perf: not here, or it did not survive"
fi
stat -c '%n: %s bytes' out.* perf.data perf.txt 2>/dev/null
