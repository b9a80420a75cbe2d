#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What agents cost on a host kept busy by eight threads and a compile loop, and with STORM=1 by a hundred
# processes a second besides: CPU time of all their processes and of their BPF programs as the kernel
# measures it, as a share of all CPUs' time; resident memory over time; what became of every tick.
# Agents of all RATES run side by side, from the same start, each with a store of its own.
#
#	MINUTES=30 RATES="19 99" STORM=0 bench/agent.sh
. "$(dirname "$0")/benchlib.sh"

MINUTES=${MINUTES:-30}
RATES=${RATES:-"19 99"}
STORM=${STORM:-0}
EVERY=${EVERY:-10} # seconds from one look to the next
declare -A agent_of

compile_loop() {
	while :; do
		cc -O2 -I"$TOP" -I"$TOP/build" -D_GNU_SOURCE -c "$TOP/formats/profile.c" -o compiled.o
	done
}

storm_of() {
	python -c '
import os, sys, time
rate, due, parent = float(sys.argv[1]), time.monotonic(), os.getppid()
while os.getppid() == parent: # which is killed at the end
    os.waitpid(os.posix_spawn("/bin/true", ["true"], os.environ), 0)
    due = max(due + 1 / rate, time.monotonic() - 1)
    time.sleep(max(0, due - time.monotonic()))' "$1"
}

# family PID: it and those it started
family() {
	echo "$1"
	cat "/proc/$1/task"/*/children 2>/dev/null | tr ' ' '\n' | grep .
}

# cpu_ms PID: of all its processes, ended ones included
cpu_ms() {
	family "$1" | while read -r pid; do
		cat "/proc/$pid/stat" 2>/dev/null
	done | sed 's/.*) //' | awk '{ ticks += $12 + $13 + $14 + $15 } END { print ticks * 10 }'
}

# rss_mb PID: resident memory of all its processes
rss_mb() {
	family "$1" | while read -r pid; do
		grep VmRSS "/proc/$pid/status" 2>/dev/null
	done | awk '{ kb += $2 } END { print kb / 1024 }'
}

# bpf_ms PID: run time of the programs it holds
bpf_ms() {
	local ids
	ids=$(cat "/proc/$1/fdinfo"/* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -u | paste -sd ' ')
	# shellcheck disable=SC2086 # several ids
	bpftool -j prog show | python -c '
import json, sys
ids = set(map(int, sys.argv[1:]))
print(sum(program.get("run_time_ns", 0) for program in json.load(sys.stdin) if program["id"] in ids) / 1e6)' ${ids:-0}
}

look() {
	local rate pid
	for rate in $RATES; do
		pid=${agent_of[$rate]}
		printf '%s %s %s %s\n' "$SECONDS" "$(cpu_ms "$pid")" "$(bpf_ms "$pid")" \
			"$(rss_mb "$pid")" >>"looks.$rate"
	done
}

start_agent() {
	"$SMOLDER" agent --store "store.$1" -F "$1" --max-cpu 0 --max-memory 0 --window 60s \
		--kill-switch "$SCRATCH/stop" -v >"agent.$1" 2>&1 </dev/null &
	agent_of[$1]=$!
	started+=("$!")
}

# The store's own word, all windows together.
tell_ledger() {
	"$SMOLDER" convert "store.$1" -o "all.$1.json" 2>convert.err || fail "$(cat convert.err)"
	python - "all.$1.json" <<'END'
import json, sys
ledger = json.load(open(sys.argv[1]))["ledger"]
samples = ledger["samples"]
lost = sum(samples["lost"].values())
rest = samples["expected"] - lost - sum(
    samples[name] for name in ("recorded", "idle", "filtered", "skipped", "offline"))
print(f"ledger: due {samples['expected']}, recorded {samples['recorded']}, idle {samples['idle']}, "
      f"skipped {samples['skipped']}, lost {lost}, unaccounted {rest}; maps "
      f"{ledger['self']['map_bytes'] / 2**20:.1f} MB")
END
}

tell() {
	local rate=$1
	printf '\n%s Hz%s\n' "$rate" "$([ "$STORM" = 0 ] || echo ", with 100 processes a second")"
	awk -v cpus="$(nproc)" -v minutes="$MINUTES" '
		NR == 1 { t0 = $1; c0 = $2; b0 = $3 }
		{ t = $1; c = $2; b = $3; if ($4 > most) most = $4; rss[NR] = $4; at[NR] = $1 }
		END {
			all = (t - t0) * 1000 * cpus
			printf "  CPU, of all CPUs: processes %.4f %%, BPF %.4f %%, together %.4f %%\n",
				100 * (c - c0) / all, 100 * (b - b0) / all, 100 * (c - c0 + b - b0) / all
			least = most
			high = 0
			for (i = 1; i <= NR; i++)
				if (at[i] - t0 >= (t - t0) * 2 / 3) {
					if (rss[i] < least) least = rss[i]
					if (rss[i] > high) high = rss[i]
				}
			printf "  memory: at most %.1f MB; last third %.1f to %.1f MB\n", most, least, high
		}' "looks.$rate"
	printf '  '
	tell_ledger "$rate"
	awk '/window of/ { windows++ } /lost|dropped/ && !/0 lost/ { bad++ }
		END { printf "  windows: %d written, %d with a loss\n", windows, bad }' "agent.$rate"
	printf '  store: %s bytes\n' "$(du -sb "store.$rate" | cut -f 1)"
}

start "$LIVE/threads8" $((MINUTES * 60 + 120))
start compile_loop
[ "$STORM" = 0 ] || start storm_of 100
measure_programs
for rate in $RATES; do
	start_agent "$rate"
done
for ((tries = 0; tries < 300; tries++)); do
	[ "$(cat agent.* | grep -c 'sampling at')" = "$(wc -w <<<"$RATES")" ] && break
	sleep 0.1
done
for ((SECONDS = 0; SECONDS < MINUTES * 60; )); do
	look
	sleep "$EVERY"
done
look
for rate in $RATES; do
	kill -TERM "${agent_of[$rate]}"
	wait "${agent_of[$rate]}" || echo "the agent at $rate Hz failed: $(tail -n 1 "agent.$rate")"
done
for rate in $RATES; do
	tell "$rate"
done
[ -z "${KEEP:-}" ] || cp -r "$SCRATCH" "$KEEP"
