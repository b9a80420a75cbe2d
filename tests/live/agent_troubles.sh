#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What an agent goes on through: no descriptors left, a store that is gone, a full disk, a disk that may only
# be read. It says what is lost; what is written afterwards says so, too.
. "$(dirname "$0")/../lib/livelib.sh"

disk=$PWD/disk
mkdir disk
mount -t tmpfs -o size=4m tmpfs disk 2>/dev/null || skip_all "cannot mount a disk of its own"
at_end "umount '$disk'"

# agent NAME: in the background; it samples when this returns.
agent() {
	: >agent.err
	"$SMOLDER" agent --store disk/store --kill-switch "$PWD/stop" --window 2s -F 49 --max-cpu 0 \
		-v >agent.out 2>agent.err </dev/null &
	AGENT=$!
	started_all+=("$AGENT")
	wait_for "sampling at"
}

# wait_for PATTERN [MORE]: until the agent has said it, or so many times more than now.
wait_for() {
	local tries wanted
	wanted=$(($(grep -cE "$1" agent.err) + ${2:-0}))
	for ((tries = 0; tries < 300; tries++)); do
		[ "$(grep -cE "$1" agent.err)" -ge $((wanted > 0 ? wanted : 1)) ] && return
		kill -0 "$AGENT" 2>/dev/null || return
		sleep 0.1
	done
}

end_agent() {
	kill -TERM "$AGENT"
	wait "$AGENT"
	is "$1: it ends well" $? 0
	"$SMOLDER" convert disk/store -o all.json
	python3 -S -c '
import json
json.dump(json.load(open("all.json"))["ledger"], open("ledger.json", "w"))'
	closes "$1: the ledger closes" ledger.json 32
}

said() {
	matches "$1" "$(cat agent.err)" "$2"
}

lost() {
	ledger lost ledger.json
}

test_descriptors() {
	agent
	wait_for "window of" 1
	prlimit --pid "$AGENT" --nofile=8:4096
	wait_for "Too many open files" 1
	prlimit --pid "$AGENT" --nofile=4096:4096
	wait_for "window of" 2
	end_agent "no descriptors"
	said "no descriptors: it says so" "Too many open files; to be tried again|a window is lost: .*Too many open files"
	rm -rf disk/store
}

test_gone() {
	agent
	wait_for "window of" 1
	rm -rf disk/store
	wait_for "window of" 3
	end_agent "store removed"
	between "store removed: it is made anew, with samples" "$(ledger get ledger.json samples.recorded)" 1 1000000
	rm -rf disk/store
}

test_full() {
	agent
	wait_for "window of" 1
	head -c 8M /dev/zero >disk/other 2>/dev/null
	wait_for "window is lost" 1
	rm disk/other
	wait_for "window of" 3
	end_agent "full disk"
	said "full disk: it says so" "a window is lost: cannot write to store 'disk/store': No space left on device"
	matches "full disk: the ledger says so" "$(lost)" "window not written [0-9]"
	matches "full disk: the report says so" "$("$SMOLDER" report disk/store 2>&1)" "[0-9] windows? could not be written"
	rm -rf disk/store
}

# It cannot start there. A disk becomes read-only under it only by a fault.
test_read_only() {
	local status=0
	mount -o remount,ro disk
	"$SMOLDER" agent --store disk/store >agent.out 2>agent.err </dev/null || status=$?
	is "read-only disk: exit status" "$status" 1
	is "read-only disk: what it says" "$(cat agent.err)" \
		"smolder: cannot make store 'disk/store': Read-only file system"
}

start "$LIVE/threads8" 300
test_descriptors
test_gone
test_full
test_read_only
