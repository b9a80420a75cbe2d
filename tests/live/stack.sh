#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# `smolder stack PID`: every thread's stack now, whole and in the right order, and the process goes on.
. "$(dirname "$0")/../lib/livelib.sh"

# stack_of PID: into stack.out, its exit status in $STATUS. A program that was just started may not have
# come to its code yet.
stack_of() {
	STATUS=0
	"$SMOLDER" stack "$1" >stack.out 2>stack.err || STATUS=$?
}

# functions: the frames of stack.out without numbers and objects, a stack a line, leaf first.
functions() {
	awk '/^#/ { line = line " " $2 } !/^#/ { if (line) print line; line = "" }
		END { if (line) print line }' stack.out
}

# runs_on PID: it is not stopped, and uses its CPU.
runs_on() {
	local before after
	before=$(awk '{ print $14 }' "/proc/$1/stat")
	sleep 0.3
	after=$(awk '{ print $14 }' "/proc/$1/stat")
	[ "$after" -gt "$before" ] && ! grep -q '^State:.*[Tt] (' "/proc/$1/status"
}

test_one_thread() {
	start "$LIVE/walk_deep" 60
	sleep 0.5
	stack_of "$STARTED"
	is "one thread: succeeds" "$STATUS" 0
	is "one thread: one stack" "$(functions | wc -l)" 1
	between "one thread: go_down, up to 300 times" \
		"$(functions | grep -o ' go_down' | wc -l)" 1 300
	matches "one thread: down to its start" "$(functions)" ' main .*__libc_start_main.* _start$'
	not_ok "one thread: without a gap" grep -q incomplete stack.out
	ok "one thread: which goes on" runs_on "$STARTED"
	stop
}

test_many_threads() {
	local i
	start "$LIVE/walk_threads" 60
	sleep 0.5
	for i in 1 2 3; do
		stack_of "$STARTED"
		is "threads, $i: succeeds" "$STATUS" 0
		is "threads, $i: nine stacks" "$(functions | wc -l)" 9
		is "threads, $i: eight of them at work" "$(functions | grep -c ' thread_main ')" 8
		is "threads, $i: the first one waits for the others" \
			"$(functions | grep -c ' main .* _start$')" 1
		not_ok "threads, $i: without a gap" grep -q incomplete stack.out
	done
	ok "threads: which go on" runs_on "$STARTED"
	stop
}

test_system_call() {
	start sleep 60
	sleep 0.3
	stack_of "$STARTED"
	is "a system call: succeeds" "$STATUS" 0
	is "a system call: one stack" "$(functions | wc -l)" 1
	matches "a system call: from the call to the start" "$(functions)" \
		'nanosleep.* __libc_start_main'
	not_ok "a system call: without a gap" grep -q incomplete stack.out
	matches "a system call: what it waits for in the kernel" "$(functions)" \
		'^ [a-z_]*nanosleep .*do_syscall_64 .*nanosleep.* __libc_start_main'
	stop
}

test_nobody() {
	local pid
	start true
	pid=$STARTED
	wait "$pid"
	stack_of "$pid"
	is "nobody: fails" "$STATUS" 1
	is "nobody: in one line" "$(wc -l <stack.err)" 1
	matches "nobody: that says so" "$(cat stack.err)" "no process has pid $pid"
	stack_of 2
	is "a kernel thread: what it says" "$STATUS $(cat stack.err)" \
		"1 smolder: process 2 (kthreadd) is a kernel thread: it has no user code"
}

test_one_thread
test_many_threads
test_system_call
test_nobody
