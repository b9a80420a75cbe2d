#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# Runs the tests and ends with one line: N passed, N failed, N skipped. Usage:
#	[BUILD=build] tests/run.sh [CLASS | CLASS/NAME]…
#
# Each test is an executable: exit 0 is a pass, 77 a skip whose reason is its last line, all else a
# failure. One that counts its own checks (cmocka, node --test, or lines "ok - ", "not ok - ",
# "skip - ") adds as many to the sums. Whole outputs are kept under BUILD/test-logs.
set -u

cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build}
export UBSAN_OPTIONS=print_stacktrace=1
timeout_s=${TEST_TIMEOUT_S:-300}
shown_lines=60
logs=$BUILD/test-logs
selection=("$@")
running=()

# A test's full name is CLASS/NAME; no selection means all.
selected() {
	local wanted
	[ "${#selection[@]}" -gt 0 ] || return 0
	for wanted in "${selection[@]}"; do
		case $1 in "$wanted" | "$wanted"/*) return 0 ;; esac
	done
	return 1
}

# Sums of one log: "PASSED FAILED SKIPPED", as the test itself counts them.
count_checks() {
	awk '
		/^\[  PASSED  \] [0-9]+ test/ { passed += $4 }
		/^\[  FAILED  \] [0-9]+ test/ { failed += $4 }
		/^\[  SKIPPED \] [0-9]+ test/ { skipped += $4 }
		/^(#|ℹ) pass [0-9]+$/ { passed += $3 }
		/^(#|ℹ) (fail|cancelled) [0-9]+$/ { failed += $3 }
		/^(#|ℹ) (skipped|todo) [0-9]+$/ { skipped += $3 }
		/^ok - / { passed++ }
		/^not ok - / { failed++ }
		/^skip - / { skipped++ }
		END { printf "%d %d %d\n", passed, failed, skipped }' "$1"
}

# Runs a command in a process group of its own, which ends with it or with the time.
run_in_group() {
	local pid status
	timeout --kill-after=10 "$timeout_s" "$@" </dev/null &
	pid=$!
	trap 'kill -KILL -- "-$pid" 2>/dev/null; exit 130' INT TERM
	wait "$pid"
	status=$?
	kill -KILL -- "-$pid" 2>/dev/null
	return "$status"
}

# What a test's end means: sets passed, failed, skipped and verdict.
judge() {
	local status=$1 log=$2
	read -r passed failed skipped < <(count_checks "$log")
	case $status in
	0) [ $((passed + failed + skipped)) -gt 0 ] || passed=1 ;;
	77) skipped=$((skipped + 1)) ;;
	*) [ "$failed" -gt 0 ] || failed=1 ;;
	esac
	# A test that says "not ok" and ends with 0 has failed all the same.
	if [ "$failed" -gt 0 ]; then
		verdict=FAIL
	elif [ "$passed" -gt 0 ]; then
		verdict=ok
	else
		verdict=SKIP
	fi
}

# run_test NAME COMMAND…: runs it, prints its line in one piece, adds its sums to the file $sums.
run_test() {
	local name=$1 log=$logs/$1.log began=$SECONDS status note="" passed failed skipped verdict
	shift
	mkdir -p "${log%/*}"
	run_in_group "$@" >"$log" 2>&1
	status=$?
	judge "$status" "$log"
	case $status in
	0 | 77) ;;
	124 | 137) note="  (ended after $timeout_s s)" ;;
	*) note="  (exit $status)" ;;
	esac
	[ "$verdict" != SKIP ] || note="  ($(grep -v '^$' "$log" | tail -n 1))"
	{
		flock 9
		printf '%-5s %-40s %4d passed %5d s%s\n' "$verdict" "$name" "$passed" \
			$((SECONDS - began)) "$note"
		grep '^skip - ' "$log" | sed 's/^/      /'
		[ "$verdict" != FAIL ] || tail -n "$shown_lines" "$log" | sed 's/^/    | /'
	} 9>"$logs/lock"
	printf '%d %d %d\n' "$passed" "$failed" "$skipped" >>"$sums"
}

# Waits until fewer than JOBS tests run.
wait_for_slot() {
	while [ "$(jobs -rp | wc -l)" -ge "$1" ]; do
		wait -n
	done
}

# run_class CLASS JOBS FILE…: those selected, JOBS at a time. For a C source, the program made of it.
run_class() {
	local class=$1 jobs=$2 file name
	shift 2
	for file in "$@"; do
		name=$(basename "${file%.*}")
		selected "$class/$name" || continue
		wait_for_slot "$jobs"
		case $class in
		unit) run_test "$class/$name" "$BUILD/${file%.c}" & ;;
		fuzz) run_test "$class/$name" "$BUILD/${file%.c}" "tests/fuzz/corpus/${name#fuzz_}" & ;;
		*) run_test "$class/$name" "$file" & ;;
		esac
		running+=($!)
	done
	wait
}

# The viewer's tests are make's to start; this make has its own jobs.
run_web() {
	if [ -d tests/web ] && selected web; then
		run_test web env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -s BUILD="$BUILD" check-web
	fi
}

stop() {
	kill -TERM "${running[@]}" 2>/dev/null
	wait
	exit 130
}

summarize() {
	awk '
		{ passed += $1; failed += $2; skipped += $3 }
		END {
			printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped
			exit failed > 0 || passed == 0
		}' "$sums"
}

mkdir -p "$logs"
sums=$(mktemp "$logs/sums.XXXXXX") || exit 1
trap 'rm -f "$sums"' EXIT
trap stop INT TERM
shopt -s nullglob
run_class lint 2 tests/lint/*.sh
run_class unit 2 tests/unit/test_*.c
run_class fuzz 2 tests/fuzz/fuzz_*.c
run_class cli 2 tests/cli/*.sh
run_class live 1 tests/live/*.sh
run_web
summarize
