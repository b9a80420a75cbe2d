#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# What is asked for is what is recorded: processes with all their threads, with or without their
# children, control groups of both versions, commands, one side of the CPU. The rest is filtered.
. "$(dirname "$0")/../lib/livelib.sh"

# recording TEXT ARGS…: one into out.folded and ledger.json that succeeds and closes.
recording() {
	local text=$1
	shift
	rm -f out.folded ledger.json
	record -F 499 -o out.folded --ledger ledger.json "$@"
	is "$text: succeeds" "$STATUS" 0
	closes "$text: the ledger closes" ledger.json
	is "$text: holds what was recorded" "$(folded sum out.folded || echo nothing)" \
		"$(ledger get ledger.json samples.recorded)"
}

# has TEXT REGEX, lacks TEXT REGEX: a frame of the recording.
has() {
	between "$1" "$(folded sum out.folded "$2")" 10 1000000
}

lacks() {
	is "$1" "$(folded sum out.folded "$2")" 0
}

test_threads() {
	local pid roots number
	start "$LIVE/threads8" 60
	pid=$STARTED
	start "$LIVE/shares" 60
	recording "-p" -p "$pid" -d 4
	is "-p: that process only, all its threads" "$(folded roots out.folded | paste -sd ' ')" \
		"$(printf 'worker-%d ' 0 1 2 3 4 5 6 7 | sed 's/ $//')"
	for number in 0 1 2 3 4 5 6 7; do
		has "-p: thread_work_$number" "thread_work_$number"
	done
	between "-p: others are filtered" "$(ledger get ledger.json samples.filtered)" 100 8000

	recording "--threads" -p "$pid" --threads -d 4
	roots=$(folded roots out.folded)
	is "--threads: eight roots" "$(wc -l <<<"$roots")" 8
	is "--threads: named by thread, pid and tid" \
		"$(grep -cE "^worker-[0-7]-$pid/[0-9]+$" <<<"$roots")" 8
	is "--threads: of threads there are" \
		"$(cut -d / -f 2 <<<"$roots" | sort -n | paste -sd ' ')" \
		"$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 ! -name "$pid" -printf '%f\n' |
			sort -n | paste -sd ' ')"
	stop
}

test_several_pids() {
	local pids
	start "$LIVE/burn_pie" 60
	pids=$STARTED
	start "$LIVE/burn_static" 60
	pids+=,$STARTED
	start "$LIVE/burn_no_pie" 60
	recording "-p PID,PID" -p "$pids" -d 2
	has "-p PID,PID: the first" in_burn_pie
	has "-p PID,PID: the second" in_burn_static
	lacks "-p PID,PID: no other" in_burn_no_pie
	recording "-p PID -p PID" -p "${pids%,*}" -p "${pids#*,}" -d 1
	has "-p PID -p PID: the first" in_burn_pie
	has "-p PID -p PID: the second" in_burn_static
	stop
}

test_children() {
	start "$LIVE/forker" 60
	recording "without --children" -p "$STARTED" -d 3
	has "without --children: the parent" parent_burn
	lacks "without --children: no child" child_burn
	lacks "without --children: no executed child" execed_burn
	recording "--children" -p "$STARTED" --children -d 3
	has "--children: the parent" parent_burn
	has "--children: its child" child_burn
	has "--children: its child that executes" execed_burn
	stop

	start "$LIVE/forker" 2
	recording "--children, to the end" -p "$STARTED" --children
	has "--children, to the end: the child" child_burn
}

# test_cgroup TEXT MOUNT: a group made there, another below it, and a process outside.
test_cgroup() {
	local text=$1 group=$2/smolder-live-$$
	if ! [ -e "$2/cgroup.procs" ] || ! mkdir -p "$group/below" 2>/dev/null; then
		skip "$text: no hierarchy to make a group in at $2"
		return
	fi
	at_end rmdir "$group/below" "$group" "2>/dev/null"
	start "$LIVE/burn_pie" 60
	echo "$STARTED" >"$group/cgroup.procs"
	start "$LIVE/burn_static" 60
	echo "$STARTED" >"$group/below/cgroup.procs"
	start "$LIVE/burn_no_pie" 60
	recording "$text" --cgroup "$group" -d 2
	has "$text: a process in the group" in_burn_pie
	has "$text: a process in a group below it" in_burn_static
	lacks "$text: no process outside" in_burn_no_pie
	recording "$text, below" --cgroup "$group/below" -d 1
	has "$text, below: the process in it" in_burn_static
	lacks "$text, below: not the one above" in_burn_pie
	stop
	rmdir "$group/below" "$group"
}

test_command() {
	recording "-- COMMAND" -o out.pb.gz -- sh -c "'$LIVE/forker' 1; '$LIVE/burn_static' 1; exit 3"
	matches "-- COMMAND: its exit status is told" "$(cat record.err)" 'command exited with status 3'
	has "-- COMMAND: what it starts" parent_burn
	has "-- COMMAND: what that starts" child_burn
	has "-- COMMAND: what executes" execed_burn
	has "-- COMMAND: what it starts next" in_burn_static
	if command -v go >/dev/null; then
		matches "-- COMMAND: its exit status is in the file" \
			"$(go tool pprof -comments out.pb.gz 2>/dev/null)" 'exited with status 3'
	else
		skip "go tool pprof is not here"
	fi
	record -o killed.folded -- sh -c 'kill -KILL $$'
	matches "-- COMMAND: a signal that ends it is told" "$(cat record.err)" \
		'command was ended by signal 9'
	record -d 0.5 -o early.folded -- sh -c "echo \$\$ >pid; exec '$LIVE/burn_pie' 20"
	ok "-- COMMAND: -d ends the recording, not the command" kill -KILL "$(cat pid)"
	ok "-- COMMAND: and the recording is there" test -s early.folded
	STATUS=0
	"$SMOLDER" record -o never.folded -- /nowhere/program >never.out 2>never.err || STATUS=$?
	is "-- COMMAND: one that cannot be run fails" "$STATUS" 1
	is "-- COMMAND: in one line" "$(cat never.err)" \
		"smolder: cannot run '/nowhere/program': No such file or directory"
	not_ok "-- COMMAND: and without a file" test -e never.folded
}

test_sides() {
	start "$LIVE/syscalls" 60
	recording "--user" -p "$STARTED" --user -d 2
	has "--user: user code" between_calls
	lacks "--user: no kernel frame" '.*_\[k\]'
	between "--user: the other side is filtered" "$(ledger get ledger.json samples.filtered)" 50 3000
	recording "--kernel" -p "$STARTED" --kernel -d 2
	is "--kernel: kernel frames in all" "$(folded sum out.folded '.*_\[k\]')" \
		"$(folded sum out.folded)"
	lacks "--kernel: no user frame" 'call_.*|main'
	recording "both sides" -p "$STARTED" -d 2
	has "both sides: kernel frames" '.*_\[k\]'
	has "both sides: user code" between_calls
	stop
}

test_threads
test_several_pids
test_children
test_cgroup "--cgroup, v2" "$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)"
test_cgroup "--cgroup, v1" "$(awk '$3 == "cgroup" && $4 ~ /(^|,)cpu(,|$)/ { print $2; exit }' /proc/mounts)"
test_command
test_sides
