#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An agent that may cost MAX_CPU and is asked for RATE samples a second, beside one without a bound at
# REFERENCE: each window's rate and cost, from which window on it keeps to its bound, and whether the CPU time
# of each program is what the other agent says. The load is steady: two programs that never sleep.
#
#	WINDOWS=8 WINDOW=60 RATE=999 MAX_CPU=0.1% REFERENCE=99 bench/governor.sh
. "$(dirname "$0")/benchlib.sh"

WINDOWS=${WINDOWS:-8}
WINDOW=${WINDOW:-60} # seconds
RATE=${RATE:-999}
MAX_CPU=${MAX_CPU:-0.1%}
REFERENCE=${REFERENCE:-99}

# agent NAME ARGS…: in the background; its messages go to NAME.log, its store is NAME.
agent() {
	local name=$1
	shift
	"$SMOLDER" agent --store "$name" --window "${WINDOW}s" --kill-switch "$SCRATCH/stop" -v "$@" \
		>"$name.log" 2>&1 </dev/null &
	started+=("$!")
	agents+=("$!")
}

tell_windows() {
	awk -v bound="${MAX_CPU%\%}" '
		/window of/ {
			cost = $0
			sub(/.*samples, /, "", cost)
			sub(/ %.*/, "", cost)
			printf "window %2d: %s\n", ++n, substr($0, index($0, "window of"))
			if (cost > bound)
				last = n
		}
		END {
			if (last == n)
				print "it did not come to keep to its bound"
			else
				printf "from window %d on it costs less than %s %%\n", last + 1, bound
		}' throttled.log
}

# CPU time by program; both have seen the same time but for some seconds at the ends.
compare() {
	for name in reference throttled; do
		"$SMOLDER" convert "$name" -o "$name.json" 2>convert.err || fail "$(cat convert.err)"
	done
	python - reference.json throttled.json <<'END'
import collections, json, sys

def seconds(path):
    with open(path) as file:
        report = json.load(file)
    at = [value["type"] for value in report["value_types"]].index("cpu")
    names = [{label["key"]: label["value"] for label in labels}.get("comm", "none") for labels in report["label_sets"]]
    times = collections.Counter()
    for sample in report["samples"]:
        times[names[sample["labels"]]] += sample["values"][at] / 1e9
    return times, report["ledger"]["duration_ns"] / 1e9

reference, reference_time = seconds(sys.argv[1])
throttled, throttled_time = seconds(sys.argv[2])
print(f"CPU seconds in a second, by program: reference ({reference_time:.0f} s), throttled ({throttled_time:.0f} s)")
def tell(name, a, b):
    a, b = a / reference_time, b / throttled_time
    print(f"  {name:16} {a:8.4f} {b:8.4f}  {100 * (b / a - 1):+.2f} %")
for name in [name for name, _ in reference.most_common(4)]:
    tell(name, reference[name], throttled[name])
tell("all", sum(reference.values()), sum(throttled.values()))
END
}

agents=()
start "$LIVE/shares" 36000
start "$LIVE/syscalls" 36000
agent reference -F "$REFERENCE" --max-cpu 0 --max-memory 0
agent throttled -F "$RATE" --max-cpu "$MAX_CPU"
sleep $((WINDOWS * WINDOW + 2))
for pid in "${agents[@]}"; do
	kill -TERM "$pid"
	wait "$pid" || fail "an agent failed: $(tail -n 1 ./*.log)"
done
echo "asked for $RATE Hz, allowed $MAX_CPU of $(nproc) CPUs"
tell_windows
grep -c 'now at' throttled.log | sed 's/$/ changes of the rate/'
compare
