#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# However a recording ends, its files are whole or not there, its exit status is right and what went
# wrong is said in one line.
. "$(dirname "$0")/../lib/livelib.sh"

outputs=(-o out/a.folded -o out/a.folded.zst -o out/a.pb.gz -o out/a.html -o out/a.json --ledger out/l.json)

# What is in a directory, hidden files too.
names() {
	find "$1" -mindepth 1 -printf '%P\n' | sort | paste -sd ' '
}

# All files of $outputs and no other, each of them whole.
whole_files() {
	local recorded
	[ "$(names out)" = "a.folded a.folded.zst a.html a.json a.pb.gz l.json" ] || {
		names out
		return 1
	}
	recorded=$(ledger get out/l.json samples.recorded) || return 1
	[ "$(folded sum out/a.folded)" = "$recorded" ] || return 1
	gzip -t out/a.pb.gz && grep -q '</html>' out/a.html && is_json out/a.json || return 1
	"$SMOLDER" convert out/a.folded.zst -o out/b.folded && cmp out/a.folded out/b.folded
}

# in_background ARGS…: a recording whose pid is in $recorder; it has begun.
in_background() {
	rm -rf out && mkdir out
	"$SMOLDER" record "$@" >record.out 2>record.err </dev/null &
	recorder=$!
	sleep 1.5
}

# ended_by SIGNAL
ended_by() {
	in_background -F 499 "${outputs[@]}"
	kill "-$1" "$recorder"
	wait "$recorder"
	is "$1: exit status" $? 0
	ok "$1: the files are whole" whole_files
	is "$1: nothing is amiss" "$(grep -vcE '^smolder: ([0-9]+ ticks due: .*|wrote .*)$' record.err)" 0
}

test_signals() {
	start "$LIVE/shares" 60
	ended_by INT
	ended_by TERM
	ended_by HUP
	in_background -F 499 "${outputs[@]}"
	kill -KILL "$recorder"
	wait "$recorder" 2>/dev/null
	is "KILL: leaves no file behind" "$(names out)" ""
	stop

	rm -rf out && mkdir out
	(
		trap '' HUP
		exec "$SMOLDER" record -d 2 -q "${outputs[@]}"
	) </dev/null >record.out 2>record.err &
	recorder=$!
	sleep 0.7
	kill -HUP "$recorder"
	wait "$recorder"
	between "nohup is respected: seconds recorded" \
		"$(awk "BEGIN { print $(ledger get out/l.json duration_ns) / 1e9 }")" 1.9 2.6
}

test_target_ends() {
	local began=$SECONDS
	rm -rf out && mkdir out
	start "$LIVE/burn_pie" 1
	record -p "$STARTED" -d 60 "${outputs[@]}"
	is "a target that exits: exit status" "$STATUS" 0
	between "a target that exits: ends the recording, seconds" $((SECONDS - began)) 0 20
	ok "a target that exits: the files are whole" whole_files
	record -p "$STARTED" -d 1 -o gone.folded >gone.out
	is "a target that is gone: exit status" "$STATUS" 1
	is "a target that is gone: one line" "$(cat record.err)" "smolder: no process has pid $STARTED"
	not_ok "a target that is gone: no file" test -e gone.folded
}

# A file system of a few pages, full but for one.
test_full_disk() {
	mkdir -p small out
	if ! mount -t tmpfs -o size=64k tmpfs small 2>/dev/null; then
		skip "a full disk: no tmpfs can be mounted"
		return
	fi
	at_end umount "$SCRATCH/small" "2>/dev/null"
	rm -rf out && mkdir out
	echo before >out/a.folded
	echo old >small/kept.html
	head -c 1M /dev/zero >small/filler 2>/dev/null
	start "$LIVE/shares" 100 # or there is nothing to record, which is a second line
	record -d 1 -o out/a.folded -o out/a.pb.gz -o small/kept.html >full.out
	is "a full disk: exit status" "$STATUS" 1
	is "a full disk: one line" "$(cat record.err)" \
		"smolder: cannot write 'small/kept.html': No space left on device"
	is "a full disk: files that were there are as they were" "$(cat out/a.folded small/kept.html)" \
		$'before\nold'
	is "a full disk: no other file" "$(names out) $(names small)" "a.folded filler kept.html"
	record -d 0.5 -o out/b.folded --ledger small/ledger.json >full.out
	is "a full disk, for the ledger: exit status" "$STATUS" 1
	is "a full disk, for the ledger: one line" "$(grep -c . record.err)" 1
	is "a full disk, for the ledger: no file" "$(names small)" "filler kept.html"
	stop
	umount small
}

# to_stdout TEXT LINE STATUS: of what was just run, messages in stdout.err.
to_stdout() {
	is "$1: exit status" "$3" 1
	is "$1: one line" "$(grep -v -E ' ticks due: ' stdout.err)" "smolder: $2"
}

test_stdout() {
	local stdout=(-d 0.5 -F 499 -o -)
	start "$LIVE/shares" 60
	"$SMOLDER" record "${stdout[@]}" 2>stdout.err | head -n 1 >first
	matches "a pipe whose reader has had enough: first line" "$(cat first)" ' [0-9]+$'

	mkfifo closed
	(exec 3<closed) &
	exec 4>closed
	wait $!
	"$SMOLDER" record "${stdout[@]}" >&4 2>stdout.err
	to_stdout "a pipe nobody reads" "cannot write 'standard output': its reader has gone away" $?
	exec 4>&-
	"$SMOLDER" record "${stdout[@]}" 2>stdout.err >/dev/full
	to_stdout "/dev/full" "cannot write 'standard output': No space left on device" $?
	"$SMOLDER" record "${stdout[@]}" 2>stdout.err >&-
	to_stdout "stdout closed" "cannot write '-': Bad file descriptor" $?

	rm -rf out && mkdir out
	"$SMOLDER" record -d 0.5 "${outputs[@]}" 2>stdout.err >/dev/full
	is "a summary nobody can read: exit status" $? 1
	is "a summary nobody can read: one line" "$(grep -vE ': (wrote|[0-9]+ ticks due)' stdout.err)" \
		"smolder: cannot write to standard output: No space left on device"
	ok "a summary nobody can read: the files are whole" whole_files
	rm -rf out && mkdir out
	"$SMOLDER" record -d 0.5 "${outputs[@]}" >&- 2>&- <&- &
	until [ -e "/proc/$!/fd/9" ] || ! kill -0 $! 2>/dev/null; do sleep 0.02; done
	is "no standard streams at all: no file of ours has their numbers" \
		"$(readlink /proc/$!/fd/{0,1,2} | tr '\n' ' ')" "/ / / "
	wait $!
	ok "no standard streams at all: the files are whole" whole_files
	"$SMOLDER" record -d 0.5 -F 499 -o - >piped.folded 2>stdout.err
	is "a file as stdout is well-formed" "$(folded check piped.folded 2>&1)" ""
	stop
}

test_bad_output() {
	record -d 5 -o /nowhere/at/all.folded >bad.out
	is "a directory that is not there: exit status" "$STATUS" 1
	is "a directory that is not there: one line, before recording" "$(grep -c . record.err)" 1
	matches "a directory that is not there: named" "$(cat record.err)" "/nowhere/at"
}

test_signals
test_target_ends
test_full_disk
test_stdout
test_bad_output
