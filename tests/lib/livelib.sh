# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For live tests: those that record what runs on this machine. Source it instead of testlib.sh; it
# asks for root and BPF, and gives besides:
#	LIVE                       where the fixtures are
#	start COMMAND…             in the background; its pid in $STARTED; ended at the end of the test,
#	                           asleep after each recording until the next
#	stop                       ends all that was started
#	record ARGS…               smolder record; its exit status in $STATUS, its messages in
#	                           record.err, what it prints in record.out
#	ledger VERB ARGS…          tests/tools/ledger.py
#	folded VERB ARGS…          tests/tools/folded.py
#	is_json FILE
#	closes TEXT LEDGER [SLACK] a check that the ledger closes
#	between TEXT GOT LOW HIGH  compares numbers; fractions are welcome
#	at_end COMMAND…            runs it at the end of the test, whatever happens; last first
. "$(dirname "${BASH_SOURCE[0]}")/testlib.sh"

need_bpf
need_cmd python3
# shellcheck disable=SC2034 # for the tests
LIVE=$TOP/build/fixtures/live
STARTED=
STATUS=0
started_all=()
at_end_all=()

at_end() {
	at_end_all=("$*" "${at_end_all[@]}")
}

live_end() {
	local status=$? command
	stop
	for command in "${at_end_all[@]}"; do
		eval "$command"
	done
	(exit "$status")
	test_end
}
trap live_end EXIT
trap 'exit 130' INT TERM

start() {
	"$@" >/dev/null 2>&1 </dev/null &
	STARTED=$!
	started_all+=("$STARTED")
}

stop() {
	local pid
	for pid in "${started_all[@]}"; do
		kill -KILL "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	started_all=()
}

# What was started pauses between recordings, so that the checks need not wait for it.
signal_started() {
	local pid
	for pid in "${started_all[@]}"; do
		kill "-$1" "$pid" 2>/dev/null
	done
}

record() {
	STATUS=0
	signal_started CONT
	"$SMOLDER" record "$@" >record.out 2>record.err </dev/null || STATUS=$?
	signal_started STOP
	[ "$STATUS" = 0 ] || sed 's/^/# record: /' record.err
}

# The system's own python3 starts faster than those that version managers put in front of it.
python=$(PATH=/usr/bin:$PATH command -v python3)
ledger() { "$python" -S "$TOP/tests/tools/ledger.py" "$@"; }
is_json() { "$python" -m json.tool "$1" >/dev/null; }
folded() { "$python" -S "$TOP/tests/tools/folded.py" "$@"; }

closes() {
	local text=$1
	shift
	ok "$text" ledger closes "$@"
}

between() {
	if awk -v got="$2" -v low="$3" -v high="$4" \
		'BEGIN { exit !(got != "" && got + 0 >= low + 0 && got + 0 <= high + 0) }'; then
		test_pass "$1 ($2)"
	else
		test_fail "$1"
		printf '#   got:    %s\n#   wanted: %s to %s\n' "$2" "$3" "$4"
	fi
}
