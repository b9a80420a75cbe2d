#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# The agent: it writes windows whose ledgers close, does what signals and the kill switch say, keeps to its
# bounds, and has no more rights than it needs.
. "$(dirname "$0")/../lib/livelib.sh"
. "$TOP/tests/lib/agentlib.sh"

test_windows() {
	start "$LIVE/threads8" 60
	agent --window 3s
	wait_for "window of" 2
	kill -USR1 "$AGENT"
	wait_for "window of" 3
	end_agent "windows"
	is "windows: each is told of, the last one, too" "$(times_said "window of")" 4
	said "windows: SIGUSR1 cuts one short" "window of [012]\.. s"
	ok "windows: the store can be read" read_store
	closes "windows: the ledger closes" ledger.json 8
	between "windows: nothing is lost" "$(ledger get ledger.json samples.lost)" 0 0
	between "windows: what it cost is in it" "$(ledger get ledger.json self.cpu_ns)" 1 1e11
	stop
	rm -rf store
}

test_one_writer() {
	local status=0
	agent --window 10s
	timeout 10 "$SMOLDER" agent --store store >second.out 2>second.err || status=$?
	is "a second agent on one store: exit status" "$status" 1
	matches "a second agent on one store is told who is there" "$(cat second.err)" "store.*$AGENT|lock"
	end_agent "one writer"
	rm -rf store
}

test_kill_switch() {
	start "$LIVE/threads8" 60
	agent --window 60s -F 99
	touch stop
	wait_for "sampling stops"
	sleep 3
	rm stop
	wait_for "sampling goes on"
	sleep 1
	end_agent "kill switch"
	read_store
	closes "kill switch: the ledger closes" ledger.json 8
	between "kill switch: the ticks of that time are told" \
		"$(ledger get ledger.json 'samples.lost.paused by the kill switch')" 200 2000
	stop
	rm -rf store
}

test_reload() {
	printf 'frequency = 19\nwindow = 60s\n' >agent.conf
	agent --config agent.conf
	printf 'frequency = never\n' >agent.conf
	kill -HUP "$AGENT"
	wait_for "stays as it is"
	said "reload: a bad configuration is told" \
		"agent.conf:1: frequency 'never' is not a number"
	printf 'frequency = 49\nwindow = 2s\n' >agent.conf
	kill -HUP "$AGENT"
	wait_for "window of .* at 49 Hz"
	said "reload: a good one is in force" "window of 2\.. s at 49 Hz"
	printf 'frequency = 499\nwindow = 2s\nmax-size = 1G\nmax-cpu = 0\n' >agent.conf
	kill -HUP "$AGENT"
	wait_for "window of .* at 499 Hz"
	said "reload: a rate for which maps must be made anew" "window of 2\.. s at 499 Hz"
	end_agent "reload"
	read_store
	closes "reload: the ledger closes" ledger.json 32
	rm -rf store
}

# The profile's CPU time as thousandths of the time of all CPUs.
permille_of_time() {
	"$python" -S -c '
import json
report = json.load(open("all.json"))
total = [value["total"] for value in report["value_types"] if value["type"] == "cpu"][0]
ledger = report["ledger"]
print(round(1000 * total / ledger["duration_ns"] / ledger["cpus"]))'
}

# What it costs at 999 Hz is far beyond this bound, and CPUs are never idle. Of these seconds some are lost as the
# rate changes; samples that count for another rate than theirs would make them several times as many.
test_governor() {
	start "$LIVE/threads8" 60
	agent --window 2s -F 999 --max-cpu 0.1%
	wait_for "window of" 6
	end_agent "governor"
	said "governor: it lowers the rate, and says why" "now at [0-9]+ Hz: more CPU time"
	read_store
	closes "governor: the ledger closes" ledger.json 32
	matches "governor: a report of it says so" "$("$SMOLDER" report store 2>report.err)" "at several rates"
	between "governor: CPU time in a thousand of what there was" "$(permille_of_time)" 500 1050
	stop
	rm -rf store
}

# The least that can be asked for, and less than any agent takes.
test_memory() {
	start "$LIVE/threads8" 60
	agent --window 1s -F 1999 --max-memory 16M
	wait_for "now at [0-9]+ Hz"
	end_agent "memory"
	said "memory: it lowers the rate, and says why" "now at [0-9]+ Hz: more memory than max-memory allows"
	read_store
	closes "memory: the ledger closes" ledger.json 32
	stop
	rm -rf store
}

# capabilities SET: of the agent, in hex
capabilities() {
	awk -v name="$1:" '$1 == name { print $2 }' "/proc/$AGENT/status"
}

# CAP_SYS_NICE 23, CAP_SETGID 6, CAP_SETUID 7, CAP_SYS_PTRACE 19, CAP_DAC_READ_SEARCH 2, CAP_SYSLOG 34, CAP_PERFMON 38, CAP_BPF 39, CAP_CHECKPOINT_RESTORE 40
test_rights() {
	local wanted thread
	agent --window 10s
	wanted=$(printf '%016x' $((1 << 23 | 1 << 6 | 1 << 7 | 1 << 19 | 1 << 2 | 1 << 34 | 1 << 38 | 1 << 39 | 1 << 40)))
	is "rights: capabilities" "$(capabilities CapEff)" "$wanted"
	is "rights: none to get back" "$(capabilities CapPrm)" "$wanted"
	is "rights: nor by executing anything" "$(capabilities CapBnd)" "$wanted"
	is "rights: no new ones" "$(capabilities NoNewPrivs)" 1
	for thread in "/proc/$AGENT/task"/*; do
		is "rights: of thread ${thread##*/}, too" \
			"$(awk '$1 == "CapEff:" { print $2 }' "$thread/status")" "$wanted"
	done | sed 's/thread [0-9]*/a thread/'
	end_agent "rights"
	rm -rf store
}

test_windows
test_one_writer
test_kill_switch
test_reload
test_governor
test_memory
test_rights
