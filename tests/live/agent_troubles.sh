#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What an agent goes on through: no descriptors left, a store that is gone, a full disk. It says what is lost; what
# is written afterwards says so, too. And what it ends of, saying why.
. "$(dirname "$0")/../lib/livelib.sh"
. "$TOP/tests/lib/agentlib.sh"

disk=$PWD/disk
mkdir disk
mount -t tmpfs -o size=4m,nr_inodes=40 tmpfs disk 2>/dev/null || skip_all "cannot mount a disk of its own"
at_end "umount '$disk'"
STORE=disk/store

troubled_agent() {
	agent --window 2s -F 49 "$@"
}

# close_agent TEXT
close_agent() {
	end_agent "$1"
	read_store
	closes "$1: the ledger closes" ledger.json 32
}

lost() {
	ledger lost ledger.json
}

test_descriptors() {
	troubled_agent
	wait_for_more "window of"
	prlimit --pid "$AGENT" --nofile=8:4096
	wait_for_more "Too many open files"
	prlimit --pid "$AGENT" --nofile=4096:4096
	wait_for_more "window of" 2
	close_agent "no descriptors"
	said "no descriptors: it says so" "Too many open files; to be tried again|a window is lost: .*Too many open files"
	rm -rf disk/store
}

test_gone() {
	troubled_agent
	wait_for_more "window of"
	rm -rf disk/store
	wait_for_more "window of" 3
	close_agent "store removed"
	between "store removed: it is made anew, with samples" "$(ledger get ledger.json samples.recorded)" 1 1000000
	rm -rf disk/store
}

test_full() {
	troubled_agent
	wait_for_more "window of"
	head -c 8M /dev/zero >disk/other 2>/dev/null
	wait_for_more "window is lost"
	rm disk/other
	wait_for_more "window of" 3
	close_agent "full disk"
	said "full disk: it says so" "a window is lost: cannot write to store 'disk/store': No space left on device"
	matches "full disk: the ledger says so" "$(lost)" "window not written [0-9]"
	matches "full disk: the report says so" "$("$SMOLDER" report disk/store 2>&1)" "[0-9] windows? could not be written"
	rm -rf disk/store
}

# The store is to be made anew, and cannot be.
test_reload_without_room() {
	local status=0 file=0
	printf 'retain = 7d\n' >agent.conf
	troubled_agent --config agent.conf
	mv disk/store disk/moved
	while touch "disk/$file" 2>/dev/null; do file=$((file + 1)); done
	printf 'retain = 6d\n' >agent.conf
	kill -HUP "$AGENT"
	wait "$AGENT" || status=$?
	is "reload without room: exit status" "$status" 1
	said "reload without room: it says so" "cannot make store 'disk/store': No space left on device"
	rm -rf disk/*
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
test_reload_without_room
test_read_only
