#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# An agent that is killed leaves nothing in the kernel that costs anything; one that is stopped is not
# waited for: its programs record nothing until it is back, and the ledger says so.
. "$(dirname "$0")/../lib/livelib.sh"
. "$TOP/tests/lib/agentlib.sh"

programs() {
	cat "/proc/$AGENT/fdinfo"/* 2>/dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -u
}

# How many of these programs the kernel still has.
left() {
	local id count=0
	for id in "$@"; do
		"$bpftool" prog show id "$id" >/dev/null 2>&1 && count=$((count + 1))
	done
	echo "$count"
}

test_kill() {
	local ids tries
	agent --window 60s
	mapfile -t ids < <(programs)
	ok "killed: it had programs (${#ids[@]})" test "${#ids[@]}" -gt 0
	kill -KILL "$AGENT"
	wait "$AGENT" 2>/dev/null
	for ((tries = 0; tries < 50; tries++)); do
		[ "$(left "${ids[@]}")" = 0 ] && break
		sleep 0.1
	done
	is "killed: none is left" "$(left "${ids[@]}")" 0
	rm -rf store
}

test_stop() {
	agent --window 60s
	kill -STOP "$AGENT"
	sleep 14
	kill -CONT "$AGENT"
	sleep 2
	end_agent "stopped"
	read_store
	closes "stopped: the ledger closes" ledger.json 8
	between "stopped: ticks without a heartbeat are lost by name" \
		"$(ledger get ledger.json 'samples.lost.profiler stalled')" 20 1000
}

test_kill
test_stop
