# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
#
# For tests that are shell scripts. Source it first:
#	. "$(dirname "$0")/../lib/testlib.sh"
# It goes to an empty scratch directory, removed at the end, and gives:
#	TOP, BUILD, SMOLDER        the tree, the build directory, the program; absolute paths
#	ok TEXT COMMAND…           passes when the command succeeds; its output is shown if not
#	not_ok TEXT COMMAND…       passes when it fails
#	is TEXT GOT WANTED         compares two strings
#	matches TEXT GOT REGEX     extended regular expression, anywhere in GOT
#	golden NAME COMMAND…       stdout, stderr and exit status against golden/NAME.{out,err,rc}
#	                           beside the test; BLESS=1 writes them anew
#	try ARGS…                  shows a run of smolder: command, all it says, exit status; for goldens
#	skip TEXT                  one check that cannot be made here
#	skip_all REASON            the whole test cannot
#	need_root, need_cmd CMD…, need_bpf
# A failed check does not end the test; the exit status counts it.
set -u

TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TOP/$BUILD ;; esac
# shellcheck disable=SC2034 # for the tests
SMOLDER=$BUILD/smolder
TEST_DIR=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C.UTF-8
test_failed=0

mkdir -p "$BUILD/tmp"
SCRATCH=$(mktemp -d "$BUILD/tmp/$(basename "$0" .sh).XXXXXX")
cd "$SCRATCH" || exit 1

test_end() {
	local status=$?
	cd / && rm -rf -- "$SCRATCH"
	[ "$status" -ne 0 ] || status=$((test_failed > 0))
	exit "$status"
}
trap test_end EXIT

test_pass() { printf 'ok - %s\n' "$1"; }

test_fail() {
	printf 'not ok - %s\n' "$1"
	test_failed=$((test_failed + 1))
}

skip() { printf 'skip - %s\n' "$1"; }

skip_all() {
	printf '%s\n' "$1"
	exit 77
}

try() {
	local status=0
	printf '$ smolder %s\n' "$*"
	"$SMOLDER" "$@" </dev/null 2>&1 || status=$?
	printf 'exit %d\n\n' "$status"
}

ok() {
	local text=$1
	shift
	if "$@" >"$SCRATCH/.ok" 2>&1; then
		test_pass "$text"
	else
		test_fail "$text"
		sed 's/^/#   /' "$SCRATCH/.ok"
	fi
}

not_ok() {
	local text=$1
	shift
	if "$@" >"$SCRATCH/.ok" 2>&1; then
		test_fail "$text"
		sed 's/^/#   /' "$SCRATCH/.ok"
	else
		test_pass "$text"
	fi
}

is() {
	if [ "$2" = "$3" ]; then
		test_pass "$1"
	else
		test_fail "$1"
		printf 'got:    %s\nwanted: %s\n' "$2" "$3" | sed 's/^/#   /'
	fi
}

matches() {
	if [[ $2 =~ $3 ]]; then
		test_pass "$1"
	else
		test_fail "$1"
		printf 'got:     %s\npattern: %s\n' "$2" "$3" | sed 's/^/#   /'
	fi
}

# The scratch directory and the tree differ between runs; golden files name neither.
golden_normalize() {
	sed -i -e "s|$SCRATCH|SCRATCH|g" -e "s|$TOP|TOP|g" "$@"
}

golden() {
	local name=$1 status=0 stem=$TEST_DIR/golden/$1 got=$SCRATCH/.golden part same=1
	shift
	mkdir -p "$got"
	"$@" >"$got/out" 2>"$got/err" </dev/null || status=$?
	printf '%d\n' "$status" >"$got/rc"
	golden_normalize "$got/out" "$got/err"
	if [ "${BLESS:-}" = 1 ]; then
		mkdir -p "${stem%/*}"
		for part in out err rc; do
			cp "$got/$part" "$stem.$part"
		done
	fi
	for part in out err rc; do
		diff -u "$stem.$part" "$got/$part" >"$got/diff.$part" 2>&1 || same=0
	done
	if [ "$same" = 1 ]; then
		test_pass "$name"
	else
		test_fail "$name"
		cat "$got"/diff.* | sed 's/^/#   /'
	fi
}

need_root() {
	[ "$(id -u)" -eq 0 ] || skip_all "needs root"
}

need_cmd() {
	local command
	for command in "$@"; do
		command -v "$command" >/dev/null || skip_all "needs the command $command"
	done
}

# Root and a kernel that takes the sampling program.
need_bpf() {
	need_root
	bpftool=$(PATH="$PATH:/usr/sbin:/sbin" command -v bpftool) || skip_all "needs bpftool"
	"$bpftool" prog list >/dev/null 2>&1 || skip_all "needs a kernel with BPF"
}
