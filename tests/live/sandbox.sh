#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Whoever parses the files of the profiled world can do nothing else, seen from outside; and whatever is in
# these files, a recording of the whole host goes on, ends, and names all that is not theirs.
. "$(dirname "$0")/../lib/livelib.sh"

# children_of PID COMM: the pids of its children of this name.
children_of() {
	local child
	# shellcheck disable=SC2013 # numbers
	for child in $(cat "/proc/$1"/task/*/children 2>/dev/null); do
		[ "$(cat "/proc/$child/comm" 2>/dev/null)" = "$2" ] && echo "$child"
	done
	return 0
}

# In the background, until it is told to stop; its pid in $RECORDER.
begin_record() {
	signal_started CONT
	"$SMOLDER" record "$@" >record.out 2>record.err </dev/null &
	RECORDER=$!
	at_end "kill -KILL $RECORDER 2>/dev/null"
}

end_record() {
	kill -INT "$RECORDER"
	STATUS=0
	wait "$RECORDER" || STATUS=$?
	signal_started STOP
	[ "$STATUS" = 0 ] || sed 's/^/# record: /' record.err
}

# first_worker: the pid of one of the recorder's that has come to its work.
first_worker() {
	local try worker
	for try in {1..100}; do
		for worker in $(children_of "$RECORDER" smolder-worker); do
			if ! grep -q '^State:.Z' "/proc/$worker/status" &&
				grep -q '^Seccomp:.2' "/proc/$worker/status"; then
				echo "$worker"
				return
			fi
		done
		sleep 0.1
	done
	echo "# no worker after $try tries" >&2
}

status_of() {
	awk -v key="$2:" '$1 == key { $1 = ""; print substr($0, 2) }' "/proc/$1/status"
}

# Of few processes all tables are soon there: then one worker waits for what may come.
begin_quiet_record() {
	local pids
	start "$LIVE/burn_pie" 60
	pids=$STARTED
	start "$LIVE/burn_static" 60
	begin_record -F 499 -d 60 -p "$pids,$STARTED" -o out.folded --ledger ledger.json
	sleep 2
}

# is_confined WHAT PID
is_confined() {
	local set descriptors
	for set in CapInh CapPrm CapEff CapBnd CapAmb; do
		is "$1 has no capabilities: $set" "$(status_of "$2" $set)" 0000000000000000
	done
	is "$1 gains no privileges" "$(status_of "$2" NoNewPrivs)" 1
	is "$1 has a seccomp filter" "$(status_of "$2" Seccomp)" 2
	is "$1 is nobody" "$(status_of "$2" Uid)" "65534 65534 65534 65534"
	is "$1 is of nobody's group" "$(status_of "$2" Gid)" "65534 65534 65534 65534"
	is "$1 is of no other group" "$(status_of "$2" Groups)" ""
	descriptors=$(find "/proc/$2/fd" -type l -printf '%f %l\n' | sort -n | sed 's/:.*//')
	is "$1 has no other descriptors" "$(paste -sd , <<<"$descriptors")" \
		"0 /dev/null,1 /dev/null,2 /dev/null,3 socket"
	matches "$1 writes no files" "$(cat "/proc/$2/limits")" 'Max file size +0 +0 '
	matches "$1 dumps no core" "$(cat "/proc/$2/limits")" 'Max core file size +0 +0 '
	if grep -q __asan_init "$SMOLDER"; then
		skip "$1 has memory to an end: not where a sanitizer keeps its shadow"
	else
		not_ok "$1 has memory to an end" \
			grep -Eq 'Max address space +unlimited' "/proc/$2/limits"
	fi
	is "$1 knows nothing of our environment" "$(tr -d '\0' <"/proc/$2/environ")" ""
}

test_confinement() {
	local worker zygote
	begin_quiet_record
	worker=$(first_worker)
	zygote=$(children_of "$RECORDER" smolder-zygote)
	is_confined "a worker" "$worker"
	is "a worker has a filter of its own" "$(status_of "$worker" Seccomp_filters)" \
		$(($(status_of "$zygote" Seccomp_filters) + 1))
	matches "a worker starts no processes" "$(cat "/proc/$worker/limits")" 'Max processes +0 +0 '
	is_confined "what it was forked from" "$zygote"
	end_record
	is "the recording succeeds" "$STATUS" 0
	not_ok "no worker outlives it" test -e "/proc/$worker/fd"
	not_ok "nor what it was forked from" test -e "/proc/$zygote/fd"
	stop
}

# It was ready for what comes next; another is in its place at once, and nothing is lost.
test_worker_killed() {
	local worker
	begin_quiet_record
	worker=$(first_worker)
	kill -KILL "$worker"
	end_record
	is "a worker killed: the recording succeeds" "$STATUS" 0
	between "a worker killed: names are there" "$(folded sum out.folded in_burn_pie)" 20 100000
	is "a worker killed: no object suffered" "$(ledger get ledger.json sandbox.failed)" 0
	stop
}

# What workers are forked from: there is another when the next is wanted.
test_zygote_killed() {
	local zygote
	begin_quiet_record
	zygote=$(children_of "$RECORDER" smolder-zygote)
	kill -KILL "$zygote"
	end_record
	is "a zygote killed: the recording succeeds" "$STATUS" 0
	between "a zygote killed: names are there" "$(folded sum out.folded in_burn_pie)" 20 100000
	is "a zygote killed: no object suffered" "$(ledger get ledger.json sandbox.failed)" 0
	stop
}

# It hangs at the object it is asked about, which has no names or no table then; the others have.
test_worker_stopped() {
	local worker
	begin_quiet_record
	worker=$(first_worker)
	kill -STOP "$worker"
	end_record
	is "a worker stopped: the recording succeeds" "$STATUS" 0
	closes "a worker stopped: the ledger closes" ledger.json
	is "a worker stopped: one object suffered" "$(ledger get ledger.json sandbox.failed)" 1
	is "a worker stopped: it hung" "$(ledger get ledger.json sandbox.failed.hung)" 1
	is "a worker stopped: it is gone" "$(cat "/proc/$worker/comm" 2>/dev/null)" ""
	between "a worker stopped: frames without a name" \
		"$(ledger get ledger.json 'frames.unnamed.worker failed')" 1 1000
	between "a worker stopped: others have theirs" \
		"$(folded sum out.folded 'in_burn_(pie|static)')" 20 100000
	stop
}

finishing() {
	sed -n 's/.*finishing took \([0-9]* ms\).*/\1/p' record.err
}

test_hostile_files() {
	"$python" -S "$TOP/tests/tools/hostile.py" "$PWD/hostile" "$LIVE/burn_pie"
	start "$LIVE/burn_pie" 120
	start "$LIVE/burn_by_library" 120
	record -v -F 499 -d 6 --no-cache -o before.folded --ledger before.json
	echo "# without hostile files: finishing took $(finishing)"
	start "$LIVE/run_hostile" 120 "$PWD"/hostile/*
	record -v -F 499 -d 6 --no-cache -o out.folded --ledger ledger.json
	echo "# with $(find hostile -type f | wc -l) hostile files: finishing took $(finishing)"
	is "hostile files: the recording succeeds" "$STATUS" 0
	closes "hostile files: the ledger closes" ledger.json
	is "hostile files: no tick is lost" "$(ledger get ledger.json samples.lost)" 0
	between "hostile files: they were sampled" \
		"$(folded sum out.folded run_in_turn)" 20 100000
	between "hostile files: so were many of them" "$(grep -oE \
		'(cyclic|deep|eh_frame|symbols|zip_bomb|xz_bomb|fuzz_[0-9]+|[a-z]+_(of|at|to)_[0-9a-z]+)\+0x' \
		out.folded | sort -u | wc -l)" 10 100
	between "hostile files: others have names" "$(folded sum out.folded in_burn_pie)" 20 100000
	between "hostile files: libraries, too" "$(folded sum out.folded burn_in_library)" 20 100000
	echo "# hostile files: workers that failed: $(ledger get ledger.json sandbox.failed)"
	stop
}

test_without() {
	start "$LIVE/burn_pie" 60
	record -F 499 -d 1 --no-sandbox -o out.folded --ledger ledger.json
	is "without a sandbox: the recording succeeds" "$STATUS" 0
	matches "without a sandbox: it says so" "$(cat record.err)" 'no-sandbox.*all its privileges'
	is "without a sandbox: no worker" "$(ledger get ledger.json sandbox.workers)" 0
	between "without a sandbox: names" "$(folded sum out.folded in_burn_pie)" 5 100000
	stop
}

# address_in PID OBJECT FUNCTION: where a process has it.
address_in() {
	local start file value
	read -r start file < <(awk -v object="$2" 'index($6, object) { split($1, range, "-"); print range[1], $6; exit }' \
		"/proc/$1/maps")
	value=$(nm -D --defined-only "$file" 2>/dev/null | awk -v name="$3" '$3 ~ "^" name "(@|$)" { print $1; exit }')
	[ -n "$value" ] || value=$(nm "$file" | awk -v name="$3" '$3 == name { print $1; exit }')
	printf '%x\n' $((16#$start + 16#$value))
}

# asked ADDRESS: the function that smolder symbolize, which runs, answers.
asked() {
	local name place
	printf '%s\n' "$1" >&"${COPROC[1]}"
	read -r -t 20 name <&"${COPROC[0]}" && read -r -t 20 place <&"${COPROC[0]}"
	echo "$name$([ "$place" = "??:0" ] && echo " nowhere")"
}

# Its own worker is killed: that object has no more names, the next one has.
test_symbolize_process() {
	local asker workers
	start "$LIVE/burn_pie" 60
	sleep 0.5
	coproc "$SMOLDER" symbolize -f -p "$STARTED" 2>symbolize.err
	asker=$COPROC_PID
	is "symbolize -p: a name" "$(asked "$(address_in "$STARTED" burn_pie main)")" main
	workers=$(children_of "$asker" smolder-worker)
	is_confined "symbolize -p: its worker" "$(head -n 1 <<<"$workers")"
	# shellcheck disable=SC2086 # numbers
	kill -KILL $workers
	is "symbolize -p: a worker killed: no name" \
		"$(asked "$(address_in "$STARTED" burn_pie in_burn_pie)")" "?? nowhere"
	matches "symbolize -p: but others have theirs" "$(asked "$(address_in "$STARTED" libc.so qsort)")" '^qsort'
	eval "exec ${COPROC[1]}>&-"
	ok "symbolize -p: it ends well" wait "$asker"
	matches "symbolize -p: and says what it lacked" "$(cat symbolize.err)" \
		'workers failed at 1 file .*crashed 1'
	stop
}

# Whatever a process maps: as many answers as questions, and names of what is not hostile.
test_symbolize_hostile() {
	"$python" -S "$TOP/tests/tools/hostile.py" "$PWD/hostile" "$LIVE/burn_pie"
	start "$LIVE/run_hostile" 60 "$PWD"/hostile/*
	sleep 1
	awk '$2 ~ /x/ && $6 !~ /^\[/ { split($1, range, "-"); print range[1] }' "/proc/$STARTED/maps" >addresses
	address_in "$STARTED" libc.so qsort >>addresses
	STATUS=0
	"$SMOLDER" symbolize --json --no-cache -p "$STARTED" <addresses >answers 2>symbolize.err || STATUS=$?
	is "symbolize -p of hostile files: succeeds" "$STATUS" 0
	is "symbolize -p of hostile files: answers all" "$(wc -l <answers)" "$(wc -l <addresses)"
	matches "symbolize -p of hostile files: names others" "$(tail -n 1 answers)" '"name":"qsort'
	echo "# symbolize -p of hostile files: $(cat symbolize.err)"
	stop
}

# All its workers are killed until it ends: it is told that there is no table, and why. Now and then one is
# done sooner than it can be killed.
test_unwind_table() {
	local asker try
	for try in {1..50}; do
		"$SMOLDER" unwind-table -e "$(gcc -print-prog-name=cc1)" >table.out 2>table.err &
		asker=$!
		while kill -0 "$asker" 2>/dev/null; do
			# shellcheck disable=SC2046 # numbers
			kill -KILL $(children_of "$asker" smolder-worker) 2>/dev/null
		done
		STATUS=0
		wait "$asker" || STATUS=$?
		[ "$STATUS" = 0 ] || break
	done
	echo "# unwind-table: after $try tries"
	is "unwind-table: workers killed: fails" "$STATUS" 1
	matches "unwind-table: workers killed: says so" "$(cat table.err)" "cc1': .*worker"
	is "unwind-table: workers killed: no table" "$(cat table.out)" ""
}

# others_without VERB ARGUMENTS…: as the recording, without a sandbox they say so.
others_without() {
	"$SMOLDER" "$@" >without.out 2>without.err
	is "$1 without a sandbox: succeeds" "$?" 0
	matches "$1 without a sandbox: it says so" "$(cat without.err)" 'no-sandbox.*all its privileges'
}

test_others_without() {
	start "$LIVE/burn_pie" 60
	sleep 0.5
	others_without symbolize --no-sandbox -f -p "$STARTED" "$(address_in "$STARTED" burn_pie main)"
	is "symbolize without a sandbox: a name" "$(head -n 1 without.out)" main
	others_without unwind-table --no-sandbox -e "$LIVE/burn_pie"
	others_without doctor --no-sandbox "$STARTED"
	others_without stack --no-sandbox "$STARTED"
	stop
}

test_confinement
test_worker_killed
test_zygote_killed
test_worker_stopped
test_hostile_files
test_without
test_symbolize_process
test_symbolize_hostile
test_unwind_table
test_others_without
