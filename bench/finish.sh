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
#
# At last the same, with and without files that are made to hold up whoever parses them, mapped and run by a
# process: what they cost the end of a recording of HOSTILE_SECONDS with an empty cache.
. "$(dirname "$0")/benchlib.sh"

SECONDS_EACH=${SECONDS_EACH:-30}
HOSTILE_SECONDS=${HOSTILE_SECONDS:-10}
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

# record_host SECONDS FILE: the wall time of its end, as it says itself, is added to FILE.
record_host() {
	FAMILY=1 measured smolder "$SMOLDER" record -v -F 99 -d "$1" -o out.folded.zst \
		-o out.pb.gz -o out.html --ledger ledger.json >summary 2>messages ||
		fail "$(cat messages)"
	sed -n 's/.*finishing took \([0-9]*\) ms.*/\1/p' messages >>"$2"
}

# perf_script FILE OPTION: what it takes is added to FILE, if perf survives it; else why not is told, once.
perf_script() {
	: >perf_once
	measured perf_once sh -c "exec perf script $2 -i perf.data >perf.txt 2>perf.err"
	if [ -s perf.txt ] && ! grep -q 'terminated' perf.err; then
		cat perf_once >>"$1"
	elif ! [ -e "$1.failed" ]; then
		echo "perf script $2: $(tail -n 1 perf.err)" | tee "$1.failed"
	fi
}

for ((run = 0; run < RUNS; run++)); do
	# perf records beside it, so that both see the same.
	if command -v perf >/dev/null; then
		perf record -q -a -F 99 -e cpu-clock -g -B -o perf.data -- \
			sleep "$SECONDS_EACH" >perf.log 2>&1 &
		perf_pid=$!
	fi
	record_host "$SECONDS_EACH" finishing
	command -v perf >/dev/null || continue
	wait "$perf_pid" || echo "perf record: $(tail -n 1 perf.log)"
	perf_script inline --inline
	perf_script plain --no-inline
done

# warm FILE: the numbers of the runs after the first.
warm() {
	tail -n +2 "$1"
}

# perf_rows NAME TEXT: what it took, if it was measured.
perf_rows() {
	[ -s "$1" ] || return 0
	local wall cpu rss
	mapfile -t wall < <(column 1 "$1")
	mapfile -t cpu < <(column 2 "$1")
	mapfile -t rss < <(column 3 "$1")
	row "$2: wall" ms "${wall[@]}"
	row "$2: CPU" ms "${cpu[@]}"
	row "$2: peak memory" MB "${rss[@]}"
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
perf_rows inline "perf script --inline"
perf_rows plain "perf script --no-inline"
stat -c '%n: %s bytes' out.* perf.data perf.txt 2>/dev/null

# ---- hostile files ----

# finish_cold FILE: RUNS recordings, each with an empty cache.
finish_cold() {
	for ((run = 0; run < RUNS; run++)); do
		rm -rf "$XDG_CACHE_HOME/smolder"
		record_host "$HOSTILE_SECONDS" "$1"
	done
}

python "$TOP/tests/tools/hostile.py" hostile "$LIVE/burn_pie"
finish_cold without
start "$LIVE/run_hostile" 3600 hostile/*
sleep 1
finish_cold with
mapfile -t told <without
row "smolder: finishing, empty cache, wall" ms "${told[@]}"
mapfile -t told <with
row "the same with $(find hostile -type f | wc -l) hostile files" ms "${told[@]}"
python -c 'import json
ledger = json.load(open("ledger.json"))
print("of the last one: workers that failed: %s; frames without names for it: %d" % (
    ledger["sandbox"]["failed"], ledger["frames"]["unnamed"].get("worker failed", 0)))'
