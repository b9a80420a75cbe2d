# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For benches. Source it first:
#	. "$(dirname "$0")/benchlib.sh"
# It goes to a scratch directory, asks for root, says what machine this is, and gives:
#	TOP, SMOLDER, LIVE         the tree, the program, where the fixtures are
#	RUNS                       how often to measure; RUNS=9 bench/x.sh
#	start COMMAND…             in the background, its pid in $STARTED; ended at the end
#	python COMMAND…            the system's python3
#	load                       the load of all benches: short processes, system calls, 2^14 stacks
#	measured FILE COMMAND…     runs it; appends "WALL_MS CPU_MS RSS_MB" to FILE
#	row TEXT UNIT NUMBER…      prints N, median and spread of the numbers
#	column N FILE              the numbers of one column
#	set_sysctl NAME VALUE      until the end
#	measure_programs           from now on the kernel measures BPF programs
#	sample NAME COMMAND…       runs it for SECONDS_EACH; appends what its perf_event program took,
#	                           "NS_PER_RUN RUNS", to the file NAME
set -u

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
SMOLDER=$TOP/build/smolder
LIVE=$TOP/build/fixtures/live
RUNS=${RUNS:-5}
python_path=$(PATH=/usr/bin:$PATH command -v python3)
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/sbin:/sbin
STARTED=
started=()
restored=()

fail() {
	printf '%s: %s\n' "$(basename "$0")" "$1" >&2
	exit 1
}

bench_end() {
	local pid setting
	for pid in "${started[@]}"; do
		kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	for setting in "${restored[@]}"; do
		sysctl -qw "$setting"
	done
	cd / && rm -rf -- "$SCRATCH"
}

[ "$(id -u)" -eq 0 ] || fail "needs root"
if ! [ -x "$SMOLDER" ] || ! [ -x "$LIVE/shares" ]; then
	fail "run make bench, or make all fixtures first"
fi
SCRATCH=$(mktemp -d)
cd "$SCRATCH" || exit 1
trap bench_end EXIT
trap 'exit 130' INT TERM

# In a process group of its own, which is ended with all that is in it: functions have children.
start() {
	set -m
	"$@" >/dev/null 2>&1 </dev/null &
	set +m
	STARTED=$!
	started+=("$STARTED")
}

python() {
	"$python_path" -S "$@"
}

load() {
	start "$LIVE/storm" 3600 "$LIVE/tiny"
	start "$LIVE/syscalls" 3600
	start "$LIVE/stacks16k" 3600
	sleep 1
}

measured() {
	python "$TOP/bench/measure.py" "$@"
}

column() {
	awk -v n="$1" '{ print $n }' "$2"
}

row() {
	local text=$1 unit=$2
	shift 2
	printf '%s\n' "$@" | sort -g | awk -v text="$text" -v unit="$unit" '
		NF { values[++n] = $1 }
		END {
			if (!n) {
				printf "%-44s %10s\n", text, "no result"
				exit
			}
			median = n % 2 ? values[(n + 1) / 2] : (values[n / 2] + values[n / 2 + 1]) / 2
			printf "%-44s %10.1f %-5s  N %d, from %.1f to %.1f\n",
				text, median, unit, n, values[1], values[n]
		}'
}

set_sysctl() {
	restored=("$1=$(sysctl -n "$1")" "${restored[@]}")
	sysctl -qw "$1=$2" || fail "cannot set $1"
}

machine() {
	printf '%s\n' "$(basename "$0" .sh): $("$SMOLDER" --version), $(uname -srm)"
	printf '%s CPUs: %s; load when begun: %s\n' "$(nproc)" \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
		"$(cut -d ' ' -f 1-3 /proc/loadavg)"
}
machine

measure_programs() {
	bpftool=$(command -v bpftool) || fail "needs bpftool"
	set_sysctl kernel.bpf_stats_enabled 1
}

# ns_per_run FILE: of the perf_event programs loaded since the ids in `before`; the busiest one.
ns_per_run() {
	"$bpftool" prog show --json | python -c '
import json, sys
before = set(open("before").read().split())
programs = [p for p in json.load(sys.stdin) if p["type"] == "perf_event"
            and str(p["id"]) not in before and p.get("run_cnt", 0)]
if programs:
    busiest = max(programs, key=lambda p: p["run_cnt"])
    print("%.1f %d" % (busiest["run_time_ns"] / busiest["run_cnt"], busiest["run_cnt"]))' >>"$1"
}

remember_programs() {
	"$bpftool" prog show --json | python -c '
import json, sys
print("\n".join(str(p["id"]) for p in json.load(sys.stdin)))' >before
}

# sample NAME COMMAND…: its program's numbers shortly before it ends.
sample() {
	local name=$1 pid
	shift
	remember_programs
	"$@" >"$name.out" 2>"$name.err" &
	pid=$!
	sleep "$SECONDS_EACH"
	ns_per_run "$name"
	kill -INT "$pid"
	wait "$pid" || fail "$(cat "$name.err")"
}
